/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/histogram.h"
#include "core/random.h"
#include "unit.h"

static const int64_t second = 1000000000;

/* How far the middle of a bucket may be from what is in it, for each schema: (r - 1) / (r + 1)
 * where r = 2^(1/2^n) is its width. */
static const double off_by[] = { 0.33334, 0.17158, 0.08643, 0.04330, 0.02166,
	                         0.01084, 0.00542, 0.00271, 0.00136 };

static struct histogram made(int schema)
{
	struct histogram histogram;

	assert_int_equal(histogram_init(&histogram, schema), 0);
	return histogram;
}

/* A duration of any size: each number of bits is as likely as any other. */
static int64_t any_duration(struct random *random)
{
	uint64_t bits = random_next(random);

	return (int64_t)(random_next(random) >> (1 + bits % 63));
}

static struct histogram filled(int schema, uint64_t seed, int count)
{
	struct histogram histogram = made(schema);
	struct random random;

	random_seed(&random, seed);
	for (int i = 0; i < count; i++)
		histogram_record(&histogram, any_duration(&random) - 1);
	return histogram;
}

static void assert_same(const struct histogram *one, const struct histogram *other)
{
	assert_int_equal(one->schema, other->schema);
	assert_int_equal(one->count, other->count);
	assert_int_equal(one->zero, other->zero);
	assert_memory_equal(one->buckets, other->buckets, histogram_bytes(one->schema));
}

/* The upper edge of bucket i, found without the product's help. */
static int64_t edge(int schema, int i)
{
	return (int64_t)floorl(exp2l(ldexpl(i, -schema)) * 1e9L);
}

TEST(every_edge_of_every_schema_is_where_prometheus_has_it)
{
	for (int schema = HISTOGRAM_COARSEST; schema <= HISTOGRAM_FINEST; schema++)
		for (int i = histogram_lowest(schema) - 1; i <= histogram_highest(schema); i++)
			assert_int_equal(histogram_edge(schema, i), edge(schema, i));
}

TEST(every_edge_belongs_to_the_bucket_below_it)
{
	for (int schema = HISTOGRAM_COARSEST; schema <= HISTOGRAM_FINEST; schema++) {
		int lowest = histogram_lowest(schema), highest = histogram_highest(schema);

		for (int i = lowest; i <= highest; i++) {
			if (edge(schema, i) == edge(schema, i - 1))
				continue; /* near a nanosecond buckets are narrower than one */
			int above = i + 1;

			while (above < highest && edge(schema, above) == edge(schema, i))
				above++;
			assert_int_equal(histogram_bucket(schema, edge(schema, i)), i);
			assert_int_equal(histogram_bucket(schema, edge(schema, i) + 1),
			                 above < highest ? above : highest);
		}
	}
}

TEST(a_duration_lies_between_the_edges_of_its_bucket)
{
	struct random random;

	random_seed(&random, 5);
	for (int n = 0; n < 200000; n++) {
		int schema = n % (HISTOGRAM_FINEST + 1);
		int64_t duration = 1 + any_duration(&random) % (8192 * second);
		int i = histogram_bucket(schema, duration);

		assert_true(histogram_edge(schema, i - 1) < duration);
		assert_true(duration <= histogram_edge(schema, i));
	}
}

TEST(what_is_beyond_the_end_is_held_by_the_last)
{
	for (int schema = HISTOGRAM_COARSEST; schema <= HISTOGRAM_FINEST; schema++) {
		struct histogram histogram = made(schema);
		int highest = histogram_highest(schema);

		assert_int_equal(histogram_bucket(schema, 8192 * second), highest);
		assert_int_equal(histogram_bucket(schema, 8192 * second + 1), highest);
		assert_int_equal(histogram_bucket(schema, INT64_MAX), highest);
		histogram_record(&histogram, INT64_MAX);
		histogram_record(&histogram, 1);
		assert_int_equal(histogram_bucket_at(&histogram, 1),
		                 histogram_bucket(schema, 1));
		assert_int_equal(histogram_bucket_at(&histogram, 2), highest);
		histogram_done(&histogram);
	}
}

TEST(nothing_and_less_have_a_bucket_of_their_own)
{
	struct histogram histogram = made(HISTOGRAM_FINE);

	histogram_record(&histogram, 0);
	histogram_record(&histogram, -1);
	histogram_record(&histogram, INT64_MIN);
	histogram_record(&histogram, 1000);
	assert_int_equal(histogram.zero, 3);
	assert_int_equal(histogram.count, 4);
	assert_int_equal(histogram_quantile(&histogram, 0.75), 0);
	assert_int_equal(histogram_bucket_at(&histogram, 3), HISTOGRAM_ZERO);
	assert_true(histogram_quantile(&histogram, 1) > 0);
	histogram_done(&histogram);
}

TEST(a_quantile_is_off_by_no_more_than_its_schema_says)
{
	struct random random;

	random_seed(&random, 6);
	for (int n = 0; n < 9000; n++) {
		struct histogram histogram = made(n % (HISTOGRAM_FINEST + 1));
		int64_t duration = 1 + any_duration(&random) % (8192 * second);

		histogram_record(&histogram, duration);
		int64_t off = llabs(histogram_quantile(&histogram, 0.5) - duration);

		/* Half a nanosecond is lost to rounding, whatever the bucket's width. */
		assert_true((double)off <= off_by[histogram.schema] * (double)duration + 0.5);
		histogram_done(&histogram);
	}
}

TEST(quantiles_go_by_nearest_rank)
{
	static const struct {
		double q;
		int64_t about;
	} cases[] = { { 0.01, 1000000 }, { 0.07, 7000000 },  { 0.5, 50000000 },
		      { 0.9, 90000000 }, { 0.99, 99000000 }, { 1, 100000000 } };
	struct histogram histogram = made(HISTOGRAM_FINE);

	for (int i = 1; i <= 100; i++)
		histogram_record(&histogram, i * INT64_C(1000000));
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t off =
			llabs(histogram_quantile(&histogram, cases[i].q) - cases[i].about);

		assert_true((double)off <= off_by[HISTOGRAM_FINE] * (double)cases[i].about);
	}
	histogram_done(&histogram);
}

TEST(a_rank_is_not_missed_by_the_last_bit_of_a_double)
{
	for (uint64_t hundreds = 1; hundreds <= 1000000000; hundreds *= 10)
		for (uint64_t percent = 1; percent <= 100; percent++)
			assert_int_equal(histogram_rank((double)percent / 100, 100 * hundreds),
			                 percent * hundreds);
	assert_int_equal(histogram_rank(0.5, 3), 2);
	assert_int_equal(histogram_rank(0.91, 10), 10);
	assert_int_equal(histogram_rank(1e-6, 10), 1);
}

TEST(an_empty_histogram_has_only_zeros)
{
	struct histogram histogram = made(HISTOGRAM_FINE);

	assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
	assert_int_equal(histogram_range(&histogram).length, 0);
	histogram_done(&histogram);
	histogram_done(&histogram);
}

TEST(to_coarsen_is_to_have_recorded_at_the_lower_schema)
{
	for (int schema = HISTOGRAM_FINEST; schema > HISTOGRAM_COARSEST; schema--) {
		struct histogram fine = filled(schema, 7, 20000);
		struct histogram coarse = filled(schema - 1, 7, 20000);

		histogram_coarsen(&fine);
		assert_same(&fine, &coarse);
		histogram_done(&fine);
		histogram_done(&coarse);
	}
}

TEST(bucket_i_becomes_half_of_i_rounded_up_on_both_sides_of_a_second)
{
	static const int indices[] = { -239, -238, -9, -8, -7, -1, 0, 1, 2, 3, 103, 104 };

	for (size_t n = 0; n < COUNT(indices); n++) {
		struct histogram histogram = made(HISTOGRAM_COARSE);
		int i = indices[n];

		histogram.buckets[i - histogram_lowest(HISTOGRAM_COARSE)] = 42;
		histogram_coarsen(&histogram);
		struct histogram_range range = histogram_range(&histogram);

		assert_int_equal(range.offset, (i + 1) >> 1);
		assert_int_equal(range.length, 1);
		assert_int_equal(range.counts[0], 42);
		histogram_done(&histogram);
	}
}

TEST(nothing_is_coarser_than_the_coarsest)
{
	struct histogram histogram = filled(HISTOGRAM_COARSEST, 8, 1000);
	struct histogram same = filled(HISTOGRAM_COARSEST, 8, 1000);

	histogram_coarsen(&histogram);
	assert_same(&histogram, &same);
	histogram_done(&histogram);
	histogram_done(&same);
}

/* What merging leaves of three histograms with these schemas, added up in this order. */
static struct histogram sum_of(const int schemas[3], const int order[3])
{
	struct histogram sum = filled(schemas[order[0]], (uint64_t)order[0], 500);

	for (int i = 1; i < 3; i++) {
		struct histogram more = filled(schemas[order[i]], (uint64_t)order[i], 500);

		histogram_merge(&sum, &more);
		histogram_done(&more);
	}
	return sum;
}

/* a + (b + c), where sum_of() has (a + b) + c. */
static struct histogram other_sum_of(const int schemas[3])
{
	struct histogram a = filled(schemas[0], 0, 500), b = filled(schemas[1], 1, 500),
			 c = filled(schemas[2], 2, 500);

	histogram_merge(&b, &c);
	histogram_merge(&a, &b);
	histogram_done(&b);
	histogram_done(&c);
	return a;
}

TEST(histograms_add_up_in_any_order)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		                         { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	static const int schemas[][3] = { { 7, 7, 7 }, { 8, 3, 5 }, { 0, 8, 4 }, { 3, 3, 7 } };

	for (size_t s = 0; s < COUNT(schemas); s++) {
		struct histogram expected = other_sum_of(schemas[s]);

		assert_int_equal(expected.count, 1500);
		for (size_t o = 0; o < COUNT(orders); o++) {
			struct histogram sum = sum_of(schemas[s], orders[o]);

			assert_same(&sum, &expected);
			histogram_done(&sum);
		}
		histogram_done(&expected);
	}
}

TEST(a_merged_histogram_is_the_histogram_of_all)
{
	struct histogram all = made(HISTOGRAM_COARSE), half[2];
	struct random random;

	half[0] = made(HISTOGRAM_FINE);
	half[1] = made(HISTOGRAM_COARSE);
	random_seed(&random, 9);
	for (int i = 0; i < 10000; i++) {
		int64_t duration = any_duration(&random);

		histogram_record(&half[i % 2], duration);
		histogram_record(&all, duration);
	}
	histogram_merge(&half[0], &half[1]);
	assert_same(&half[0], &all);
	histogram_done(&half[0]);
	histogram_done(&half[1]);
	histogram_done(&all);
}

TEST(the_range_holds_all_that_is_held_and_no_empty_ends)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct histogram histogram = filled(HISTOGRAM_FINE, seed, (int)seed);
		struct histogram_range range = histogram_range(&histogram);
		uint64_t held = histogram.zero;

		assert_true(range.length > 0 && range.counts[0] > 0);
		assert_true(range.counts[range.length - 1] > 0);
		for (size_t i = 0; i < range.length; i++)
			held += range.counts[i];
		assert_int_equal(held, histogram.count);
		assert_int_equal(histogram_bucket_at(&histogram, histogram.zero + 1),
		                 range.offset);
		assert_int_equal(histogram_bucket_at(&histogram, histogram.count),
		                 range.offset + (int)range.length - 1);
		histogram_done(&histogram);
	}
}

TEST(a_copy_lives_by_itself)
{
	struct histogram histogram = filled(HISTOGRAM_FINE, 10, 1000), copy;

	histogram_coarsen(&histogram);
	assert_int_equal(histogram_copy(&copy, &histogram), 0);
	assert_same(&copy, &histogram);
	histogram_record(&histogram, 1);
	assert_int_equal(copy.count, 1000);
	histogram_done(&histogram);
	assert_int_equal(histogram_bucket_at(&copy, 1000),
	                 histogram_range(&copy).offset + (int)histogram_range(&copy).length -
	                         1);
	histogram_done(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_edge_of_every_schema_is_where_prometheus_has_it),
		cmocka_unit_test(every_edge_belongs_to_the_bucket_below_it),
		cmocka_unit_test(a_duration_lies_between_the_edges_of_its_bucket),
		cmocka_unit_test(what_is_beyond_the_end_is_held_by_the_last),
		cmocka_unit_test(nothing_and_less_have_a_bucket_of_their_own),
		cmocka_unit_test(a_quantile_is_off_by_no_more_than_its_schema_says),
		cmocka_unit_test(quantiles_go_by_nearest_rank),
		cmocka_unit_test(a_rank_is_not_missed_by_the_last_bit_of_a_double),
		cmocka_unit_test(an_empty_histogram_has_only_zeros),
		cmocka_unit_test(to_coarsen_is_to_have_recorded_at_the_lower_schema),
		cmocka_unit_test(
			bucket_i_becomes_half_of_i_rounded_up_on_both_sides_of_a_second),
		cmocka_unit_test(nothing_is_coarser_than_the_coarsest),
		cmocka_unit_test(histograms_add_up_in_any_order),
		cmocka_unit_test(a_merged_histogram_is_the_histogram_of_all),
		cmocka_unit_test(the_range_holds_all_that_is_held_and_no_empty_ends),
		cmocka_unit_test(a_copy_lives_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
