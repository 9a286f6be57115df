/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "core/random.h"
#include "core/stats.h"
#include "unit.h"

static void assert_near(double value, double expected, double relative)
{
	assert_true(fabs(value - expected) <= relative * fabs(expected) + 1e-9);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

TEST(mean_and_deviation_are_those_of_the_naive_formulas)
{
	enum { N = 50000 };
	const int64_t offset = INT64_C(3600) * 1000000000; /* an hour: squares would cancel */
	struct stats stats;
	struct random random;
	long double sum = 0, squares = 0;
	int64_t *values = calloc(N, sizeof(*values));

	assert_non_null(values);
	random_seed(&random, 1);
	assert_int_equal(stats_init(&stats, 0), 0);
	for (int i = 0; i < N; i++) {
		values[i] = offset + (int64_t)(random_next(&random) % 1000000);
		sum += (long double)values[i];
		stats_add(&stats, values[i]);
	}
	for (int i = 0; i < N; i++)
		squares +=
			((long double)values[i] - sum / N) * ((long double)values[i] - sum / N);
	assert_near(stats.mean, (double)(sum / N), 1e-12);
	assert_near(stats_mdev(&stats), (double)sqrtl(squares / N), 1e-6);
	stats_done(&stats);
	free(values);
}

TEST(deviation_is_over_the_population_as_iputils_has_it)
{
	static const int64_t values[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
	struct stats stats;

	assert_int_equal(stats_init(&stats, COUNT(values)), 0);
	for (size_t i = 0; i < COUNT(values); i++)
		stats_add(&stats, values[i]);
	assert_near(stats.mean, 5, 0);
	assert_near(stats_mdev(&stats), 2, 1e-12);
	assert_int_equal(stats.min, 2);
	assert_int_equal(stats.max, 9);
	stats_done(&stats);
}

TEST(one_value_deviates_by_nothing)
{
	struct stats stats;

	assert_int_equal(stats_init(&stats, 4), 0);
	assert_near(stats_mdev(&stats), 0, 0);
	stats_add(&stats, 1234567);
	assert_near(stats_mdev(&stats), 0, 0);
	assert_near(stats.jitter, 0, 0);
	assert_int_equal(stats.min, 1234567);
	assert_int_equal(stats.max, 1234567);
	stats_done(&stats);
}

TEST(small_samples_have_exact_quantiles_by_nearest_rank)
{
	static const struct {
		uint64_t count;
		double q;
		int64_t value;
	} cases[] = {
		{ 1, 0.5, 1 },  { 2, 0.5, 1 },        { 3, 0.5, 2 },      { 4, 0.5, 2 },
		{ 10, 0.9, 9 }, { 10, 0.91, 10 },     { 100, 0.99, 99 },  { 100, 0.07, 7 },
		{ 5, 1, 5 },    { 1000, 0.999, 999 }, { 1024, 0.5, 512 }, { 100, 0.29, 29 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stats stats;

		assert_int_equal(stats_init(&stats, cases[i].count), 0);
		for (uint64_t v = cases[i].count; v > 0; v--)
			stats_add(&stats, (int64_t)v);
		assert_int_equal(stats_quantile(&stats, cases[i].q), cases[i].value);
		stats_done(&stats);
	}
}

TEST(asking_in_between_changes_nothing)
{
	struct stats asked, left_alone;
	struct random random;

	random_seed(&random, 2);
	assert_int_equal(stats_init(&asked, 0), 0);
	assert_int_equal(stats_init(&left_alone, 0), 0);
	for (int i = 0; i < 1500; i++) {
		int64_t rtt = (int64_t)(random_next(&random) % 1000000);

		stats_add(&asked, rtt);
		stats_add(&left_alone, rtt);
		(void)stats_quantile(&asked, 0.5);
		if (i % 100 != 99)
			continue;
		assert_int_equal(stats_quantile(&asked, 0.9), stats_quantile(&left_alone, 0.9));
		assert_near(asked.jitter, left_alone.jitter, 0);
	}
	stats_done(&asked);
	stats_done(&left_alone);
}

TEST(large_samples_have_quantiles_within_the_histograms_bound)
{
	enum { N = 20000 };
	static const double shares[] = { 0.5, 0.9, 0.99, 0.999 };
	int64_t *values = calloc(N, sizeof(*values));
	struct stats stats;
	struct random random;

	assert_non_null(values);
	random_seed(&random, 3);
	assert_int_equal(stats_init(&stats, N), 0);
	for (int i = 0; i < N; i++) {
		values[i] = 50000 + (int64_t)(random_next(&random) % 10000000);
		stats_add(&stats, values[i]);
	}
	qsort(values, N, sizeof(*values), compare);
	for (size_t i = 0; i < COUNT(shares); i++) {
		double exact = (double)values[(size_t)ceil(shares[i] * N) - 1];

		assert_near((double)stats_quantile(&stats, shares[i]), exact, 0.0028);
	}
	stats_done(&stats);
	free(values);
}

TEST(jitter_is_that_of_rfc_3550_worked_by_hand)
{
	/* |D|: 16, 32, 16; J = 1; 1 + 31/16 = 2.9375; 2.9375 + 13.0625/16 = 3.75390625. */
	static const int64_t rtts[] = { 100, 116, 84, 100 };
	static const double jitters[] = { 0, 1, 2.9375, 3.75390625 };
	struct stats stats;

	assert_int_equal(stats_init(&stats, COUNT(rtts)), 0);
	for (size_t i = 0; i < COUNT(rtts); i++) {
		stats_add(&stats, rtts[i]);
		assert_near(stats.jitter, jitters[i], 1e-12);
	}
	stats_done(&stats);
}

TEST(a_percentile_needs_a_value_above_it)
{
	static const struct {
		uint64_t count;
		double q;
		bool supported;
	} cases[] = {
		{ 1, 0.5, false },     { 2, 0.5, true },      { 9, 0.9, false },
		{ 10, 0.9, true },     { 99, 0.99, false },   { 100, 0.99, true },
		{ 999, 0.999, false }, { 1000, 0.999, true }, { 0, 0.5, false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stats stats = { .count = cases[i].count };

		assert_int_equal(stats_supports(&stats, cases[i].q), cases[i].supported);
	}
}

TEST(no_sample_no_quantile)
{
	struct stats stats;

	assert_int_equal(stats_init(&stats, 0), 0);
	assert_int_equal(stats_quantile(&stats, 0.5), 0);
	stats_done(&stats);
	stats_done(&stats);
}

TEST(no_quantile_lies_beyond_what_was_seen)
{
	struct stats stats;

	assert_int_equal(stats_init(&stats, 0), 0);
	for (int i = 0; i < 2000; i++)
		stats_add(&stats, INT64_C(150000000));
	assert_int_equal(stats_quantile(&stats, 0.5), INT64_C(150000000));
	assert_int_equal(stats_quantile(&stats, 0.999), INT64_C(150000000));
	stats_done(&stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_quantile_lies_beyond_what_was_seen),
		cmocka_unit_test(mean_and_deviation_are_those_of_the_naive_formulas),
		cmocka_unit_test(deviation_is_over_the_population_as_iputils_has_it),
		cmocka_unit_test(one_value_deviates_by_nothing),
		cmocka_unit_test(small_samples_have_exact_quantiles_by_nearest_rank),
		cmocka_unit_test(asking_in_between_changes_nothing),
		cmocka_unit_test(large_samples_have_quantiles_within_the_histograms_bound),
		cmocka_unit_test(jitter_is_that_of_rfc_3550_worked_by_hand),
		cmocka_unit_test(a_percentile_needs_a_value_above_it),
		cmocka_unit_test(no_sample_no_quantile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
