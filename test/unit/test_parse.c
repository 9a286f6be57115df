/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/parse.h"
#include "unit.h"

enum { SECOND = 1000000000 };

static const int64_t day = INT64_C(86400) * SECOND;

TEST(a_duration_is_exact_in_every_unit)
{
	static const struct {
		const char *text;
		int64_t span;
	} cases[] = {
		{ "0", 0 },
		{ "1", SECOND },
		{ "0.2", 200000000 },
		{ ".5", 500000000 },
		{ "200us", 200000 },
		{ "1.5ms", 1500000 },
		{ "7ns", 7 },
		{ "1.0ns", 1 },
		{ "2s", 2 * INT64_C(1000000000) },
		{ "1m", 60 * INT64_C(1000000000) },
		{ "0.5h", 1800 * INT64_C(1000000000) },
		{ "0.000000001", 1 },
		{ "1.0000000000000000000000", SECOND },
		{ "000001", SECOND },
		{ "86400", 86400 * INT64_C(1000000000) },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t span = -1;

		assert_int_equal(parse_duration(cases[i].text, day, &span), 0);
		assert_int_equal(span, cases[i].span);
	}
}

TEST(what_is_no_duration_is_refused)
{
	static const char *const wrong[] = {
		"",      ".",     "1.",  "-1",   "+1",    " 1",   "1 ",       "1e3",
		"1e999", "nan",   "inf", "0x10", "1,5",   "1d",   "1.5.5",    "s",
		".s",    "1.s",   "1 s", "1S",   "1sec",  "1.ms", "1..5",     "--1",
		"1\n",   "1\x80", "٣",   "-",    "1m30s", "1ss",  "infinity",
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		int64_t span = 42;

		assert_int_equal(parse_duration(wrong[i], day, &span), -EINVAL);
		assert_int_equal(span, 42);
	}
}

TEST(digits_finer_than_a_nanosecond_are_refused_however_fine)
{
	static const char *const wrong[] = {
		"0.5ns",
		"1.01ns",
		"1.001ns",
		"0.0000000001",
		"0.00000000001",
		"0.0000000000000001",
		"1.0001us",
		"1.00001us",
		"0.0000000000001h",
		"0.00000000000001m",
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		int64_t span = 42;

		assert_int_equal(parse_duration(wrong[i], day, &span), -EINVAL);
	}
}

TEST(a_duration_above_its_limit_is_out_of_range)
{
	static const char *const wide[] = {
		"86400.000000001",
		"86401",
		"25h",
		"9223372036855",
		"9223372036854775808ns",
		"99999999999999999999999999999999999999",
		"99999999999999999999h",
	};

	for (size_t i = 0; i < COUNT(wide); i++) {
		int64_t span = 42;

		assert_int_equal(parse_duration(wide[i], day, &span), -ERANGE);
		assert_int_equal(span, 42);
	}
}

TEST(no_duration_is_cut_down_to_fit)
{
	int64_t span = 42;

	assert_int_equal(parse_duration("9223372036854775807ns", INT64_MAX, &span), 0);
	assert_int_equal(span, INT64_MAX);
	assert_int_equal(parse_duration("9223372036854775808ns", INT64_MAX, &span), -ERANGE);
	assert_int_equal(parse_duration("9223372036.854775808", INT64_MAX, &span), -ERANGE);
	assert_int_equal(parse_duration("9223372037", INT64_MAX, &span), -ERANGE);
}

TEST(an_integer_has_digits_and_nothing_else)
{
	static const char *const wrong[] = {
		"",   "x",  "1x",  "0x", "0xg", "1.0", "1e3", " 1",
		"1 ", "+1", "--1", "-",  "nan", "1,0", "\t1", "1\n"
	};
	int64_t value = 42;

	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(parse_integer(wrong[i], 0, 100, &value), -EINVAL);
	assert_int_equal(value, 42);
}

TEST(an_integer_may_be_hexadecimal)
{
	int64_t value = 42;

	assert_int_equal(parse_integer("0x10", 0, 255, &value), 0);
	assert_int_equal(value, 16);
	assert_int_equal(parse_integer("0XfF", 0, 255, &value), 0);
	assert_int_equal(value, 255);
	assert_int_equal(parse_integer("0x100", 0, 255, &value), -ERANGE);
	assert_int_equal(parse_integer("0x8000000000000000", 0, INT64_MAX, &value), -ERANGE);
	assert_int_equal(parse_integer("0xg", 0, 255, &value), -EINVAL);
	assert_int_equal(parse_integer("ff", 0, 255, &value), -EINVAL);
	assert_int_equal(value, 255);
}

TEST(an_integer_keeps_its_limits)
{
	int64_t value = 42;

	assert_int_equal(parse_integer("0", 1, 100, &value), -ERANGE);
	assert_int_equal(parse_integer("101", 1, 100, &value), -ERANGE);
	assert_int_equal(parse_integer("-1", 0, 100, &value), -ERANGE);
	assert_int_equal(parse_integer("9223372036854775808", 1, 100, &value), -ERANGE);
	assert_int_equal(value, 42);
	assert_int_equal(parse_integer("1", 1, 100, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(parse_integer("00100", 1, 100, &value), 0);
	assert_int_equal(value, 100);
	assert_int_equal(parse_integer("-7", -10, 100, &value), 0);
	assert_true(value == -7);
}

TEST(no_integer_is_cut_down_to_fit)
{
	int64_t value = 42;

	assert_int_equal(parse_integer("9223372036854775807", 0, INT64_MAX, &value), 0);
	assert_int_equal(value, INT64_MAX);
	value = 42;
	assert_int_equal(parse_integer("9223372036854775808", 0, INT64_MAX, &value), -ERANGE);
	assert_int_equal(parse_integer("99999999999999999999", 0, INT64_MAX, &value), -ERANGE);
	assert_int_equal(value, 42);
}

TEST(nonsense_is_nonsense_even_behind_too_many_digits)
{
	int64_t value = 42;

	assert_int_equal(parse_integer("99999999999999999999x", 0, 100, &value), -EINVAL);
	assert_int_equal(parse_duration("99999999999999999999x", day, &value), -EINVAL);
}

TEST(a_decimal_number_is_exact_in_its_unit)
{
	int64_t value = 42;

	assert_int_equal(parse_decimal("1%", "%", 1000000, 100000000, &value), 0);
	assert_int_equal(value, 1000000);
	assert_int_equal(parse_decimal(".000001%", "%", 1000000, 100000000, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(parse_decimal("99.5", "", 10, 1000, &value), 0);
	assert_int_equal(value, 995);
	assert_int_equal(parse_decimal("99.55", "", 10, 1000, &value), -EINVAL);
	assert_int_equal(parse_decimal("99.5%", "", 10, 1000, &value), -EINVAL);
	assert_int_equal(parse_decimal("99.5", "%", 10, 1000, &value), -EINVAL);
	assert_int_equal(parse_decimal("%", "%", 10, 1000, &value), -EINVAL);
	assert_int_equal(parse_decimal("", "", 10, 1000, &value), -EINVAL);
	assert_int_equal(parse_decimal("-1", "", 10, 1000, &value), -EINVAL);
	assert_int_equal(parse_decimal("100.1", "", 10, 1000, &value), -ERANGE);
	assert_int_equal(parse_decimal("9223372036854775808", "", 1, INT64_MAX, &value),
	                 -ERANGE);
	assert_int_equal(value, 995);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_duration_is_exact_in_every_unit),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(digits_finer_than_a_nanosecond_are_refused_however_fine),
		cmocka_unit_test(a_duration_above_its_limit_is_out_of_range),
		cmocka_unit_test(no_duration_is_cut_down_to_fit),
		cmocka_unit_test(an_integer_has_digits_and_nothing_else),
		cmocka_unit_test(an_integer_may_be_hexadecimal),
		cmocka_unit_test(an_integer_keeps_its_limits),
		cmocka_unit_test(no_integer_is_cut_down_to_fit),
		cmocka_unit_test(nonsense_is_nonsense_even_behind_too_many_digits),
		cmocka_unit_test(a_decimal_number_is_exact_in_its_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
