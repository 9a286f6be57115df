/* SPDX-License-Identifier: MIT */
#include "core/window.h"

enum { WORD = 64 };

static uint64_t bit(uint64_t number)
{
	return UINT64_C(1) << number % WORD;
}

static size_t place(uint64_t number)
{
	return number / WORD % WINDOW_WORDS;
}

static uint64_t word(const uint64_t *window, uint64_t number)
{
	return window[place(number)];
}

bool window_has(const uint64_t *window, uint64_t number)
{
	return word(window, number) & bit(number);
}

uint64_t window_count(const uint64_t *window, uint64_t from, uint64_t to)
{
	uint64_t count = 0;

	while (from < to) {
		uint64_t bits = word(window, from) >> from % WORD;
		uint64_t many = WORD - from % WORD;

		if (many > to - from) {
			many = to - from;
			bits &= bit(many) - 1;
		}
		count += (uint64_t)__builtin_popcountll(bits);
		from += many;
	}
	return count;
}

void window_clear(uint64_t *window, uint64_t from, uint64_t to)
{
	if (to - from > WINDOW_BITS)
		from = to - WINDOW_BITS;
	for (; from < to; from++)
		window[place(from)] &= ~bit(from);
}

void window_set(uint64_t *window, uint64_t number)
{
	window[place(number)] |= bit(number);
}
