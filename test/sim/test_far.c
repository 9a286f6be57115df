/* SPDX-License-Identifier: MIT */
/* One-way delay by clocks that nobody synchronised: a simulated far end whose truth is known.  The bound
 * is asserted for every single probe. */
#include <math.h>
#include <stdlib.h>

#include "sim/far.h"
#include "unit.h"

enum { SEEDS = 10, PROBES = 3000, GRAIN = 10 };

#define HOUR (3600 * NS_PER_SEC)

/* Two machines in one rack; an office; a path around the world, ten times as long one way. */
static const struct far_options places[] = {
	{ .interval = 100 * NS_PER_MS,
	  .forward = { 20000, 3000, 200000, 0 },
	  .reverse = { 25000, 3000, 200000, 0 } },
	{ .interval = 200 * NS_PER_MS,
	  .forward = { 100000, 30000, 2e6, 0 },
	  .reverse = { 100000, 50000, 1e6, 0 } },
	{ .interval = NS_PER_SEC,
	  .forward = { 100 * NS_PER_MS, 1e6, 5e6, 0 },
	  .reverse = { 10 * NS_PER_MS, 1e5, 5e6, 0 } },
	{ .interval = NS_PER_MS,
	  .forward = { 5 * NS_PER_MS, 1e6, 5e6, 0 },
	  .reverse = { 5 * NS_PER_MS, 1e6, 5e6, 0 } },
};

static struct far_options at_place(size_t place, uint64_t seed)
{
	struct far_options options = places[place];

	options.seed = seed;
	options.probes = PROBES;
	options.loss = 0.02;
	options.residence = 20000;
	options.offset = 1700000000 * NS_PER_SEC + (seed % 2 ? HOUR : -HOUR);
	options.skew = seed % 3 ? 100e-6 : -100e-6;
	return options;
}

struct run {
	struct far far;
	struct oneway oneway;
	struct oneway_probe probe;
	struct far_truth truth, last;
	struct oneway_result result;
	uint64_t answered, stepped, suspicious;
	int64_t least_forward, least_reverse; /* ns, since the last step */
};

static void begin(struct run *run, const struct far_options *options)
{
	*run = (struct run){ .least_forward = INT64_MAX, .least_reverse = INT64_MAX };
	far_init(&run->far, options);
	oneway_init(&run->oneway, GRAIN);
}

/* The next probe that is answered. */
static bool next(struct run *run)
{
	run->last = run->truth;
	do {
		if (!far_next(&run->far, &run->probe, &run->truth))
			return false;
	} while (run->truth.lost);
	run->answered++;
	return true;
}

static void take(struct run *run)
{
	if (run->truth.steps != run->last.steps)
		run->least_forward = run->least_reverse = INT64_MAX;
	run->least_forward = span_min(run->least_forward, run->truth.forward);
	run->least_reverse = span_min(run->least_reverse, run->truth.reverse);
	run->result = oneway_add(&run->oneway, &run->probe);
	run->stepped += run->result.verdict == ONEWAY_STEPPED;
	run->suspicious += run->result.verdict == ONEWAY_SUSPICIOUS;
}

static void assert_contains(const struct oneway_delay *delay, int64_t truth)
{
	assert_true(delay->low >= 0);
	assert_in_range(delay->estimate, delay->low, delay->high);
	assert_in_range(truth, delay->low, delay->high);
}

static void assert_bounds(const struct run *run)
{
	assert_int_not_equal(run->result.verdict, ONEWAY_IMPOSSIBLE);
	assert_contains(&run->result.forward, run->truth.forward);
	assert_contains(&run->result.reverse, run->truth.reverse);
}

static void assert_clock(const struct run *run)
{
	struct oneway_clock clock = oneway_clock(&run->oneway);
	int64_t truth = far_offset(&run->far, run->probe.arrived) - run->probe.own_offset;
	double rate = run->far.options.skew * 1e6;

	assert_true(llabs(clock.offset - truth) <= clock.bound);
	assert_true(fabs(clock.skew_ppm - rate) <= clock.skew_bound_ppm);
}

static void play_within_bounds(struct run *run, const struct far_options *options)
{
	begin(run, options);
	while (next(run)) {
		take(run);
		assert_bounds(run);
		assert_clock(run);
	}
}

TEST(the_bound_contains_the_truth_for_every_probe)
{
	for (size_t place = 0; place < COUNT(places); place++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct far_options options = at_place(place, seed);
			struct run run;

			play_within_bounds(&run, &options);
			assert_int_equal(run.stepped, 0);
		}
	}
}

TEST(and_so_it_does_through_bursts_and_changes_of_route)
{
	for (size_t place = 0; place < COUNT(places); place++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct far_options options = at_place(place, seed);
			struct run run;

			options.bursts = 0.2;
			options.burst = 5 * NS_PER_SEC;
			options.forward.reroute = options.forward.least / 2;
			options.reverse.reroute = -options.reverse.least / 2;
			play_within_bounds(&run, &options);
		}
	}
}

TEST(at_any_rate_within_the_prior)
{
	static const double rates[] = { -500e-6, -30e-6, -1e-6, 0, 10e-6, 499e-6 };

	for (size_t i = 0; i < COUNT(rates); i++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct far_options options = at_place(seed % COUNT(places), seed);
			struct run run;

			options.skew = rates[i];
			play_within_bounds(&run, &options);
			assert_int_equal(run.oneway.skew.contradictions, 0);
		}
	}
}

TEST(it_is_nearly_half_the_minimum_round_trip)
{
	for (size_t place = 0; place < COUNT(places); place++) {
		struct far_options options = at_place(place, 1);
		int64_t least = INT64_MAX;
		struct run run;

		begin(&run, &options);
		while (next(&run)) {
			take(&run);
			least = span_min(least, run.result.rtt);
		}
		assert_in_range(oneway_clock(&run.oneway).bound, least / 2 - INT64_C(2) * GRAIN,
		                least * 6 / 10);
	}
}

TEST(a_rate_that_wanders_as_clocks_do_is_within_it)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct far_options options = at_place(seed % 2, seed);
		struct run run;

		options.interval = 2 * NS_PER_SEC;
		options.wander = 0.5e-6;
		begin(&run, &options);
		while (next(&run)) {
			take(&run);
			assert_bounds(&run);
		}
		assert_int_equal(run.oneway.skew.contradictions, 0);
	}
}

TEST(one_that_wanders_more_is_called_unsteady)
{
	struct far_options options = at_place(0, 1);
	struct run run;

	options.interval = 2 * NS_PER_SEC;
	options.wander = 50e-6;
	begin(&run, &options);
	while (next(&run))
		take(&run);
	assert_int_equal(oneway_clock(&run.oneway).knowledge, ONEWAY_UNSTEADY);
}

TEST(the_rate_is_found)
{
	for (size_t place = 0; place < COUNT(places); place++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct far_options options = at_place(place, seed);
			/* What queueing leaves: a share of its mean, over the run. */
			double queueing = options.forward.queueing + options.reverse.queueing;
			double run_ns = (double)options.interval * PROBES;
			struct run run;

			begin(&run, &options);
			while (next(&run))
				take(&run);
			assert_true(fabs(run.oneway.skew.rate - options.skew) <
			            0.25 * queueing / run_ns + 1e-9);
		}
	}
}

/* How far the variations told are off: by share of the probes, in ns. */
struct errors {
	double pdv[2 * PROBES], ipdv[2 * PROBES];
	size_t pdvs, ipdvs;
};

static int by_size(const void *one, const void *other)
{
	const double *a = one, *b = other;

	return *a < *b ? -1 : *a > *b;
}

static double quantile(double *values, size_t count, double q)
{
	assert_true(count > 0);
	qsort(values, count, sizeof(*values), by_size);
	return values[(size_t)(q * (double)(count - 1))];
}

static void note_variations(struct errors *errors, const struct run *run)
{
	const struct oneway_result *result = &run->result;
	int64_t forward = run->truth.forward, reverse = run->truth.reverse;

	if (result->forward.pdv >= 0) {
		errors->pdv[errors->pdvs++] =
			fabs((double)(result->forward.pdv - (forward - run->least_forward)));
		errors->pdv[errors->pdvs++] =
			fabs((double)(result->reverse.pdv - (reverse - run->least_reverse)));
	}
	if (!result->forward.has_ipdv)
		return;
	errors->ipdv[errors->ipdvs++] =
		fabs((double)(result->forward.ipdv - (forward - run->last.forward)));
	errors->ipdv[errors->ipdvs++] =
		fabs((double)(result->reverse.ipdv - (reverse - run->last.reverse)));
}

static void measure_variations(struct errors *errors, struct run *run,
                               const struct far_options *options)
{
	*errors = (struct errors){ 0 };
	begin(run, options);
	while (next(run)) {
		take(run);
		if (run->answered > PROBES / 10)
			note_variations(errors, run);
	}
}

TEST(variation_is_right_within_microseconds_where_queues_are_short)
{
	struct errors *errors = malloc(sizeof(*errors));
	struct run run;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct far_options options = at_place(0, seed);

		measure_variations(errors, &run, &options);
		assert_true(quantile(errors->pdv, errors->pdvs, 0.5) < 1000);
		assert_true(quantile(errors->pdv, errors->pdvs, 0.99) < 3000);
		assert_true(quantile(errors->ipdv, errors->ipdvs, 0.5) < 50);
		assert_true(quantile(errors->ipdv, errors->ipdvs, 0.99) < 200);
	}
	free(errors);
}

TEST(and_within_a_tenth_of_the_queueing_elsewhere)
{
	struct errors *errors = malloc(sizeof(*errors));
	struct run run;

	for (size_t place = 1; place < COUNT(places); place++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct far_options options = at_place(place, seed);
			double queueing = options.forward.queueing;

			measure_variations(errors, &run, &options);
			assert_true(quantile(errors->pdv, errors->pdvs, 0.5) < queueing / 10);
			assert_true(quantile(errors->ipdv, errors->ipdvs, 0.99) <
			            queueing / 10);
		}
	}
	free(errors);
}

static const int64_t steps[] = { NS_PER_MS,  -NS_PER_MS, 20 * NS_PER_MS, -128 * NS_PER_MS,
	                         NS_PER_SEC, HOUR,       -HOUR };

TEST(every_step_is_told_with_its_size_and_none_leaves_the_bound)
{
	for (size_t i = 0; i < COUNT(steps); i++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct far_options options = at_place(seed % 2, seed);
			int64_t expected = steps[i];
			struct run run;

			options.step = steps[i];
			options.step_every = 700;
			begin(&run, &options);
			while (next(&run)) {
				take(&run);
				assert_bounds(&run);
				if (run.result.verdict != ONEWAY_STEPPED)
					continue;
				assert_true(llabs(run.result.step - expected) <
				            100 * NS_PER_US);
				expected = -expected;
			}
			assert_int_equal(run.stepped, run.far.steps);
			assert_int_equal(oneway_clock(&run.oneway).steps, run.far.steps);
			assert_in_range(run.suspicious, run.far.steps, 3 * run.far.steps);
		}
	}
}

TEST(one_below_the_round_trip_is_recognised_when_many_probes_agree)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct far_options options = at_place(2, seed);
		struct run run;

		options.forward.queueing = 1e5;
		options.step = 5 * NS_PER_MS;
		options.step_every = 700;
		begin(&run, &options);
		while (next(&run)) {
			take(&run);
			assert_bounds(&run);
		}
		assert_int_equal(run.stepped, run.far.steps);
	}
}

TEST(no_step_reaches_a_variation)
{
	struct errors *errors = malloc(sizeof(*errors));
	struct run run;

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct far_options options = at_place(0, i + 1);

		options.step = steps[i];
		options.step_every = 250;
		measure_variations(errors, &run, &options);
		assert_true(quantile(errors->pdv, errors->pdvs, 1) < 50000);
		assert_true(quantile(errors->ipdv, errors->ipdvs, 1) < 20000);
		assert_true(errors->ipdvs > PROBES);
	}
	free(errors);
}

TEST(queueing_is_hardly_ever_taken_for_a_step)
{
	unsigned wrong = 0;

	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct far_options options = at_place(1 + seed % 3, seed);
		struct run run;

		options.probes = 600;
		options.bursts = 0.3;
		options.burst = 2 * NS_PER_SEC;
		begin(&run, &options);
		while (next(&run))
			take(&run);
		wrong += run.stepped > 0;
	}
	assert_in_range(wrong, 0, 2);
}

TEST(a_single_stamp_gone_wrong_is_no_step)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct far_options options = at_place(0, seed);
		struct run run;

		begin(&run, &options);
		while (next(&run)) {
			bool wrong = run.answered % 100 == 0;

			run.probe.received.ns += wrong ? 7 * NS_PER_SEC : 0;
			run.probe.sent.ns += wrong ? 7 * NS_PER_SEC : 0;
			take(&run);
			if (!wrong)
				assert_bounds(&run);
		}
		assert_int_equal(run.stepped, 0);
	}
}

static void declare(struct run *run, int64_t error, int64_t lie)
{
	run->probe.own = (struct oneway_claim){ true, error / 2 };
	run->probe.far = (struct oneway_claim){ true, error / 2 };
	/* What our clock would be if the far one were right. */
	run->probe.own_offset = far_offset(&run->far, run->probe.arrived) + lie;
}

TEST(declared_clocks_make_the_bound_as_tight_as_their_errors)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct far_options options = at_place(2, seed);
		struct run run;

		begin(&run, &options);
		while (next(&run)) {
			declare(&run, NS_PER_MS, NS_PER_MS / 2);
			take(&run);
			assert_bounds(&run);
			assert_true(run.result.forward.high - run.result.forward.low <
			            3 * NS_PER_MS);
		}
		struct oneway_clock clock = oneway_clock(&run.oneway);

		assert_int_equal(clock.knowledge, ONEWAY_BY_DECLARATION);
		assert_in_range(clock.bound, 0, NS_PER_MS);
		assert_true(llabs(clock.offset + NS_PER_MS / 2) <= clock.bound);
	}
}

TEST(a_declaration_that_the_stamps_disprove_is_not_used)
{
	struct far_options options = at_place(2, 1);
	struct run run;

	begin(&run, &options);
	while (next(&run)) {
		declare(&run, NS_PER_MS, 300 * NS_PER_MS);
		take(&run);
		assert_bounds(&run);
	}
	assert_int_equal(oneway_clock(&run.oneway).knowledge, ONEWAY_CONTRADICTED);
}

TEST(a_sleep_of_ours_is_no_step_of_the_far_clock)
{
	struct far_options options = at_place(0, 1);
	struct run run;

	options.step = HOUR;
	options.step_every = PROBES / 2;
	begin(&run, &options);
	while (next(&run)) {
		if (run.truth.steps != run.last.steps)
			oneway_renew(&run.oneway);
		take(&run);
		assert_bounds(&run);
	}
	assert_int_equal(run.far.steps, 1);
	assert_int_equal(run.stepped, 0);
}

TEST(a_week_is_within_the_bound_too)
{
	enum { WEEK = 500000 };
	struct far_options options = at_place(2, 1);
	struct run run;

	options.probes = WEEK;
	options.interval = 168 * HOUR / WEEK;
	options.wander = 0.2e-6;
	options.step = -HOUR;
	options.step_every = WEEK / 5;
	begin(&run, &options);
	while (next(&run)) {
		take(&run);
		assert_bounds(&run);
	}
	assert_int_equal(run.stepped, run.far.steps);
	assert_true(fabs(run.oneway.skew.rate - options.skew) < 0.5e-6);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bound_contains_the_truth_for_every_probe),
		cmocka_unit_test(and_so_it_does_through_bursts_and_changes_of_route),
		cmocka_unit_test(at_any_rate_within_the_prior),
		cmocka_unit_test(it_is_nearly_half_the_minimum_round_trip),
		cmocka_unit_test(a_rate_that_wanders_as_clocks_do_is_within_it),
		cmocka_unit_test(one_that_wanders_more_is_called_unsteady),
		cmocka_unit_test(the_rate_is_found),
		cmocka_unit_test(variation_is_right_within_microseconds_where_queues_are_short),
		cmocka_unit_test(and_within_a_tenth_of_the_queueing_elsewhere),
		cmocka_unit_test(every_step_is_told_with_its_size_and_none_leaves_the_bound),
		cmocka_unit_test(one_below_the_round_trip_is_recognised_when_many_probes_agree),
		cmocka_unit_test(no_step_reaches_a_variation),
		cmocka_unit_test(queueing_is_hardly_ever_taken_for_a_step),
		cmocka_unit_test(a_single_stamp_gone_wrong_is_no_step),
		cmocka_unit_test(declared_clocks_make_the_bound_as_tight_as_their_errors),
		cmocka_unit_test(a_declaration_that_the_stamps_disprove_is_not_used),
		cmocka_unit_test(a_sleep_of_ours_is_no_step_of_the_far_clock),
		cmocka_unit_test(a_week_is_within_the_bound_too),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
