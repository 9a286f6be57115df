// SPDX-License-Identifier: MIT
#include "message.h"

#include <string.h>

// A step of splitmix64: neighbouring numbers give unlike words.
static uint64_t word_mix(uint64_t word)
{
	word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
	return word ^ (word >> 31);
}

void message_fill(uint8_t *bytes, size_t size, uint64_t number)
{
	uint64_t word = number;

	for (size_t at = 0; at < size; at += sizeof word) {
		size_t left = size - at;

		memcpy(bytes + at, &word, left < sizeof word ? left : sizeof word);
		word = word_mix(number + at + 1);
	}
}

static size_t message_say(const char *line, uint8_t *bytes)
{
	const char *end = stpcpy(stpcpy((char *)bytes, line), "\r\n");

	return (size_t)(end - (const char *)bytes);
}

size_t message_ask(const struct message_form *form, uint8_t *bytes, size_t size,
                   uint64_t number)
{
	if (form->line)
		return message_say(form->line, bytes);
	message_fill(bytes, size, number);
	return size;
}

size_t message_expect(const struct message_form *form, uint8_t *bytes, size_t size,
                      uint64_t number)
{
	if (form->line)
		return message_say(form->answer, bytes);
	message_fill(bytes, size, number);
	return size;
}

uint64_t message_number(const uint8_t *bytes)
{
	uint64_t number;

	memcpy(&number, bytes, sizeof number);
	return number;
}
