/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/random.h"
#include "core/stats.h"
#include "memory.h"
#include "unit.h"

static void assert_near(double value, double expected, double relative)
{
	assert_true(fabs(value - expected) <= relative * fabs(expected) + 1e-9);
}

static double mdev(const struct stats *stats)
{
	struct moments moments = stats_moments(stats);

	return moments_mdev(&moments);
}

static double deviation(const struct stats *stats)
{
	struct moments moments = stats_moments(stats);

	return moments_deviation(&moments);
}

static double mean_error(const struct stats *stats)
{
	struct moments moments = stats_moments(stats);

	return moments_mean_error(&moments);
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
	assert_int_equal(stats_init(&stats, 0, STATS_AMPLE), 0);
	for (int i = 0; i < N; i++) {
		values[i] = offset + (int64_t)(random_next(&random) % 1000000);
		sum += (long double)values[i];
		stats_add(&stats, 0, values[i]);
	}
	for (int i = 0; i < N; i++)
		squares +=
			((long double)values[i] - sum / N) * ((long double)values[i] - sum / N);
	assert_near(stats_moments(&stats).mean, (double)(sum / N), 1e-12);
	assert_near(mdev(&stats), (double)sqrtl(squares / N), 1e-6);
	stats_done(&stats);
	free(values);
}

TEST(deviation_is_over_the_population_as_iputils_has_it)
{
	static const int64_t values[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
	struct stats stats;

	assert_int_equal(stats_init(&stats, COUNT(values), STATS_AMPLE), 0);
	for (size_t i = 0; i < COUNT(values); i++)
		stats_add(&stats, 0, values[i]);
	assert_near(stats_moments(&stats).mean, 5, 0);
	assert_near(mdev(&stats), 2, 1e-12);
	assert_int_equal(stats_moments(&stats).min, 2);
	assert_int_equal(stats_moments(&stats).max, 9);
	stats_done(&stats);
}

TEST(one_value_deviates_by_nothing)
{
	struct stats stats;

	assert_int_equal(stats_init(&stats, 4, STATS_AMPLE), 0);
	assert_near(mdev(&stats), 0, 0);
	stats_add(&stats, 0, 1234567);
	assert_near(mdev(&stats), 0, 0);
	assert_near(stats_moments(&stats).jitter, 0, 0);
	assert_int_equal(stats_moments(&stats).min, 1234567);
	assert_int_equal(stats_moments(&stats).max, 1234567);
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

		assert_int_equal(stats_init(&stats, cases[i].count, STATS_AMPLE), 0);
		for (uint64_t v = cases[i].count; v > 0; v--)
			stats_add(&stats, 0, (int64_t)v);
		assert_int_equal(stats_quantile(&stats, cases[i].q), cases[i].value);
		stats_done(&stats);
	}
}

TEST(asking_in_between_changes_nothing)
{
	struct stats asked, left_alone;
	struct random random;

	random_seed(&random, 2);
	assert_int_equal(stats_init(&asked, 0, STATS_AMPLE), 0);
	assert_int_equal(stats_init(&left_alone, 0, STATS_AMPLE), 0);
	for (int i = 0; i < 1500; i++) {
		int64_t rtt = (int64_t)(random_next(&random) % 1000000);

		stats_add(&asked, 0, rtt);
		stats_add(&left_alone, 0, rtt);
		(void)stats_quantile(&asked, 0.5);
		if (i % 100 != 99)
			continue;
		assert_int_equal(stats_quantile(&asked, 0.9), stats_quantile(&left_alone, 0.9));
		assert_near(stats_moments(&asked).jitter, stats_moments(&left_alone).jitter, 0);
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
	assert_int_equal(stats_init(&stats, N, STATS_AMPLE), 0);
	for (int i = 0; i < N; i++) {
		values[i] = 50000 + (int64_t)(random_next(&random) % 10000000);
		stats_add(&stats, 0, values[i]);
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

	assert_int_equal(stats_init(&stats, COUNT(rtts), STATS_AMPLE), 0);
	for (size_t i = 0; i < COUNT(rtts); i++) {
		stats_add(&stats, 0, rtts[i]);
		assert_near(stats_moments(&stats).jitter, jitters[i], 1e-12);
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
		struct stats stats = { .count = cases[i].count, .exact_room = 1024 };

		assert_int_equal(stats_supports(&stats, cases[i].q), cases[i].supported);
	}
}

TEST(no_sample_no_quantile)
{
	struct stats stats;

	assert_int_equal(stats_init(&stats, 0, STATS_AMPLE), 0);
	assert_int_equal(stats_quantile(&stats, 0.5), 0);
	stats_done(&stats);
	stats_done(&stats);
}

TEST(no_quantile_lies_beyond_what_was_seen)
{
	struct stats stats;

	assert_int_equal(stats_init(&stats, 0, STATS_AMPLE), 0);
	for (int i = 0; i < 2000; i++)
		stats_add(&stats, 0, INT64_C(150000000));
	assert_int_equal(stats_quantile(&stats, 0.5), INT64_C(150000000));
	assert_int_equal(stats_quantile(&stats, 0.999), INT64_C(150000000));
	stats_done(&stats);
}

TEST(a_thousand_million_samples_do_not_freeze_the_mean)
{
	enum { MORE = 1000000 };
	const int64_t hour = INT64_C(3600) * 1000000000, change = 100000;
	const double n = 1e9, all = n + MORE;
	/* Each step is less than half the last bit of an hour in ns. */
	struct moments moments = { .count = (uint64_t)n,
		                   .mean = (double)hour,
		                   .squares = n * 1e8 };
	int64_t first = hour;
	struct stats stats = {
		.count = moments.count,
		.moments = &moments,
		.exact = &first,
		.exact_room = 1,
	};

	for (uint64_t i = 0; i < MORE; i++)
		stats_add(&stats, i, hour + change);
	double between = (double)change * (double)change * n * MORE / all;

	assert_near(stats_moments(&stats).mean - (double)hour, (double)change * MORE / all,
	            1e-4);
	assert_near(stats_moments(&stats).squares, n * 1e8 + between, 1e-9);
	assert_near(mdev(&stats), sqrt((n * 1e8 + between) / all), 1e-9);
}

TEST(from_a_nanosecond_to_hours_all_is_measured)
{
	static const int64_t sizes[] = { 1, 1000, 1000000, INT64_C(1000000000),
		                         INT64_C(36000) * 1000000000 };

	for (size_t s = 0; s < COUNT(sizes); s++) {
		struct stats stats;

		assert_int_equal(stats_init(&stats, 0, STATS_AMPLE), 0);
		/* 1, 2, 3 and again. */
		for (uint64_t i = 0; i < 3000; i++)
			stats_add(&stats, i + 1, sizes[s] * (int64_t)(1 + i % 3));
		assert_int_equal(stats_moments(&stats).min, sizes[s]);
		assert_int_equal(stats_moments(&stats).max, 3 * sizes[s]);
		assert_near(stats_moments(&stats).mean, 2 * (double)sizes[s], 1e-15);
		assert_near(mdev(&stats), sqrt(2.0 / 3) * (double)sizes[s], 1e-12);
		assert_near(stats_moments(&stats).ipdv_mean, (double)sizes[s] * 4 / 3, 1e-3);
		stats_done(&stats);
	}
}

TEST(deviation_of_sample_and_mean_are_those_of_the_textbook)
{
	static const int64_t values[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
	struct stats stats;

	assert_int_equal(stats_init(&stats, COUNT(values), STATS_AMPLE), 0);
	assert_near(deviation(&stats), -1, 0);
	stats_add(&stats, 1, values[0]);
	assert_near(deviation(&stats), -1, 0);
	assert_near(mean_error(&stats), -1, 0);
	for (size_t i = 1; i < COUNT(values); i++)
		stats_add(&stats, i + 1, values[i]);
	assert_near(deviation(&stats), sqrt(32.0 / 7), 1e-12);
	assert_near(mean_error(&stats), sqrt(32.0 / 7 / 8), 1e-12);
	stats_done(&stats);
}

TEST(ipdv_is_between_neighbours_in_whatever_order_they_were_answered)
{
	/* 3 is lost; 6 overtakes 5. */
	static const struct {
		uint64_t sequence;
		int64_t rtt;
	} samples[] = { { 1, 100 }, { 2, 130 }, { 4, 500 }, { 6, 10 },
		        { 5, 900 }, { 7, 20 },  { 8, 10 },  { 9, 10 } };
	struct stats stats;

	assert_int_equal(stats_init(&stats, COUNT(samples), STATS_AMPLE), 0);
	for (size_t i = 0; i < COUNT(samples); i++)
		stats_add(&stats, samples[i].sequence, samples[i].rtt);
	/* 1-2, 4-5, 5-6, 6-7, 7-8, 8-9 */
	assert_int_equal(stats_moments(&stats).ipdv_count, 6);
	assert_int_equal(stats_moments(&stats).ipdv_min, -890);
	assert_int_equal(stats_moments(&stats).ipdv_max, 400);
	assert_near(stats_moments(&stats).ipdv_mean, (30 + 400 + 890 + 10 + 10 + 0) / 6.0,
	            1e-9);
	stats_done(&stats);
}

TEST(the_frugal_make_a_histogram_when_sixty_four_are_not_enough)
{
	static const uint64_t expectations[] = { 0, 65, 1000000 };

	for (size_t e = 0; e < COUNT(expectations); e++) {
		int64_t held = memory()->held, most;
		struct stats stats;

		assert_int_equal(stats_init(&stats, expectations[e], STATS_FRUGAL), 0);
		for (uint64_t i = 1; i <= 64; i++)
			stats_add(&stats, i, (int64_t)(1000000 * i));
		assert_null(stats.histogram);
		assert_int_equal(stats_quantile(&stats, 0.5), 32000000);
		stats_add(&stats, 65, 65000000);
		assert_int_equal(stats.histogram->schema, HISTOGRAM_COARSE);
		assert_int_equal(stats.histogram->count, 65);
		assert_near((double)stats_quantile(&stats, 0.5), 33e6, 0.044);
		most = (int64_t)stats_bytes(expectations[e], STATS_FRUGAL);
		/* What malloc() rounds up is not ours. */
		assert_in_range(memory()->held - held, most, most + 64);
		stats_done(&stats);
		assert_int_equal(memory()->held, held);
	}
}

TEST(few_expected_samples_take_no_more_than_their_place)
{
	static const struct {
		uint64_t expected;
		enum stats_thrift thrift;
		size_t bytes, blocks;
	} cases[] = { { 5, STATS_FRUGAL, 40, 1 },
		      { 64, STATS_FRUGAL, 512, 1 },
		      { 5, STATS_AMPLE, 40 + sizeof(struct moments), 2 },
		      { 1024, STATS_AMPLE, 8192 + sizeof(struct moments), 2 } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stats stats;
		uint64_t taken = memory()->taken;

		assert_int_equal(stats_bytes(cases[i].expected, cases[i].thrift),
		                 cases[i].bytes);
		assert_int_equal(stats_init(&stats, cases[i].expected, cases[i].thrift), 0);
		for (uint64_t n = 1; n <= cases[i].expected; n++)
			stats_add(&stats, n, (int64_t)n);
		assert_int_equal(memory()->taken, taken + cases[i].blocks);
		stats_done(&stats);
	}
}

TEST(without_memory_for_a_histogram_only_quantiles_are_missing)
{
	struct histogram histogram;
	struct stats stats;
	int64_t low, high;

	assert_int_equal(stats_init(&stats, 0, STATS_FRUGAL), 0);
	for (uint64_t i = 1; i <= 1000; i++) {
		memory()->fails = i == 65;
		stats_add(&stats, i, (int64_t)i);
	}
	assert_int_equal(stats.count, 1000);
	assert_int_equal(stats_moments(&stats).max, 1000);
	assert_near(stats_moments(&stats).mean, 500.5, 1e-12);
	assert_int_equal(stats_moments(&stats).ipdv_count, 999);
	assert_false(stats_supports(&stats, 0.5));
	assert_int_equal(stats_quantile(&stats, 0.5), 0);
	assert_false(stats_quantile_bounds(&stats, 0.5, &low, &high));
	assert_int_equal(stats_histogram(&stats, &histogram), -ENOMEM);
	stats_done(&stats);
}

TEST(no_memory_at_the_start_is_an_error_that_leaves_nothing_behind)
{
	struct stats stats;
	int64_t held = memory()->held;

	memory()->fails = true;
	int ample = stats_init(&stats, 0, STATS_AMPLE);
	int frugal = stats_init(&stats, 0, STATS_FRUGAL);

	memory()->fails = false;
	assert_int_equal(ample, -ENOMEM);
	assert_int_equal(frugal, -ENOMEM);
	assert_int_equal(memory()->held, held);
}

TEST(a_histogram_of_all_is_to_be_had_whether_one_was_kept_or_not)
{
	static const uint64_t expectations[] = { 1000, 0 };

	for (size_t e = 0; e < COUNT(expectations); e++) {
		struct histogram expected, given;
		struct stats stats;

		assert_int_equal(histogram_init(&expected, HISTOGRAM_FINE), 0);
		assert_int_equal(stats_init(&stats, expectations[e], STATS_AMPLE), 0);
		for (uint64_t i = 1; i <= 1000; i++) {
			stats_add(&stats, i, (int64_t)(i * i));
			histogram_record(&expected, (int64_t)(i * i));
		}
		assert_int_equal(stats_histogram(&stats, &given), 0);
		assert_int_equal(given.count, 1000);
		assert_memory_equal(given.buckets, expected.buckets,
		                    histogram_bytes(HISTOGRAM_FINE));
		histogram_done(&expected);
		histogram_done(&given);
		stats_done(&stats);
	}
}

/* The values are their own ranks. */
static bool ranks_of(uint64_t n, double q, int64_t *low, int64_t *high)
{
	struct stats stats;

	assert_int_equal(stats_init(&stats, n, STATS_AMPLE), 0);
	for (uint64_t i = 1; i <= n; i++)
		stats_add(&stats, i, (int64_t)i);
	bool known = stats_quantile_bounds(&stats, q, low, high);

	stats_done(&stats);
	return known;
}

TEST(bounds_of_the_median_have_the_ranks_of_the_published_tables)
{
	/* Order statistics for the median at 95 %, as in tables of the sign test. */
	static const struct {
		uint64_t n;
		int64_t low, high;
	} cases[] = { { 6, 1, 6 },    { 9, 2, 8 },    { 10, 2, 9 },   { 12, 3, 10 },
		      { 15, 4, 12 },  { 20, 6, 15 },  { 25, 8, 18 },  { 30, 10, 21 },
		      { 40, 14, 27 }, { 50, 18, 33 }, { 100, 40, 61 } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t low = 0, high = 0;

		assert_true(ranks_of(cases[i].n, 0.5, &low, &high));
		assert_int_equal(low, cases[i].low);
		assert_int_equal(high, cases[i].high);
	}
}

TEST(bounds_are_the_same_from_either_end)
{
	static const double shares[] = { 0.1, 0.25, 0.01 };

	for (uint64_t n = 10; n <= 1000; n += 90)
		for (size_t i = 0; i < COUNT(shares); i++) {
			int64_t low = 0, high = 0, mirrored_low = 0, mirrored_high = 0;
			bool known = ranks_of(n, shares[i], &low, &high);

			assert_int_equal(
				ranks_of(n, 1 - shares[i], &mirrored_low, &mirrored_high),
				known);
			if (!known)
				continue;
			assert_int_equal(low, (int64_t)n + 1 - mirrored_high);
			assert_int_equal(high, (int64_t)n + 1 - mirrored_low);
		}
}

TEST(so_few_samples_have_no_bounds)
{
	int64_t low, high;

	assert_false(ranks_of(5, 0.5, &low, &high));
	assert_false(ranks_of(28, 0.9, &low, &high));
	assert_true(ranks_of(36, 0.9, &low, &high)); /* 0.9^36 < 2.5 % */
	assert_false(ranks_of(100, 0.99, &low, &high));
	assert_true(ranks_of(368, 0.99, &low, &high)); /* 0.99^368 < 2.5 % */
	assert_false(ranks_of(1000, 0, &low, &high));
	assert_false(ranks_of(1000, 1, &low, &high));
}

/* In how many of a thousand runs of n samples the bounds hold the true quantile of an exponential
 * distribution, which is known. */
static int coverage(uint64_t n, double q, enum stats_thrift thrift)
{
	double truth = 50000 - 1e6 * log(1 - q);
	struct random random;
	int held = 0;

	random_seed(&random, n + (uint64_t)(1000 * q));
	for (int run = 0; run < 1000; run++) {
		struct stats stats;
		int64_t low = 0, high = 0;

		assert_int_equal(stats_init(&stats, n, thrift), 0);
		for (uint64_t i = 1; i <= n; i++) {
			double share = ((double)(random_next(&random) >> 11) + 0.5) * 0x1p-53;

			stats_add(&stats, i, 50000 - (int64_t)(1e6 * log(share)));
		}
		assert_true(stats_quantile_bounds(&stats, q, &low, &high));
		held += (double)low <= truth && truth <= (double)high;
		stats_done(&stats);
	}
	return held;
}

TEST(bounds_hold_the_true_quantile_in_95_of_100_runs)
{
	/* At the least 95 %; ranks are whole, so the binomial distribution has its own of each. */
	static const struct {
		uint64_t n;
		double q;
		int of_thousand;
	} cases[] = { { 20, 0.5, 959 },   { 101, 0.5, 954 },  { 101, 0.9, 955 },
		      { 500, 0.99, 980 }, { 1000, 0.5, 954 }, { 1024, 0.95, 956 } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		int held = coverage(cases[i].n, cases[i].q, STATS_AMPLE);

		/* Three standard deviations of a thousand runs. */
		assert_in_range(held, cases[i].of_thousand - 21, cases[i].of_thousand + 21);
	}
	/* Buckets only widen them. */
	assert_true(coverage(3000, 0.5, STATS_AMPLE) >= 950 - 21);
	assert_true(coverage(3000, 0.99, STATS_AMPLE) >= 950 - 21);
	assert_true(coverage(1000, 0.5, STATS_FRUGAL) >= 950 - 21);
}

TEST(a_ratio_lies_between_wilsons_bounds)
{
	/* Newcombe, Statistics in Medicine 17 (1998), table I, method 3. */
	static const struct {
		uint64_t hits, n;
		double low, high;
	} cases[] = {
		{ 81, 263, 0.2553, 0.3662 }, { 15, 148, 0.0624, 0.1605 }, { 0, 20, 0, 0.1611 },
		{ 1, 29, 0.0061, 0.1718 },   { 20, 20, 0.8389, 1 },       { 0, 0, 0, 1 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ratio_bounds bounds = ratio_bounds(cases[i].hits, cases[i].n);

		assert_true(fabs(bounds.low - cases[i].low) <= 0.00005);
		assert_true(fabs(bounds.high - cases[i].high) <= 0.00005);
	}
}

static void assert_same_moments(const struct stats *one, const struct stats *other)
{
	struct moments a = stats_moments(one), b = stats_moments(other);

	assert_int_equal(a.count, b.count);
	assert_int_equal(a.min, b.min);
	assert_int_equal(a.max, b.max);
	assert_int_equal(a.last, b.last);
	assert_near(a.mean, b.mean, 0);
	assert_near(a.squares, b.squares, 0);
	assert_near(a.jitter, b.jitter, 0);
	assert_int_equal(a.ipdv_count, b.ipdv_count);
	assert_int_equal(a.ipdv_min, b.ipdv_min);
	assert_int_equal(a.ipdv_max, b.ipdv_max);
	assert_near(a.ipdv_mean, b.ipdv_mean, 0);
}

/* As many as expected, and then more. */
TEST(the_frugal_say_what_the_ample_say_however_many_come)
{
	static const uint64_t expectations[] = { 1, 5, 63, 64 };

	for (size_t e = 0; e < COUNT(expectations); e++) {
		struct stats frugal, ample;
		struct random random;
		uint64_t sequence = 0;

		random_seed(&random, e);
		assert_int_equal(stats_init(&frugal, expectations[e], STATS_FRUGAL), 0);
		assert_int_equal(stats_init(&ample, expectations[e], STATS_AMPLE), 0);
		for (int i = 0; i < 200; i++) {
			int64_t rtt = (int64_t)(random_next(&random) % 1000000);

			sequence += 1 + random_next(&random) % 2;
			stats_add(&frugal, sequence, rtt);
			stats_add(&ample, sequence, rtt);
			if (i < (int)expectations[e])
				assert_int_equal(stats_quantile(&frugal, 0.5),
				                 stats_quantile(&ample, 0.5));
			assert_same_moments(&frugal, &ample);
		}
		assert_near((double)stats_quantile(&frugal, 0.5),
		            (double)stats_quantile(&ample, 0.5), 0.09);
		stats_done(&frugal);
		stats_done(&ample);
	}
}

TEST(more_than_expected_without_memory_are_left_out)
{
	struct stats stats;

	assert_int_equal(stats_init(&stats, 3, STATS_FRUGAL), 0);
	memory()->fails = true;
	for (uint64_t i = 1; i <= 10; i++)
		stats_add(&stats, i, (int64_t)i);
	memory()->fails = false;
	assert_int_equal(stats.count, 3);
	assert_int_equal(stats_moments(&stats).max, 3);
	assert_int_equal(stats_quantile(&stats, 0.5), 2);
	stats_done(&stats);
}

TEST(stats_that_could_not_be_made_stay_empty)
{
	struct stats stats = { 0 };
	int64_t low, high;

	stats_add(&stats, 1, 1000);
	assert_int_equal(stats.count, 0);
	assert_int_equal(stats_moments(&stats).count, 0);
	assert_int_equal(stats_quantile(&stats, 0.5), 0);
	assert_false(stats_quantile_bounds(&stats, 0.5, &low, &high));
	stats_done(&stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mean_and_deviation_are_those_of_the_naive_formulas),
		cmocka_unit_test(deviation_is_over_the_population_as_iputils_has_it),
		cmocka_unit_test(one_value_deviates_by_nothing),
		cmocka_unit_test(small_samples_have_exact_quantiles_by_nearest_rank),
		cmocka_unit_test(asking_in_between_changes_nothing),
		cmocka_unit_test(large_samples_have_quantiles_within_the_histograms_bound),
		cmocka_unit_test(jitter_is_that_of_rfc_3550_worked_by_hand),
		cmocka_unit_test(a_percentile_needs_a_value_above_it),
		cmocka_unit_test(no_sample_no_quantile),
		cmocka_unit_test(no_quantile_lies_beyond_what_was_seen),
		cmocka_unit_test(a_thousand_million_samples_do_not_freeze_the_mean),
		cmocka_unit_test(from_a_nanosecond_to_hours_all_is_measured),
		cmocka_unit_test(deviation_of_sample_and_mean_are_those_of_the_textbook),
		cmocka_unit_test(
			ipdv_is_between_neighbours_in_whatever_order_they_were_answered),
		cmocka_unit_test(the_frugal_make_a_histogram_when_sixty_four_are_not_enough),
		cmocka_unit_test(few_expected_samples_take_no_more_than_their_place),
		cmocka_unit_test(without_memory_for_a_histogram_only_quantiles_are_missing),
		cmocka_unit_test(no_memory_at_the_start_is_an_error_that_leaves_nothing_behind),
		cmocka_unit_test(a_histogram_of_all_is_to_be_had_whether_one_was_kept_or_not),
		cmocka_unit_test(bounds_of_the_median_have_the_ranks_of_the_published_tables),
		cmocka_unit_test(bounds_are_the_same_from_either_end),
		cmocka_unit_test(so_few_samples_have_no_bounds),
		cmocka_unit_test(bounds_hold_the_true_quantile_in_95_of_100_runs),
		cmocka_unit_test(a_ratio_lies_between_wilsons_bounds),
		cmocka_unit_test(the_frugal_say_what_the_ample_say_however_many_come),
		cmocka_unit_test(more_than_expected_without_memory_are_left_out),
		cmocka_unit_test(stats_that_could_not_be_made_stay_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
