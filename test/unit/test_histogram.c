/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "core/histogram.h"
#include "core/random.h"
#include "unit.h"

enum { PER_DOUBLING = 128, LOWEST = -30 * PER_DOUBLING, HIGHEST = 13 * PER_DOUBLING };

static const int64_t second = 1000000000;

/* The upper edge of bucket i, found without the product's help. */
static int64_t edge(int i)
{
	return (int64_t)floorl(exp2l((long double)i / PER_DOUBLING) * 1e9L);
}

static int bucket_of(struct histogram *histogram, int64_t duration)
{
	int found = -1;

	histogram_record(histogram, duration);
	for (int i = 0; i <= HIGHEST - LOWEST; i++) {
		if (histogram->buckets[i] == 0)
			continue;
		assert_int_equal(found, -1);
		found = i;
		histogram->buckets[i] = 0;
	}
	return found + LOWEST;
}

TEST(every_edge_belongs_to_the_bucket_below_it)
{
	struct histogram histogram;

	assert_int_equal(histogram_init(&histogram), 0);
	for (int i = LOWEST + 1; i < HIGHEST; i++) {
		if (edge(i) == edge(i - 1) || edge(i) < 1)
			continue; /* near a nanosecond buckets are narrower than one */
		int above = i + 1;

		while (above < HIGHEST && edge(above) == edge(i))
			above++;
		assert_int_equal(bucket_of(&histogram, edge(i)), i);
		assert_int_equal(bucket_of(&histogram, edge(i) + 1), above);
	}
	histogram_done(&histogram);
}

TEST(what_is_beyond_the_ends_is_held_by_the_last)
{
	struct histogram histogram;

	assert_int_equal(histogram_init(&histogram), 0);
	assert_int_equal(bucket_of(&histogram, 8192 * second), HIGHEST);
	assert_int_equal(bucket_of(&histogram, 8192 * second + 1), HIGHEST);
	assert_int_equal(bucket_of(&histogram, INT64_C(8640000) * second), HIGHEST);
	assert_int_equal(bucket_of(&histogram, INT64_MAX), HIGHEST);
	assert_true(bucket_of(&histogram, 1) >= LOWEST);
	histogram_done(&histogram);
}

TEST(nothing_and_less_have_a_bucket_of_their_own)
{
	struct histogram histogram;

	assert_int_equal(histogram_init(&histogram), 0);
	histogram_record(&histogram, 0);
	histogram_record(&histogram, -1);
	histogram_record(&histogram, INT64_MIN);
	histogram_record(&histogram, 1000);
	assert_int_equal(histogram.zero, 3);
	assert_int_equal(histogram.count, 4);
	assert_int_equal(histogram_quantile(&histogram, 0.75), 0);
	assert_true(histogram_quantile(&histogram, 1) > 0);
	histogram_done(&histogram);
}

TEST(a_quantile_is_at_most_0_27_percent_off)
{
	struct random random;

	random_seed(&random, 6);
	for (int i = 0; i < 3000; i++) {
		struct histogram histogram;
		int64_t duration = 1 + (int64_t)(random_next(&random) >> (22 + i % 42));

		assert_int_equal(histogram_init(&histogram), 0);
		histogram_record(&histogram, duration);
		int64_t off = llabs(histogram_quantile(&histogram, 0.5) - duration);

		/* Half a nanosecond is lost to rounding, whatever the bucket's width. */
		assert_true((double)off <= 0.0028 * (double)duration + 0.5);
		histogram_done(&histogram);
	}
}

TEST(quantiles_go_by_nearest_rank)
{
	static const struct {
		double q;
		int64_t about;
	} cases[] = { { 0.01, 1000000 },
		      { 0.5, 50000000 },
		      { 0.9, 90000000 },
		      { 0.99, 99000000 },
		      { 1, 100000000 } };
	struct histogram histogram;

	assert_int_equal(histogram_init(&histogram), 0);
	for (int i = 1; i <= 100; i++)
		histogram_record(&histogram, i * INT64_C(1000000));
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t off =
			llabs(histogram_quantile(&histogram, cases[i].q) - cases[i].about);

		assert_true((double)off <= 0.0028 * (double)cases[i].about);
	}
	histogram_done(&histogram);
}

TEST(an_empty_histogram_has_only_zeros)
{
	struct histogram histogram;

	assert_int_equal(histogram_init(&histogram), 0);
	assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
	histogram_done(&histogram);
	histogram_done(&histogram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_edge_belongs_to_the_bucket_below_it),
		cmocka_unit_test(what_is_beyond_the_ends_is_held_by_the_last),
		cmocka_unit_test(nothing_and_less_have_a_bucket_of_their_own),
		cmocka_unit_test(a_quantile_is_at_most_0_27_percent_off),
		cmocka_unit_test(quantiles_go_by_nearest_rank),
		cmocka_unit_test(an_empty_histogram_has_only_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
