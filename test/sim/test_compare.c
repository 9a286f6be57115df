/* SPDX-License-Identifier: MIT */
/* Runs that do not differ, compared a thousand times over: how often is a difference claimed?  And runs that
 * do: how often is it found?  Seeded, so it is the same a thousand each time. */
#include <math.h>

#include "core/clock.h"
#include "core/shift.h"
#include "unit.h"

/* What is allowed of RUNS: 5 %, and on top as much as chance gives one of a thousand times (binomial: 50 +
 * 3.1 * sqrt(1000 * 0.05 * 0.95)). */
enum { RUNS = 1000, ALARMS_MOST = 71, SAMPLES = 1000, RESAMPLES = 200 };
/* Likewise: 5, and what chance adds. */
enum { LOADS = 100, LOAD_ALARMS_MOST = 11, ANSWERS = 2000, SECONDS = 10 };

static double uniform(struct random *random)
{
	return ((double)(random_next(random) >> 11) + 0.5) * 0x1p-53;
}

static double normal(struct random *random)
{
	return sqrt(-2 * log(uniform(random))) * cos(6.283185307179586 * uniform(random));
}

/* A network: what the next round trip is, in ms; it remembers its state. */
struct network {
	double (*next)(struct network *network);
	struct random *random;
	double state;
};

static double lognormal(struct network *network)
{
	return exp(0.5 * normal(network->random));
}

/* First order, with a correlation of 0.9 between neighbours. */
static double correlated(struct network *network)
{
	network->state = 0.9 * network->state + sqrt(1 - 0.81) * normal(network->random);
	return exp(0.5 * network->state);
}

/* Quiet, but one in fifty begins a burst of ten on average, three times as slow. */
static double bursty(struct network *network)
{
	bool burst = network->state > 0;

	burst = uniform(network->random) < (burst ? 0.9 : 0.02);
	network->state = burst ? 1 : 0;
	return exp(0.2 * normal(network->random)) * (burst ? 3 : 1);
}

static double steady(struct network *network)
{
	return 1 + 0.1 * normal(network->random);
}

typedef void measurer(struct course *course, struct network network, double more);

/* It settles before it is measured. */
static void measure(struct course *course, struct network network, double more)
{
	course_init(course);
	for (size_t i = 0; i < 100; i++)
		(void)network.next(&network);
	for (size_t i = 0; i < SAMPLES; i++) {
		double rtt = (network.next(&network) + more) * (double)NS_PER_MS;

		assert_int_equal(course_add(course, llround(rtt), COURSE_MOST), 0);
	}
}

/* The same as a load has it in the end: a histogram, and the number and mean of each of ten seconds. */
static void add_load(struct course *course, struct network network, double more)
{
	struct stretches stretches = { 0 };
	struct histogram histogram;
	double all = 0, second = 0;

	assert_int_equal(histogram_init(&histogram, HISTOGRAM_FINE), 0);
	for (size_t i = 1; i <= ANSWERS; i++) {
		double rtt = (network.next(&network) + more) * (double)NS_PER_MS;

		histogram_record(&histogram, llround(rtt));
		all += rtt;
		second += rtt;
		if (i % (ANSWERS / SECONDS) == 0) {
			stretches_add(&stretches, ANSWERS / SECONDS,
			              second * SECONDS / ANSWERS);
			second = 0;
		}
	}
	struct histogram_range range = histogram_range(&histogram);
	const struct course_counts counts = {
		.schema = HISTOGRAM_FINE,
		.offset = range.offset,
		.length = range.length,
		.counts = range.counts,
		.mean = all / ANSWERS,
		.stretches = &stretches,
	};

	assert_int_equal(course_add_counts(course, &counts), 0);
	histogram_done(&histogram);
}

static void measure_load(struct course *course, struct network network, double more)
{
	course_init(course);
	add_load(course, network, more);
}

/* Those in order, and a load behind them. */
static void measure_both(struct course *course, struct network network, double more)
{
	measure(course, network, more);
	add_load(course, network, more);
}

/* How many of the comparisons of a network with itself, slower by `more` ms, tell a difference; and that of the
 * median. */
static size_t count_found(measurer *measures, double (*next)(struct network *network),
                          double more, size_t runs, size_t *median)
{
	struct random random;
	struct network network = { .next = next, .random = &random };
	size_t found = 0;

	random_seed(&random, 42);
	*median = 0;
	for (size_t run = 0; run < runs; run++) {
		struct course a, b;
		struct shift_result result;
		bool any = false;

		measures(&a, network, 0);
		measures(&b, network, more);
		assert_int_equal(shift_compare(&a, &b, run, RESAMPLES, &result), 0);
		for (size_t j = 0; j < SHIFTS; j++)
			any = any || shift_is_real(&result.shifts[j]);
		found += any;
		*median += shift_is_real(&result.shifts[0]) && result.shifts[0].low > 0;
		course_done(&a);
		course_done(&b);
	}
	return found;
}

static void assert_hardly_any_alarm(const char *name, double (*next)(struct network *network))
{
	size_t median, found = count_found(measure, next, 0, RUNS, &median);

	print_message("%s: %zu of %d\n", name, found, RUNS);
	assert_true(found <= ALARMS_MOST);
	assert_true(found > 0); /* or the intervals are wider than they say */
}

TEST(where_nothing_differs_hardly_a_difference_is_claimed)
{
	assert_hardly_any_alarm("lognormal", lognormal);
}

TEST(nor_where_neighbours_resemble_each_other)
{
	assert_hardly_any_alarm("correlated", correlated);
}

TEST(nor_where_slowness_comes_in_bursts)
{
	assert_hardly_any_alarm("bursts", bursty);
}

TEST(nor_of_loads_which_have_no_order)
{
	static double (*const networks[])(struct network *) = { lognormal, correlated, bursty };

	for (size_t i = 0; i < COUNT(networks); i++) {
		size_t median,
			found = count_found(measure_load, networks[i], 0, LOADS, &median);

		print_message("loads: %zu of %d\n", found, LOADS);
		assert_true(found <= LOAD_ALARMS_MOST);
	}
}

TEST(nor_where_some_are_in_order_and_some_are_not)
{
	size_t median, found = count_found(measure_both, correlated, 0, LOADS / 2, &median);

	print_message("both: %zu of %d\n", found, LOADS / 2);
	assert_true(found <= LOAD_ALARMS_MOST / 2 + 2); /* chance adds more to fewer */
}

TEST(a_fifth_of_a_millisecond_more_of_a_load_is_found)
{
	size_t median;

	(void)count_found(measure_load, steady, 0.2, 100, &median);
	assert_true(median >= 95);
}

TEST(a_fifth_of_a_millisecond_on_one_is_found)
{
	size_t median;

	(void)count_found(measure, steady, 0.2, 200, &median);
	print_message("found %zu of 200\n", median);
	assert_true(median >= 190);
}

/* A probe is lost with that chance behind one that was not, and behind one that was. */
static struct shift_losses lose(struct random *random, double first, double next)
{
	struct shift_losses losses = { .settled = SAMPLES };
	bool before = false;

	for (size_t i = 0; i < SAMPLES; i++) {
		bool lost = uniform(random) < (before ? next : first);

		losses.lost += lost;
		losses.runs += lost && !before;
		before = lost;
	}
	return losses;
}

static size_t count_losses(double first, double next)
{
	struct random random;
	size_t found = 0;

	random_seed(&random, 42);
	for (size_t run = 0; run < RUNS; run++) {
		struct shift_losses a = lose(&random, first, next);
		struct shift_losses b = lose(&random, first, next);
		struct shift shift = shift_compare_losses(&a, &b);

		found += shift_is_real(&shift);
	}
	print_message("losses: %zu of %d\n", found, RUNS);
	return found;
}

/* 1 %, and what chance adds to it. */
TEST(losses_that_do_not_differ_are_hardly_told_apart)
{
	assert_true(count_losses(0.01, 0.01) <= 20);
}

TEST(nor_are_those_that_come_in_rows)
{
	assert_true(count_losses(0.005, 0.9) <= 20);
}

/* --- losses of loads --- */

enum { RATE = 10000, HICCUP = 200, SECONDS_MOST = 60 };

/* A server: how many hiccups there are in a run, all of whose HICCUP requests are lost, and what share of the
 * others is. */
struct server {
	double hiccups, evenly;
	size_t seconds;
};

static uint64_t poisson(struct random *random, double mean)
{
	double left = mean + log(uniform(random));
	uint64_t count = 0;

	while (left > 0) {
		left += log(uniform(random));
		count++;
	}
	return count;
}

/* Lost requests of each second; a hiccup may reach into the next. */
static void have_hiccups(struct random *random, const struct server *server, uint64_t *lost)
{
	uint64_t all = server->seconds * RATE;

	for (uint64_t left = poisson(random, server->hiccups); left > 0; left--) {
		uint64_t first = random_next(random) % (all - HICCUP);

		for (uint64_t i = first; i < first + HICCUP; i++)
			lost[i / RATE]++;
	}
}

static struct shift_losses load(struct random *random, const struct server *server)
{
	struct shift_losses losses = { .loose_settled = server->seconds * RATE };
	uint64_t lost[SECONDS_MOST] = { 0 };

	have_hiccups(random, server, lost);
	for (size_t i = 0; i < server->seconds; i++) {
		uint64_t here = lost[i] + poisson(random, server->evenly * RATE);

		here = here < RATE ? here : RATE;
		losses.loose_lost += here;
		stretches_add(&losses.seconds, RATE, (double)here / RATE);
	}
	losses.lost = losses.loose_lost;
	losses.settled = losses.loose_settled;
	return losses;
}

static size_t count_loads(const struct server *before, const struct server *after, size_t runs)
{
	struct random random;
	size_t found = 0;

	random_seed(&random, 42);
	for (size_t run = 0; run < runs; run++) {
		struct shift_losses a = load(&random, before), b = load(&random, after);
		struct shift shift = shift_compare_losses(&a, &b);

		assert_true(shift.bounded);
		found += shift_is_real(&shift);
	}
	print_message("losses of loads: %zu of %zu\n", found, runs);
	return found;
}

TEST(nor_are_those_of_loads_that_had_hiccups)
{
	static const struct server servers[] = {
		{ 1, 0, 10 }, { 5, 0, 10 }, { 3, 0, 3 }, { 10, 0.0001, 30 }, { 0, 0.001, 10 },
	};

	for (size_t i = 0; i < COUNT(servers); i++)
		assert_true(count_loads(&servers[i], &servers[i], RUNS) <= 20);
}

TEST(losses_of_loads_that_differ_are_found)
{
	const struct server few = { 0, 0.001, 30 }, more = { 0, 0.01, 30 };
	const struct server once = { 1, 0, 30 }, often = { 30, 0, 30 };

	assert_true(count_loads(&few, &more, 100) == 100);
	assert_true(count_loads(&more, &few, 100) == 100);
	assert_true(count_loads(&once, &often, 100) >= 95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_nothing_differs_hardly_a_difference_is_claimed),
		cmocka_unit_test(nor_where_neighbours_resemble_each_other),
		cmocka_unit_test(nor_where_slowness_comes_in_bursts),
		cmocka_unit_test(nor_of_loads_which_have_no_order),
		cmocka_unit_test(nor_where_some_are_in_order_and_some_are_not),
		cmocka_unit_test(a_fifth_of_a_millisecond_more_of_a_load_is_found),
		cmocka_unit_test(a_fifth_of_a_millisecond_on_one_is_found),
		cmocka_unit_test(losses_that_do_not_differ_are_hardly_told_apart),
		cmocka_unit_test(nor_are_those_that_come_in_rows),
		cmocka_unit_test(nor_are_those_of_loads_that_had_hiccups),
		cmocka_unit_test(losses_of_loads_that_differ_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
