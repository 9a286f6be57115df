/* SPDX-License-Identifier: MIT */
#include "core/series.h"
#include "unit.h"

enum { VALUES = 4096 };

/* So many in order, of which as many as `alike` in a row are the same; and a histogram of one. */
static double worth_of(size_t count, size_t alike)
{
	static const uint64_t one[] = { 1 };
	const struct course_counts counts = { .schema = 7,
		                              .offset = -1280,
		                              .length = 1,
		                              .counts = one,
		                              .mean = 976000,
		                              .neighbours = -1 };
	struct random random;
	struct course course;
	struct series series;
	int64_t value = 0;

	random_seed(&random, 3);
	course_init(&course);
	for (size_t i = 0; i < count; i++) {
		value = i % alike == 0 ? (int64_t)(random_next(&random) % 1000000) : value;
		assert_int_equal(course_add(&course, value, COURSE_MOST), 0);
	}
	assert_int_equal(course_add_counts(&course, &counts), 0);
	assert_int_equal(series_init(&series, &course), 0);
	double worth = series.worth;

	assert_false(series.ordered);
	series_done(&series);
	course_done(&course);
	return worth;
}

TEST(a_histogram_beside_them_does_not_make_those_in_order_independent)
{
	double independent = worth_of(VALUES, 1), alike = worth_of(VALUES, 32);

	assert_true(independent <= VALUES + 1 && independent > VALUES / 2.5);
	assert_true(alike < VALUES / 20.0 && alike > VALUES / 32.0 / 3);
}

TEST(values_that_never_change_hide_nothing)
{
	assert_true(worth_of(VALUES, VALUES) == VALUES + 1);
}

TEST(of_a_few_in_order_nobody_can_tell_and_they_are_worth_one)
{
	assert_true(worth_of(5, 1) == 2);
	assert_true(worth_of(0, 1) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_histogram_beside_them_does_not_make_those_in_order_independent),
		cmocka_unit_test(values_that_never_change_hide_nothing),
		cmocka_unit_test(of_a_few_in_order_nobody_can_tell_and_they_are_worth_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
