/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "core/random.h"
#include "core/skew.h"
#include "unit.h"

enum { FORWARD = 5000000, REVERSE = 3000000 };

static struct skew_point at(int64_t t, int64_t raw)
{
	return (struct skew_point){ { NS_PER_SEC + t }, raw };
}

/* Probes without queueing of a clock that runs by rate too fast. */
static void add_clean(struct skew *skew, int64_t t, double rate)
{
	int64_t gained = llround(rate * (double)t);
	int64_t later = llround(rate * (double)(t + FORWARD + REVERSE));

	(void)skew_add(skew, at(t, FORWARD + gained),
	               at(t + FORWARD + REVERSE, REVERSE - later));
}

TEST(without_queueing_the_rate_is_exact)
{
	static const double rates[] = { -400e-6, -100e-6, 0, 1e-6, 100e-6 };

	for (size_t i = 0; i < COUNT(rates); i++) {
		struct skew skew;

		skew_init(&skew, 0);
		for (int64_t t = 0; t < 1000; t++)
			add_clean(&skew, t * NS_PER_SEC, rates[i]);
		assert_true(fabs(skew.rate - rates[i]) < 1e-10);
		assert_true(skew.low <= rates[i] && rates[i] <= skew.high);
	}
}

TEST(before_two_probes_nothing_but_the_prior_is_known)
{
	struct skew skew;

	skew_init(&skew, 0);
	assert_true(skew.low == -SKEW_PRIOR && skew.high == SKEW_PRIOR);
	add_clean(&skew, 0, 50e-6);
	assert_true(skew.rate == 0);
	assert_true(skew.low == -SKEW_PRIOR && skew.high == SKEW_PRIOR);
}

TEST(the_range_is_the_round_trip_over_the_time_and_the_wander)
{
	struct skew skew;

	skew_init(&skew, 0);
	for (int64_t t = 0; t <= 1000; t++)
		add_clean(&skew, t * NS_PER_SEC, 0);
	double width = 2.0 * (FORWARD + REVERSE) / (double)skew_span(&skew);

	assert_true(skew.high - skew.low >= width + 4 * SKEW_WANDER - 1e-9);
	assert_true(skew.high - skew.low <= 1.2 * width + 4 * SKEW_WANDER);
}

TEST(its_memory_never_grows_and_spans_an_hour)
{
	struct skew skew;
	size_t most = 0;

	skew_init(&skew, 0);
	for (int64_t t = 0; t < 30000; t++) {
		add_clean(&skew, t * NS_PER_SEC, 20e-6);
		most = skew.count > most ? skew.count : most;
	}
	assert_int_equal(most, SKEW_BUCKETS);
	assert_in_range(skew_span(&skew), (SKEW_BUCKETS - 2) * SKEW_WIDEST,
	                SKEW_BUCKETS * SKEW_WIDEST);
	assert_int_equal(skew.width, SKEW_WIDEST);
	assert_int_equal(skew.contradictions, 0);
}

TEST(a_pause_longer_than_its_memory_leaves_only_what_came_after)
{
	struct skew skew;

	skew_init(&skew, 0);
	for (int64_t t = 0; t < 100; t++)
		add_clean(&skew, t * NS_PER_SEC, 20e-6);
	add_clean(&skew, INT64_C(2) * SKEW_BUCKETS * SKEW_WIDEST, 20e-6);
	assert_int_equal(skew.count, 1);
	assert_true(skew.low == -SKEW_PRIOR);
}

TEST(a_route_that_changes_one_way_does_not_move_the_rate)
{
	struct skew skew;
	struct random random;

	random_seed(&random, 7);
	skew_init(&skew, 0);
	for (int64_t t = 0; t < 3000; t++) {
		int64_t ns = t * NS_PER_SEC, gained = t * 10000; /* 10 ppm */
		int64_t queued = (int64_t)(random_next(&random) % 20000);

		(void)skew_add(&skew,
		               at(ns, (t < 1500 ? 1 : INT64_C(2)) * FORWARD + gained + queued),
		               at(ns + INT64_C(4) * FORWARD, REVERSE - gained - 200 + queued));
	}
	assert_true(fabs(skew.rate - 10e-6) < 10e-9);
}

TEST(a_rate_beyond_what_is_assumed_widens_the_wander)
{
	struct skew skew;

	skew_init(&skew, 0);
	for (int64_t t = 0; t < 2000; t++)
		add_clean(&skew, t * NS_PER_SEC, 0);
	/* 100 ppm from here: in 200 s that is more than the round trip. */
	for (int64_t t = 1; t < 400; t++)
		(void)skew_add(&skew, at((2000 + t) * NS_PER_SEC, FORWARD + t * 100000),
		               at((2000 + t) * NS_PER_SEC + FORWARD + REVERSE,
		                  REVERSE - t * 100000 - 800));
	assert_true(skew.contradictions > 0);
	assert_true(skew.wander > SKEW_WANDER);
	assert_true(skew.widest < SKEW_WIDEST);
}

TEST(what_is_forgotten_for_a_step_is_not_the_rate)
{
	struct skew skew;

	skew_init(&skew, 0);
	for (int64_t t = 0; t < 100; t++)
		add_clean(&skew, t * NS_PER_SEC, 20e-6);
	skew_forget(&skew);
	assert_true(fabs(skew.rate - 20e-6) < 1e-9);
	assert_true(skew.low == -SKEW_PRIOR && skew.high == SKEW_PRIOR);
	assert_int_equal(skew_span(&skew), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_queueing_the_rate_is_exact),
		cmocka_unit_test(before_two_probes_nothing_but_the_prior_is_known),
		cmocka_unit_test(the_range_is_the_round_trip_over_the_time_and_the_wander),
		cmocka_unit_test(its_memory_never_grows_and_spans_an_hour),
		cmocka_unit_test(a_pause_longer_than_its_memory_leaves_only_what_came_after),
		cmocka_unit_test(a_route_that_changes_one_way_does_not_move_the_rate),
		cmocka_unit_test(a_rate_beyond_what_is_assumed_widens_the_wander),
		cmocka_unit_test(what_is_forgotten_for_a_step_is_not_the_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
