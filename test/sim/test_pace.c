/* SPDX-License-Identifier: MIT */
/* When the next probe is due: by a Poisson process, or by the answer to the one before. */
#include <stdlib.h>

#include "sim/world.h"

static struct settings paced(enum session_pace pace)
{
	return (struct settings){
		.ops = &sim_for_all,
		.targets = 1,
		.count = 2000,
		.interval = 100 * NS_PER_MS,
		.timeout = NS_PER_SEC,
		.seed = 1,
		.lag = 50 * NS_PER_US,
		.pace = pace,
		.weather = { .delay = 5 * NS_PER_MS, .spread = 10 * NS_PER_MS },
	};
}

/* --- by a Poisson process --- */

static int64_t due_at(const struct world *world, uint64_t sequence)
{
	return mono_since(world_record(world, 0, sequence)->due, world->start);
}

TEST(poisson_gaps_average_the_interval_and_none_is_negative)
{
	struct settings settings = paced(PACE_POISSON);
	struct world *world = world_new(&settings);
	double squares = 0;

	world_run(world);
	world_check(world);
	for (uint64_t s = 2; s <= (uint64_t)settings.count; s++) {
		double gap = (double)(due_at(world, s) - due_at(world, s - 1));

		assert_true(gap >= 0);
		squares += gap * gap;
	}
	double n = (double)settings.count - 1, interval = (double)settings.interval;
	double mean = (double)due_at(world, (uint64_t)settings.count) / n;

	assert_true(mean > 0.9 * interval && mean < 1.1 * interval);
	/* Of an exponential distribution the mean square is twice the square of the mean. */
	assert_true(squares / n > 1.7 * mean * mean && squares / n < 2.3 * mean * mean);
	world_free(world);
}

/* The schedule alone, of a network that does what it likes. */
static void poisson_schedule(uint64_t seed, bool foul, int64_t *dues)
{
	struct settings settings = paced(PACE_POISSON);

	settings.seed = seed;
	if (foul)
		settings.weather = (struct weather){
			.delay = NS_PER_MS,
			.spread = 80 * NS_PER_MS,
			.lost = 100,
			.twice = 50,
			.forged = 50,
		};
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	for (uint64_t s = 1; s <= (uint64_t)settings.count; s++)
		dues[s - 1] = due_at(world, s);
	world_free(world);
}

TEST(the_schedule_follows_from_the_seed_whatever_the_network_does)
{
	enum { COUNT_OF = 2000 };
	int64_t *dues = calloc(COUNT_OF, 3 * sizeof(int64_t));
	int64_t *fair = dues, *foul = dues + COUNT_OF, *other = foul + COUNT_OF;
	int same = 0;

	assert_non_null(dues);
	poisson_schedule(1, false, fair);
	poisson_schedule(1, true, foul);
	poisson_schedule(2, false, other);
	for (int i = 0; i < COUNT_OF; i++) {
		assert_int_equal(fair[i], foul[i]);
		same += fair[i] == other[i];
	}
	assert_true(same < 2); /* the first is due at once */
	free(dues);
}

TEST(after_a_stall_a_poisson_process_does_not_burst_either)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = paced(PACE_POISSON);

		settings.seed = seed;
		settings.count = 500;
		settings.weather.lost = settings.weather.unsent = 20;
		for (int64_t i = 0; i < 8; i++)
			settings.mishaps[i] = (struct mishap){
				.at = (1 + 5 * i) * NS_PER_SEC + (int64_t)seed * 13 * NS_PER_MS,
				.kind = MISHAP_STALL,
				.span = (1 + i) * (int64_t)seed * 20 * NS_PER_MS,
			};
		/* world_check() knows how close two probes may come. */
		struct tally tally = world_live(&settings);

		assert_true(tally.unsent > 0);
	}
}

/* --- by answers --- */

/* No probe leaves before the one before has its answer, unless the interval is over; nor much later. */
static void check_pace(const struct world *world, uint32_t target)
{
	const struct settings *settings = &world->settings;
	int64_t slack = settings->lag + NS_PER_US;
	struct mono older = { 0 }; /* when the last of those before had its fate */

	for (uint64_t s = 2; s <= (uint64_t)settings->count; s++) {
		const struct record *before = world_record(world, target, s - 1);
		const struct record *record = world_record(world, target, s);

		older.ns = span_max(older.ns,
		                    s > 2 ? world_record(world, target, s - 2)->told.ns : 0);
		if (before->fate == FATE_UNSENT || record->fate == FATE_UNSENT)
			continue;
		int64_t gap = mono_since(record->called, before->called);
		int64_t answer = mono_since(before->told, before->called);
		int64_t earliest = span_max(answer, settings->least_gap);

		assert_true(gap >= span_min(earliest, settings->interval));
		assert_true(gap <= settings->interval + slack);
		/* An older one that is still awaited holds the next back to its interval. */
		if (before->fate == FATE_ANSWERED && mono_before(older, before->told))
			assert_true(gap <= span_min(earliest, settings->interval) + slack);
	}
}

TEST(an_answer_brings_the_next_probe_forward)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct settings settings = paced(PACE_ANSWERS);

		settings.seed = seed;
		settings.targets = 10;
		settings.count = 300;
		settings.timeout = 300 * NS_PER_MS;
		settings.weather.lost = settings.weather.refused = 20;
		settings.weather.stamped = seed % 2;
		settings.stamping = STAMPING_RECEIPT;
		struct world *world = world_new(&settings);

		world_run(world);
		world_check(world);
		for (uint32_t i = 0; i < settings.targets; i++)
			check_pace(world, i);
		world_free(world);
	}
}

TEST(two_probes_never_leave_closer_than_the_least_gap)
{
	struct settings settings = paced(PACE_ANSWERS);

	settings.least_gap = 12 * NS_PER_MS; /* in the midst of the round trips */
	settings.weather.lost = settings.weather.unsent = 20;
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	check_pace(world, 0);
	world_free(world);
}

TEST(a_dead_target_is_asked_once_per_interval)
{
	struct settings settings = paced(PACE_ANSWERS);

	settings.count = 100;
	settings.lag = 0;
	settings.weather.dead = 1000;
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	assert_int_equal(world_tally(world).lost, settings.count);
	for (uint64_t s = 2; s <= (uint64_t)settings.count; s++)
		assert_int_equal(mono_since(world_record(world, 0, s)->called,
		                            world_record(world, 0, s - 1)->called),
		                 settings.interval);
	world_free(world);
}

TEST(a_wakening_long_overdue_makes_no_burst)
{
	struct settings settings = paced(PACE_ANSWERS);

	settings.count = 500;
	settings.least_gap = NS_PER_MS;
	for (int64_t i = 0; i < 5; i++)
		settings.mishaps[i] = (struct mishap){ (1 + i) * NS_PER_SEC, MISHAP_STALL,
			                               (1 + i) * 190 * NS_PER_MS };
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.transmitted, settings.count);
	assert_int_equal(tally.lost, 0);
}

/* Where departures are not stamped, keys may be left out, and one channel carries thousands. */
static struct world *crowd(unsigned dead, unsigned slow, enum stamping stamping)
{
	struct settings settings = paced(PACE_ANSWERS);

	settings.targets = 1000;
	settings.count = 20;
	settings.lag = 0;
	settings.interval = NS_PER_SEC;
	settings.timeout = 2 * NS_PER_SEC;
	settings.stamping = stamping;
	settings.weather.stamped = true;
	settings.weather.dead = dead;
	settings.weather.slow = slow;
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	return world;
}

TEST(the_dead_and_the_slow_delay_nobody_else)
{
	static const enum stamping stampings[] = { STAMPING_RECEIPT, STAMPING_KERNEL,
		                                   STAMPING_USER };

	for (size_t k = 0; k < COUNT(stampings); k++) {
		struct world *world = crowd(200, 200, stampings[k]);
		uint32_t dead = 0, slow = 0;

		for (uint32_t i = 0; i < world->settings.targets; i++) {
			const struct target *target = world->session->targets[i];
			bool lost = world_is_dead(world, i);

			dead += lost;
			slow += !lost && world_is_slow(world, i);
			assert_int_equal(target->tally.unsent, 0);
			assert_int_equal(target->tally.transmitted, world->settings.count);
			assert_int_equal(lost ? target->tally.lost : target->tally.received,
			                 world->settings.count);
			/* Departures that are stamped are counted: no key is left out for those who
			 * occupy their places. */
			if (!lost && stampings[k] != STAMPING_KERNEL)
				check_pace(world, i);
		}
		assert_true(dead > 100 && slow > 100);
		world_free(world);
	}
}

TEST(dead_targets_alone_fill_no_table)
{
	struct world *world = crowd(1000, 0, STAMPING_RECEIPT);
	struct tally tally = world_tally(world);

	assert_int_equal(tally.unsent, 0);
	assert_int_equal(tally.lost, 1000 * world->settings.count);
	world_free(world);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(poisson_gaps_average_the_interval_and_none_is_negative),
		cmocka_unit_test(the_schedule_follows_from_the_seed_whatever_the_network_does),
		cmocka_unit_test(after_a_stall_a_poisson_process_does_not_burst_either),
		cmocka_unit_test(an_answer_brings_the_next_probe_forward),
		cmocka_unit_test(two_probes_never_leave_closer_than_the_least_gap),
		cmocka_unit_test(a_dead_target_is_asked_once_per_interval),
		cmocka_unit_test(a_wakening_long_overdue_makes_no_burst),
		cmocka_unit_test(the_dead_and_the_slow_delay_nobody_else),
		cmocka_unit_test(dead_targets_alone_fill_no_table),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
