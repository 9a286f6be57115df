/* SPDX-License-Identifier: MIT */
/* octets -- packets as a person writes them: "80 04 00 04  b8 00 00 00". */
#pragma once

#include <ctype.h>
#include <stdlib.h>

#include "base/base.h"
#include "unit.h"

static inline uint8_t digit_of(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Those octets, in memory that ends where they end, for the sanitizer to watch; and how many. */
static inline uint8_t *octets_of(const char *text, size_t *length)
{
	size_t digits = 0;

	for (const char *c = text; *c; c++)
		digits += isxdigit((unsigned char)*c) != 0;
	assert_int_equal(digits % 2, 0);
	uint8_t *octets = calloc(1, digits ? digits / 2 : 1);

	assert_non_null(octets);
	*length = digits / 2;
	digits = 0;
	for (const char *c = text; *c; c++) {
		if (!isxdigit((unsigned char)*c))
			continue;
		octets[digits / 2] = (uint8_t)(octets[digits / 2] << 4 | digit_of(*c));
		digits++;
	}
	return octets;
}

static inline void assert_octets(const uint8_t *octets, size_t length, const char *expected)
{
	size_t right_length;
	uint8_t *right = octets_of(expected, &right_length);

	assert_int_equal(length, right_length);
	if (length > 0)
		assert_memory_equal(octets, right, length);
	free(right);
}
