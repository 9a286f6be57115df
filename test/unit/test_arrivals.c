/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "load/arrivals.h"
#include "unit.h"

static const struct mono start = { 5 * NS_PER_SEC };

static struct arrivals begin(struct arrivals_plan plan)
{
	struct arrivals arrivals;

	plan.start = start;
	arrivals_init(&arrivals, &plan, 7);
	return arrivals;
}

TEST(even_distances_begin_at_the_start_and_never_drift)
{
	struct arrivals arrivals = begin((struct arrivals_plan){ .from = 3, .to = 3 });

	for (int64_t k = 0; k < 100000; k++) {
		int64_t exact = (k * NS_PER_SEC + 1) / 3; /* rounded to the nearest */

		assert_int_equal(mono_since(arrivals.next, start), exact);
		arrivals_advance(&arrivals);
	}
}

TEST(after_a_hundred_days_rounding_is_below_two_nanoseconds)
{
	const int64_t days = 100 * INT64_C(86400), rate = 1000003;
	struct arrivals arrivals =
		begin((struct arrivals_plan){ .from = (double)rate, .to = (double)rate });
	uint64_t skipped = arrivals_skip(&arrivals, mono_add(start, days * NS_PER_SEC));

	assert_int_equal(skipped, days * rate);
	for (int64_t k = 0; k < 1000; k++) {
		double exact = (double)k * 1e9 / (double)rate;
		int64_t beyond = mono_since(arrivals.next, start) - days * NS_PER_SEC;

		assert_true(fabs((double)beyond - exact) <= 2.0);
		arrivals_advance(&arrivals);
	}
}

TEST(skipping_is_the_same_as_advancing)
{
	static const int64_t spans[] = { 0,          1,          999,
		                         333333333,  333333334,  1000000000,
		                         2500000000, 4000000000, 9000000000 };
	static const struct arrivals_plan plans[] = {
		{ .from = 1000, .to = 1000 },
		{ .from = 3, .to = 3 },
		{ .from = 10, .to = 500, .level = NS_PER_SEC, .ramp = 3 * NS_PER_SEC },
		{ .from = 500, .to = 0, .level = NS_PER_SEC, .ramp = 3 * NS_PER_SEC },
		{ .from = 0, .to = 500, .level = NS_PER_SEC, .ramp = 3 * NS_PER_SEC },
		{ .from = 400, .to = 400, .poisson = true },
	};

	for (size_t i = 0; i < COUNT(plans); i++) {
		for (size_t j = 0; j < COUNT(spans); j++) {
			struct arrivals one = begin(plans[i]), other = begin(plans[i]);
			struct mono until = mono_add(start, spans[j]);
			uint64_t count = 0;

			for (; mono_before(one.next, until); count++)
				arrivals_advance(&one);
			assert_int_equal(arrivals_skip(&other, until), count);
			assert_int_equal(other.next.ns, one.next.ns);
			assert_int_equal(arrivals_skip(&other, until), 0);
		}
	}
}

TEST(a_ramp_is_as_many_as_its_integral_and_even_in_between)
{
	/* From 100/s to 300/s in 10 s: 2000 requests; a second at 100/s before. */
	struct arrivals arrivals = begin((struct arrivals_plan){
		.from = 100, .to = 300, .level = NS_PER_SEC, .ramp = 10 * NS_PER_SEC });
	struct mono before = arrivals.next;
	double gap_before = (double)INFINITY;
	int64_t count = 0;

	for (; mono_since(arrivals.next, start) < 11 * NS_PER_SEC; count++) {
		double time = (double)mono_since(arrivals.next, start) / 1e9;
		double gap = (double)mono_since(arrivals.next, before) / 1e9;
		double rate = 100 + 20 * fmax(0, time - 1);

		if (count > 0) {
			assert_true(gap <= gap_before + 1e-8);
			/* The rate in the middle of the gap is its inverse. */
			assert_true(fabs(gap * (rate - 10 * gap) - 1) < 1e-2);
			gap_before = gap;
		}
		before = arrivals.next;
		arrivals_advance(&arrivals);
	}
	assert_int_equal(count, 100 + 2000);
	/* Where the ramp has ended the rate stays. */
	before = arrivals.next;
	arrivals_advance(&arrivals);
	assert_true(fabs((double)mono_since(arrivals.next, before) - 1e9 / 300) < 2);
}

TEST(a_ramp_may_begin_at_nothing_and_end_there)
{
	struct arrivals up = begin((struct arrivals_plan){ .to = 1000, .ramp = NS_PER_SEC });
	struct arrivals down =
		begin((struct arrivals_plan){ .from = 1000, .ramp = NS_PER_SEC });
	struct mono end = mono_add(start, NS_PER_SEC);

	assert_int_equal(mono_since(up.next, start), 0);
	assert_int_equal(arrivals_skip(&up, end), 500);
	assert_int_equal(arrivals_skip(&down, end), 500);
	assert_true(mono_since(down.next, end) >= 0);
	arrivals_advance(&down);
	assert_int_equal(down.next.ns, MONO_NEVER.ns);
	struct arrivals none = begin((struct arrivals_plan){ 0 });

	assert_int_equal(none.next.ns, MONO_NEVER.ns);
	assert_int_equal(arrivals_skip(&none, end), 0);
}

TEST(poisson_gaps_average_the_interval_and_have_its_deviation)
{
	enum { N = 200000 };
	const double interval = 1e6;
	struct arrivals arrivals =
		begin((struct arrivals_plan){ .from = 1000, .to = 1000, .poisson = true });
	double sum = 0, squares = 0;
	struct mono before = start;

	for (int i = 0; i < N; i++) {
		double gap = (double)mono_since(arrivals.next, before);

		assert_true(gap >= 0);
		sum += gap;
		squares += gap * gap;
		before = arrivals.next;
		arrivals_advance(&arrivals);
	}
	double mean = sum / N;

	assert_true(mean > 0.99 * interval && mean < 1.01 * interval);
	assert_true(squares / N - mean * mean > 0.97 * interval * interval);
	assert_true(squares / N - mean * mean < 1.03 * interval * interval);
}

TEST(a_poisson_process_follows_a_ramp)
{
	struct arrivals arrivals = begin((struct arrivals_plan){
		.from = 0, .to = 20000, .ramp = 10 * NS_PER_SEC, .poisson = true });
	uint64_t first = arrivals_skip(&arrivals, mono_add(start, 5 * NS_PER_SEC));
	uint64_t second = arrivals_skip(&arrivals, mono_add(start, 10 * NS_PER_SEC));

	/* 25000 and 75000, with deviations of 158 and 274. */
	assert_in_range(first, 24200, 25800);
	assert_in_range(second, 73600, 76400);
}

TEST(the_same_seed_gives_the_same_instants)
{
	struct arrivals_plan plan = { .from = 1000, .to = 1000, .poisson = true };
	struct arrivals one = begin(plan), same = begin(plan), other = begin(plan);

	arrivals_init(&other, &one.plan, 8);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(one.next.ns, same.next.ns);
		assert_int_not_equal(one.next.ns, other.next.ns);
		arrivals_advance(&one);
		arrivals_advance(&same);
		arrivals_advance(&other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(even_distances_begin_at_the_start_and_never_drift),
		cmocka_unit_test(after_a_hundred_days_rounding_is_below_two_nanoseconds),
		cmocka_unit_test(skipping_is_the_same_as_advancing),
		cmocka_unit_test(a_ramp_is_as_many_as_its_integral_and_even_in_between),
		cmocka_unit_test(a_ramp_may_begin_at_nothing_and_end_there),
		cmocka_unit_test(poisson_gaps_average_the_interval_and_have_its_deviation),
		cmocka_unit_test(a_poisson_process_follows_a_ramp),
		cmocka_unit_test(the_same_seed_gives_the_same_instants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
