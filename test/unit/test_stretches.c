/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "core/stretches.h"
#include "unit.h"

static void assert_about(double value, double expected)
{
	assert_true(fabs(value - expected) < 1e-9 * expected);
}

TEST(too_few_stretches_say_nothing)
{
	struct stretches stretches = { 0 };

	stretches_add(&stretches, 10, 1);
	stretches_add(&stretches, 10, 3);
	stretches_add(&stretches, 0, 99); /* a second without an answer is none */
	assert_true(stretches_alike(&stretches, 1) == 0);
	stretches_add(&stretches, 10, 1);
	assert_true(stretches_alike(&stretches, 1) > 1);
	assert_true(stretches_alike(&stretches, 0) == 0);
}

/* Weighted squares 40 over 3 degrees; neighbours differ most, so nothing is added for them. */
TEST(means_that_spread_more_than_chance_tell_of_correlation)
{
	static const double means[] = { 1, 3, 1, 3 };
	struct stretches stretches = { 0 };
	double few = 1 + 1.5 / 3 + 2.2 / 9;

	for (size_t i = 0; i < COUNT(means); i++)
		stretches_add(&stretches, 10, means[i]);
	assert_about(stretches_alike(&stretches, 1), 40.0 / 3 * few * few);
	/* Values that spread as much by themselves: independent. */
	assert_about(stretches_alike(&stretches, 400), few * few);
}

/* Squares of 1 1 3 3: 4; steps: 4; r = 1/2, and (1 + 3/2) / 4 more. */
TEST(stretches_that_resemble_the_next_count_for_more)
{
	static const double means[] = { 1, 1, 3, 3 };
	struct stretches stretches = { 0 };
	double few = 1 + 1.5 / 3 + 2.2 / 9, r = 0.5 + 2.5 / 4;

	for (size_t i = 0; i < COUNT(means); i++)
		stretches_add(&stretches, 10, means[i]);
	assert_about(stretches_alike(&stretches, 1), 40.0 / 3 * (1 + 2 * r) * few * few);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_few_stretches_say_nothing),
		cmocka_unit_test(means_that_spread_more_than_chance_tell_of_correlation),
		cmocka_unit_test(stretches_that_resemble_the_next_count_for_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
