/* SPDX-License-Identifier: MIT */
#include "base/parse.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int64_t digit_of(char c)
{
	if (is_digit(c))
		return c - '0';
	c = char_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : INT64_MAX;
}

/* Reads digits of that base from *text on; returns their value, -1 when an int64_t cannot hold it. */
static int64_t take_digits(const char **text, int64_t base)
{
	int64_t value = 0;

	for (; digit_of(**text) < base; (*text)++) {
		if (value < 0 || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit_of(**text), &value))
			value = -1;
	}
	return value;
}

int parse_integer(const char *text, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *text == '-';
	const char *digits = text + negative;
	bool hexadecimal = digits[0] == '0' && char_lower(digits[1]) == 'x';

	digits += hexadecimal ? 2 : 0;
	const char *rest = digits;
	int64_t value = take_digits(&rest, hexadecimal ? 16 : 10);

	if (rest == digits || *rest != '\0')
		return -EINVAL;
	if (value < 0)
		return -ERANGE;
	value = negative ? -value : value;
	if (value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

static int64_t unit_of(const char *suffix)
{
	static const struct {
		const char *name;
		int64_t span;
	} units[] = {
		{ "", 1000000000 },
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", INT64_C(60000000000) },
		{ "h", INT64_C(3600000000000) },
	};

	for (size_t i = 0; i < COUNT(units); i++)
		if (strcmp(suffix, units[i].name) == 0)
			return units[i].span;
	return 0;
}

/* The digits after the point, as a span of that unit; negative when too fine for it. */
static int64_t fraction_of(const char *digits, const char *end, int64_t unit)
{
	int64_t fraction = 0;

	for (; digits < end; digits++) {
		if (*digits != '0' && (unit == 0 || unit % 10 != 0))
			return -1;
		unit /= 10;
		fraction += (*digits - '0') * unit;
	}
	return fraction;
}

/* A number as it is written, and what follows it. */
struct decimal {
	int64_t whole;               /* -1: more than an int64_t holds */
	const char *fraction, *rest; /* the digits after the point end where the rest begins */
};

static bool take_decimal(const char *text, struct decimal *out)
{
	const char *rest = text;
	int64_t whole = take_digits(&rest, 10);
	const char *digits = rest;

	if (*rest == '.') {
		digits = ++rest;
		(void)take_digits(&rest, 10);
	}
	if (rest == text || (rest == digits && rest[-1] == '.'))
		return false;
	*out = (struct decimal){ whole, digits, rest };
	return true;
}

static int count_units(const struct decimal *decimal, int64_t unit, int64_t max, int64_t *out)
{
	int64_t fraction = unit > 0 ? fraction_of(decimal->fraction, decimal->rest, unit) : -1;
	int64_t count = 0;

	if (fraction < 0)
		return -EINVAL;
	if (decimal->whole < 0 || __builtin_mul_overflow(decimal->whole, unit, &count) ||
	    __builtin_add_overflow(count, fraction, &count) || count > max)
		return -ERANGE;
	*out = count;
	return 0;
}

int parse_duration(const char *text, int64_t max, int64_t *out)
{
	struct decimal decimal;

	if (!take_decimal(text, &decimal))
		return -EINVAL;
	return count_units(&decimal, unit_of(decimal.rest), max, out);
}

int parse_decimal(const char *text, const char *suffix, int64_t unit, int64_t max, int64_t *out)
{
	struct decimal decimal;

	if (!take_decimal(text, &decimal) || strcmp(decimal.rest, suffix) != 0)
		return -EINVAL;
	return count_units(&decimal, unit, max, out);
}
