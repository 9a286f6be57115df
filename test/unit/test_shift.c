/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "core/shift.h"
#include "unit.h"

static void assert_near(double a, double b, double most)
{
	assert_true(fabs(a - b) <= most);
}

enum { MEDIAN, P90, P99, P99_9, MEAN };

static void add_all(struct course *course, const int64_t *values, size_t count)
{
	course_init(course);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(course_add(course, values[i], COURSE_MOST), 0);
}

/* 1 to n times the unit, each once, shuffled; and something more on each. */
static void add_shuffled(struct course *course, size_t n, int64_t unit, int64_t more,
                         uint64_t seed)
{
	int64_t *values = calloc(n, sizeof(*values));
	struct random random;

	assert_non_null(values);
	random_seed(&random, seed);
	for (size_t i = 0; i < n; i++) {
		size_t other = random_next(&random) % (i + 1);

		values[i] = values[other];
		values[other] = (int64_t)(i + 1) * unit + more;
	}
	add_all(course, values, n);
	free(values);
}

static void add_ranks(struct course *course, size_t n, int64_t unit, int64_t more)
{
	add_shuffled(course, n, unit, more, 7);
}

static struct shift_result compare(struct course *a, struct course *b, uint64_t seed)
{
	struct shift_result result;

	assert_int_equal(shift_compare(a, b, seed, 200, &result), 0);
	course_done(a);
	course_done(b);
	return result;
}

TEST(estimates_are_those_by_nearest_rank)
{
	struct course a, b;

	add_ranks(&a, 1000, 1000, 0);
	add_ranks(&b, 1000, 1000, 500);
	struct shift_result result = compare(&a, &b, 1);
	static const double at[SHIFTS] = { 500000, 900000, 990000, 999000, 500500 };

	for (size_t j = 0; j < SHIFTS; j++) {
		assert_true(result.shifts[j].known);
		assert_near(result.shifts[j].a, at[j], 0.001);
		assert_near(result.shifts[j].b, at[j] + 500, 0.001);
	}
}

/* On average over some shufflings. */
TEST(the_interval_of_a_mean_is_as_wide_as_theory_has_it)
{
	/* uniform: deviation n / sqrt(12); of a difference of two means of n */
	double error = 2000 * 1000 / sqrt(12) * sqrt(2.0 / 2000), half = 0;

	for (uint64_t seed = 0; seed < 20; seed++) {
		struct course a, b;

		add_shuffled(&a, 2000, 1000, 0, 2 * seed);
		add_shuffled(&b, 2000, 1000, 0, 2 * seed + 1);
		struct shift_result result = compare(&a, &b, seed);

		assert_true(result.shifts[MEAN].bounded);
		half += (result.shifts[MEAN].high - result.shifts[MEAN].low) / 2 / 20;
	}
	/* between what holds for it alone and somewhat more than for six that have nothing in common */
	assert_true(half / error > 1.96 && half / error < 3.2);
}

TEST(a_run_does_not_differ_from_itself)
{
	struct course a, b;

	add_ranks(&a, 2000, 777, 0);
	add_ranks(&b, 2000, 777, 0);
	struct shift_result result = compare(&a, &b, 1);

	for (size_t j = 0; j < SHIFTS; j++)
		assert_false(shift_is_real(&result.shifts[j]));
}

TEST(what_is_always_the_same_differs_by_exactly_that)
{
	int64_t ones[40], twos[40];
	struct course a, b;

	for (size_t i = 0; i < COUNT(ones); i++) {
		ones[i] = 1000000;
		twos[i] = 2000000;
	}
	add_all(&a, ones, COUNT(ones));
	add_all(&b, twos, COUNT(twos));
	struct shift_result result = compare(&a, &b, 1);

	assert_true(shift_is_real(&result.shifts[MEDIAN]));
	assert_near(result.shifts[MEDIAN].low, 1e6, 0.001);
	assert_near(result.shifts[MEDIAN].high, 1e6, 0.001);
}

TEST(the_same_seed_gives_the_same_and_another_hardly_differs)
{
	struct shift_result results[3];

	for (size_t i = 0; i < COUNT(results); i++) {
		struct course a, b;

		add_ranks(&a, 1000, 1000, 0);
		add_ranks(&b, 900, 1100, 0);
		results[i] = compare(&a, &b, i == 2 ? 2 : 1);
	}
	assert_true(results[0].shifts[MEAN].low == results[1].shifts[MEAN].low);
	assert_true(results[0].shifts[MEAN].high == results[1].shifts[MEAN].high);
	assert_true(results[0].shifts[MEAN].low != results[2].shifts[MEAN].low);
}

TEST(few_values_have_estimates_but_no_bounds_where_they_cannot)
{
	struct course a, b;

	add_ranks(&a, 100, 1000, 0);
	add_ranks(&b, 100, 1000, 0);
	struct shift_result result = compare(&a, &b, 1);

	assert_true(result.shifts[MEDIAN].bounded);
	assert_true(result.shifts[P99].known && !result.shifts[P99].bounded);
	assert_false(result.shifts[P99_9].known || result.shifts[P99_9].bounded);
}

TEST(a_run_without_round_trips_tells_nothing)
{
	struct course a, b;

	course_init(&a);
	add_ranks(&b, 100, 1000, 0);
	struct shift_result result = compare(&a, &b, 1);

	for (size_t j = 0; j < SHIFTS; j++)
		assert_false(result.shifts[j].known || result.shifts[j].bounded);
	assert_int_equal(result.a.values, 0);
	assert_int_equal(result.b.values, 100);
}

TEST(neighbours_that_resemble_each_other_are_drawn_together)
{
	struct course a, b;

	course_init(&a);
	for (size_t i = 0; i < 4096; i++) /* 64 alike, 64 others, in an order that is none */
		assert_int_equal(
			course_add(&a, (int64_t)(i / 64 * 37 % 64) * 1000, COURSE_MOST), 0);
	add_ranks(&b, 4096, 16, 0);
	struct shift_result result = compare(&a, &b, 1);

	assert_true(result.a.block >= 64);
	assert_true(result.b.block <= 64);
}

/* --- histograms --- */

static void add_histogram(struct course *course, const int64_t *values, size_t count,
                          double neighbours)
{
	struct histogram histogram;
	double sum = 0;

	assert_int_equal(histogram_init(&histogram, HISTOGRAM_FINE), 0);
	for (size_t i = 0; i < count; i++) {
		histogram_record(&histogram, values[i]);
		sum += (double)values[i];
	}
	struct histogram_range range = histogram_range(&histogram);
	struct course_counts counts = { .schema = HISTOGRAM_FINE,
		                        .offset = range.offset,
		                        .length = range.length,
		                        .counts = range.counts,
		                        .zero = histogram.zero,
		                        .mean = sum / (double)count,
		                        .neighbours = neighbours };

	assert_int_equal(course_add_counts(course, &counts), 0);
	histogram_done(&histogram);
}

static struct shift_result compare_histograms(double neighbours)
{
	int64_t values[900], later[900];
	struct course a, b;

	for (size_t i = 0; i < COUNT(values); i++) {
		values[i] = 1000000 + (int64_t)(i * 7919 % 900) * 200;
		later[i] = values[i] + 200000;
	}
	course_init(&a);
	course_init(&b);
	add_histogram(&a, values, COUNT(values), neighbours);
	add_histogram(&b, later, COUNT(later), neighbours);
	return compare(&a, &b, 1);
}

TEST(a_histogram_finds_the_shift_too)
{
	struct shift_result result = compare_histograms(-1);

	assert_false(result.a.ordered || result.b.ordered);
	for (size_t j = 0; j < SHIFTS; j++) {
		const struct shift *shift = &result.shifts[j];

		if (!shift->bounded)
			continue;
		assert_true(shift_is_real(shift));
		assert_true(shift->low < 200000 && shift->high > 200000);
	}
	assert_near(result.shifts[MEAN].b - result.shifts[MEAN].a, 200000, 0.001);
}

TEST(what_hardly_differs_from_its_neighbours_widens_the_intervals_of_a_histogram)
{
	struct shift_result alone = compare_histograms(-1), alike = compare_histograms(30000);

	assert_true(alike.shifts[MEAN].high - alike.shifts[MEAN].low >
	            2 * (alone.shifts[MEAN].high - alone.shifts[MEAN].low));
}

/* --- losses --- */

static struct shift_losses in_runs(uint64_t lost, uint64_t settled, uint64_t runs)
{
	return (struct shift_losses){ .lost = lost, .settled = settled, .runs = runs };
}

static struct shift losses(uint64_t a, uint64_t of_a, uint64_t b, uint64_t of_b)
{
	const struct shift_losses before = in_runs(a, of_a, 0), after = in_runs(b, of_b, 0);

	return shift_compare_losses(&before, &after);
}

/* Newcombe's method 10 at 99 %, from Wilson's bounds as the formula has them. */
TEST(the_interval_of_losses_is_newcombes)
{
	struct shift shift = losses(48, 80, 56, 70);
	double low_a = 0.456551, high_a = 0.728132, low_b = 0.653498, high_b = 0.894555;

	assert_near(shift.a, 0.6, 1e-12);
	assert_near(shift.b, 0.8, 1e-12);
	assert_near(shift.low, 0.2 - hypot(0.8 - low_b, high_a - 0.6), 1e-5);
	assert_near(shift.high, 0.2 + hypot(high_b - 0.8, 0.6 - low_a), 1e-5);
}

TEST(losses_that_are_hardly_chance_are_real_and_others_are_not)
{
	struct shift more = losses(0, 1000, 50, 1000), less = losses(50, 1000, 0, 1000);
	struct shift same = losses(10, 1000, 14, 1000), none = losses(0, 0, 5, 10);

	assert_true(shift_is_real(&more) && more.low > 0);
	assert_true(shift_is_real(&less) && less.high < 0);
	assert_false(shift_is_real(&same));
	assert_false(none.known || none.bounded);
}

TEST(losses_in_one_row_are_hardly_more_than_one)
{
	struct shift_losses none = in_runs(0, 1000, 0), row = in_runs(50, 1000, 1);
	struct shift_losses single = in_runs(50, 1000, 50);
	struct shift in_a_row = shift_compare_losses(&none, &row);
	struct shift apart = shift_compare_losses(&none, &single);

	assert_false(shift_is_real(&in_a_row));
	assert_true(shift_is_real(&apart));
}

TEST(but_half_of_a_run_and_all_of_it_are_more)
{
	struct shift_losses none = in_runs(0, 1000, 0), half = in_runs(500, 1000, 1);
	struct shift_losses all = in_runs(1000, 1000, 1);
	struct shift much = shift_compare_losses(&none, &half);
	struct shift most = shift_compare_losses(&none, &all);

	assert_true(shift_is_real(&much) && shift_is_real(&most));
	assert_true(most.high <= 1.0000001);
}

/* Of a load: ten seconds of 1000 requests, so many lost in each of the first `bad` of them. */
static struct shift_losses in_seconds(uint64_t lost, size_t bad)
{
	struct shift_losses losses = { .lost = lost * bad, .settled = 10000 };

	losses.loose_lost = losses.lost;
	losses.loose_settled = losses.settled;
	for (size_t i = 0; i < 10; i++)
		stretches_add(&losses.seconds, 1000, i < bad ? (double)lost / 1000 : 0);
	return losses;
}

TEST(losses_in_one_second_of_a_load_are_hardly_more_than_one)
{
	struct shift_losses none = in_seconds(0, 0), once = in_seconds(100, 1);
	struct shift_losses always = in_seconds(10, 10);
	struct shift burst = shift_compare_losses(&none, &once);
	struct shift more = shift_compare_losses(&none, &always);
	struct shift less = shift_compare_losses(&once, &none);

	assert_true(burst.bounded && !shift_is_real(&burst));
	assert_near(burst.b, more.b, 1e-12);
	assert_true(shift_is_real(&more) && more.low > 0);
	assert_near(less.low, -burst.high, 1e-12); /* whoever lost none is not surer of it */
}

TEST(but_half_of_a_load_and_all_of_it_are_more)
{
	struct shift_losses none = in_seconds(0, 0), half = in_seconds(1000, 5);
	struct shift_losses all = in_seconds(1000, 10);
	struct shift much = shift_compare_losses(&none, &half);
	struct shift most = shift_compare_losses(&none, &all);
	struct shift same = shift_compare_losses(&all, &all);

	assert_true(shift_is_real(&much) && shift_is_real(&most));
	assert_true(same.bounded && !shift_is_real(&same));
}

TEST(losses_of_which_nobody_knows_how_they_came_have_no_bounds)
{
	struct shift_losses none = in_seconds(0, 0), some = in_seconds(10, 10);

	some.untold = true;
	struct shift more = shift_compare_losses(&none, &some);
	struct shift less = shift_compare_losses(&some, &none);

	assert_true(more.known && !more.bounded && !shift_is_real(&more));
	assert_true(less.known && !less.bounded);
	assert_near(more.b, 0.01, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(estimates_are_those_by_nearest_rank),
		cmocka_unit_test(the_interval_of_a_mean_is_as_wide_as_theory_has_it),
		cmocka_unit_test(a_run_does_not_differ_from_itself),
		cmocka_unit_test(what_is_always_the_same_differs_by_exactly_that),
		cmocka_unit_test(the_same_seed_gives_the_same_and_another_hardly_differs),
		cmocka_unit_test(few_values_have_estimates_but_no_bounds_where_they_cannot),
		cmocka_unit_test(a_run_without_round_trips_tells_nothing),
		cmocka_unit_test(neighbours_that_resemble_each_other_are_drawn_together),
		cmocka_unit_test(a_histogram_finds_the_shift_too),
		cmocka_unit_test(
			what_hardly_differs_from_its_neighbours_widens_the_intervals_of_a_histogram),
		cmocka_unit_test(the_interval_of_losses_is_newcombes),
		cmocka_unit_test(losses_that_are_hardly_chance_are_real_and_others_are_not),
		cmocka_unit_test(losses_in_one_row_are_hardly_more_than_one),
		cmocka_unit_test(but_half_of_a_run_and_all_of_it_are_more),
		cmocka_unit_test(losses_in_one_second_of_a_load_are_hardly_more_than_one),
		cmocka_unit_test(but_half_of_a_load_and_all_of_it_are_more),
		cmocka_unit_test(losses_of_which_nobody_knows_how_they_came_have_no_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
