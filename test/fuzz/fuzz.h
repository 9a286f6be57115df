/* SPDX-License-Identifier: MIT */
/* fuzz -- what every fuzzer needs: its entry, and a claim that must hold for all inputs.
 *
 * Under clang libFuzzer calls the entry (preset fuzz); under any compiler replay.c calls it for each
 * file of a corpus, as a normal test. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/err.h"

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fails loudly, also where assertions are off. */
static inline void must(bool claim)
{
	if (!claim)
		abort();
}

/* A copy of exactly that size, behind which the sanitizer watches. */
static inline uint8_t *copy_of(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	must(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

/* The input as a string: up to its first NUL, if there is one. */
static inline char *string_of(const uint8_t *data, size_t size)
{
	char *string = malloc(size + 1);

	must(string != NULL);
	if (size > 0)
		memcpy(string, data, size);
	string[size] = '\0';
	return string;
}

/* Nothing in it moves a cursor. */
static inline void must_be_printable(const char *text)
{
	for (; *text; text++)
		must((unsigned char)*text >= 0x20 && *text != 0x7f);
}

/* One sentence for a person. */
static inline void must_be_a_sentence(const struct err *err)
{
	must(err->text[0] != '\0');
	must_be_printable(err->text);
}
