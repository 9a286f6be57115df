/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include "core/course.h"
#include "unit.h"

static void assert_near(double a, double b, double most)
{
	assert_true(fabs(a - b) <= most);
}

TEST(what_was_added_is_there_in_order)
{
	struct course course;

	course_init(&course);
	for (int64_t i = 0; i < 5000; i++)
		assert_int_equal(course_add(&course, i * i, COURSE_MOST), 0);
	assert_int_equal(course.count, 5000);
	assert_int_equal(course_total(&course), 5000);
	for (int64_t i = 0; i < 5000; i++)
		assert_int_equal(course.values[i], i * i);
	course_done(&course);
}

TEST(of_more_than_there_is_room_for_one_of_so_many_stays_in_order)
{
	struct course course;

	course_init(&course);
	for (int64_t i = 0; i < 100000; i++)
		assert_int_equal(course_add(&course, i, 1000), 0);
	assert_int_equal(course_total(&course), 100000);
	assert_in_range(course.count, 500, 1000);
	assert_true(course.room <= 1000);
	for (size_t k = 0; k < course.count; k++) /* each from its own stride */
		assert_int_equal((uint64_t)course.values[k] / course.stride, k);
	assert_near(course.sum, 99999.0 * 100000 / 2, 1);
	course_done(&course);
}

static int add_counts(struct course *course, struct course_counts counts)
{
	static const uint64_t three[] = { 1, 2, 3 };

	if (!counts.counts) {
		counts.counts = three;
		counts.length = COUNT(three);
	}
	counts.mean = 5;
	return course_add_counts(course, &counts);
}

TEST(histograms_add_up)
{
	struct course course;

	course_init(&course);
	assert_int_equal(
		add_counts(&course,
	                   (struct course_counts){ .schema = 7, .zero = 4, .neighbours = -1 }),
		0);
	assert_int_equal(add_counts(&course, (struct course_counts){ .schema = 3,
	                                                             .offset = -9,
	                                                             .neighbours = -1 }),
	                 0);
	assert_int_equal(course_total(&course), 16);
	assert_int_equal(course.histogram.schema, 3);
	assert_near(course.worth, 16, 1e-9);
	assert_near(course.histogram_sum, 80, 1e-9);
	course_done(&course);
}

/* Two values, far apart, of which each is followed by itself as often as by the other: pairs and neighbours
 * differ alike, and nothing is lost.  Where they hardly ever change, much is. */
TEST(a_histogram_is_worth_what_its_neighbours_say)
{
	static const uint64_t two[] = { 500, 0, 0, 0, 500 };
	int64_t apart = (histogram_edge(0, -3) + histogram_edge(0, -4)) / 2 -
	                (histogram_edge(0, -7) + histogram_edge(0, -8)) / 2;
	struct course_counts counts = {
		.schema = 0, .offset = -7, .counts = two, .length = COUNT(two)
	};
	struct course free, bound;

	course_init(&free);
	course_init(&bound);
	counts.neighbours = (double)apart;
	assert_int_equal(add_counts(&free, counts), 0);
	counts.neighbours = (double)apart / 200;
	assert_int_equal(add_counts(&bound, counts), 0);
	assert_near(free.worth, 1000, 1e-6);
	assert_true(bound.worth < 10 && bound.worth >= 1);
	course_done(&free);
	course_done(&bound);
}

TEST(a_histogram_that_cannot_be_changes_nothing)
{
	static const uint64_t none[] = { 0 }, many[] = { UINT64_MAX, UINT64_MAX };
	const struct course_counts wrong[] = {
		{ .schema = -1 },
		{ .schema = 9 },
		{ .schema = 7, .offset = INT_MAX },
		{ .schema = 7, .offset = INT_MIN },
		{ .schema = 7, .offset = histogram_lowest(7) - 1 },
		{ .schema = 7, .offset = histogram_highest(7) - 1 },
		{ .schema = 7, .counts = none, .length = 1 },
	};
	struct course_counts most = { .schema = 7, .counts = many, .length = 2 };
	struct course course;

	course_init(&course);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(add_counts(&course, wrong[i]), -EINVAL);
	assert_int_equal(add_counts(&course, most), -ERANGE);
	assert_int_equal(course_total(&course), 0);
	assert_null(course.histogram.buckets);
	course_done(&course);
}

TEST(without_a_bucket_it_does_not_matter_where_the_first_would_be)
{
	static const int anywhere[] = { INT_MIN, -1, INT_MAX };
	static const uint64_t none[] = { 0 };
	struct course course;

	course_init(&course);
	for (size_t i = 0; i < COUNT(anywhere); i++) {
		const struct course_counts counts = {
			.schema = 7, .offset = anywhere[i], .counts = none, .zero = 1
		};

		assert_int_equal(course_add_counts(&course, &counts), 0);
	}
	assert_int_equal(course_total(&course), COUNT(anywhere));
	assert_int_equal(course.histogram.zero, COUNT(anywhere));
	course_done(&course);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_there_in_order),
		cmocka_unit_test(of_more_than_there_is_room_for_one_of_so_many_stays_in_order),
		cmocka_unit_test(histograms_add_up),
		cmocka_unit_test(a_histogram_is_worth_what_its_neighbours_say),
		cmocka_unit_test(a_histogram_that_cannot_be_changes_nothing),
		cmocka_unit_test(without_a_bucket_it_does_not_matter_where_the_first_would_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
