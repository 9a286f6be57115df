/* SPDX-License-Identifier: MIT */
/* What the kernel says of departures and arrivals: by a clock that is set, too late, twice, or absurdly. */
#include "sim/world.h"

static struct settings stamped(void)
{
	return (struct settings){
		.ops = &sim_for_all,
		.targets = 1,
		.count = 2000,
		.interval = 10 * NS_PER_MS,
		.timeout = NS_PER_SEC,
		.seed = 1,
		.lag = 50 * NS_PER_US,
		.weather = { .delay = 5 * NS_PER_MS,
		             .spread = 30 * NS_PER_MS,
		             .stamped = true },
	};
}

TEST(where_all_goes_well_every_round_trip_is_the_wires)
{
	struct settings settings = stamped();
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.by_kernel, settings.count);
	assert_int_equal(tally.by_user + tally.distrusted + tally.unmeasured, 0);
}

TEST(where_the_kernel_stamps_receipt_alone_that_stamp_counts)
{
	struct settings settings = stamped();

	settings.stamping = STAMPING_RECEIPT;
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.by_kernel, settings.count);
	settings.stamping = STAMPING_USER;
	tally = world_live(&settings);
	assert_int_equal(tally.by_user, settings.count);
}

/* --- the wall clock is set --- */

TEST(no_step_of_the_wall_clock_reaches_a_round_trip)
{
	static const struct probe_ops *const kinds[] = { &sim_for_all, &sim_for_all_ports,
		                                         &sim_per_target, &sim_per_probe };
	uint64_t by_user = 0, by_kernel = 0;

	for (uint64_t seed = 1; seed <= 24; seed++) {
		struct settings settings = stamped();

		settings.ops = kinds[seed % COUNT(kinds)];
		settings.seed = seed;
		settings.step_first = seed % 3 == 0;
		/* So late that steps fall between an arrival and its reading. */
		settings.lag = (int64_t)(seed % 6) * NS_PER_MS;
		settings.weather.lost = settings.weather.twice = settings.weather.late = 20;
		settings.weather.left_behind = 200;
		settings.weather.behind_least = 1;
		settings.weather.behind_most = 15 * NS_PER_MS;
		world_unsettle(&settings, 200, settings.count * settings.interval);
		struct tally tally = world_live(&settings);

		by_user += tally.by_user;
		by_kernel += tally.by_kernel;
	}
	/* Both have happened, or the test would show nothing. */
	assert_true(by_user > 1000 && by_kernel > 10000);
}

TEST(steps_that_come_to_nothing_between_two_readings_stay_within_the_hosts_own_instants)
{
	struct settings settings = stamped();

	for (size_t i = 0; i + 1 < 200; i += 2) {
		int64_t at = (int64_t)i * 100 * NS_PER_MS + 3 * NS_PER_MS;
		int64_t span = (i % 4 ? 1 : -1) * (int64_t)(i + 1) * NS_PER_MS;

		settings.mishaps[i] = (struct mishap){ at, MISHAP_STEP, span };
		settings.mishaps[i + 1] =
			(struct mishap){ at + 4 * NS_PER_MS, MISHAP_STEP, -span };
	}
	struct world *world = world_new(&settings);

	world_run(world);
	for (uint64_t s = 1; s <= (uint64_t)settings.count; s++) {
		const struct truth *truth = world_truth(world, 0, s);
		const struct record *record = world_record(world, 0, s);

		assert_int_equal(record->fate, FATE_ANSWERED);
		assert_in_range(record->rtt, 0, mono_since(truth->read, truth->called) + 2000);
	}
	world_free(world);
}

TEST(a_round_trip_that_a_sleep_cut_is_not_measured)
{
	static const struct probe_ops *const kinds[] = { &sim_for_all, &sim_per_target,
		                                         &sim_per_probe };

	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct settings settings = stamped();

		settings.ops = kinds[k];
		for (int64_t i = 0; i < 10; i++)
			settings.mishaps[i] =
				(struct mishap){ (1 + i) * NS_PER_SEC + 7, MISHAP_SUSPEND,
				                 (1 + i) * NS_PER_SEC / 3 };
		struct world *world = world_new(&settings);

		world_run(world);
		world_check(world);
		struct tally tally = world_tally(world);

		assert_int_equal(tally.transmitted, settings.count); /* nothing to catch up */
		assert_int_equal(tally.received, settings.count);
		assert_true(tally.unmeasured >= 10 && tally.unmeasured < 60);
		assert_int_equal(world->suspensions, 10);
		world_free(world);
	}
}

/* --- the stamp of a departure comes after the reply --- */

/* Every stamp of departure comes so long after its reply. */
static struct settings behind(int64_t least, int64_t most)
{
	struct settings settings = stamped();

	settings.lag = 0;
	settings.weather.left_behind = 1000;
	settings.weather.behind_least = least;
	settings.weather.behind_most = most;
	return settings;
}

TEST(a_stamp_that_comes_within_10_ms_of_its_reply_is_joined)
{
	struct settings settings = behind(1, 9990 * NS_PER_US);
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.by_kernel, settings.count);
}

static int64_t waited(const struct world *world, uint64_t sequence)
{
	return mono_since(world_record(world, 0, sequence)->told,
	                  world_truth(world, 0, sequence)->read);
}

/* So far apart that nobody waits for somebody else. */
static struct settings sparse(int64_t least, int64_t most)
{
	struct settings settings = behind(least, most);

	settings.count = 200;
	settings.interval = 100 * NS_PER_MS;
	return settings;
}

TEST(a_later_one_is_not_and_eight_of_them_end_the_waiting)
{
	struct settings settings = sparse(10010 * NS_PER_US, 20 * NS_PER_MS);
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	assert_int_equal(world_tally(world).by_user, settings.count);
	for (uint64_t s = 1; s <= (uint64_t)settings.count; s++)
		assert_int_equal(waited(world, s), s <= 8 ? 10 * NS_PER_MS : 0);
	world_free(world);
}

TEST(one_stamp_in_time_begins_it_anew)
{
	struct settings settings = sparse(NS_PER_MS, 9 * NS_PER_MS);
	struct world *world = world_new(&settings);

	world->settings.weather.left_never = 1000;
	world_run_until(world, mono_add(world->start, 5 * NS_PER_SEC));
	world->settings.weather.left_never = 0;
	world_run_until(world, mono_add(world->start, 10 * NS_PER_SEC));
	assert_int_equal(world_tally(world).by_kernel, 0); /* nobody waits any more */
	world->settings.weather.left_behind = 0;
	world_run_until(world, mono_add(world->start, 11 * NS_PER_SEC));
	world->settings.weather.left_behind = 1000;
	world_run(world);
	world_check(world);
	assert_in_range(world_tally(world).by_kernel, 99, 102);
	assert_int_equal(world_record(world, 0, 200)->tx, TAKEN_KERNEL);
	assert_true(waited(world, 200) > 0);
	world_free(world);
}

TEST(seven_without_a_stamp_do_not_end_it)
{
	struct settings settings = sparse(NS_PER_MS, 9 * NS_PER_MS);
	struct world *world = world_new(&settings);

	for (int64_t i = 0; i < 20; i++) {
		int64_t round = i * 8 * settings.interval + settings.interval / 2;

		world->settings.weather.left_never = 1000;
		world_run_until(world, mono_add(world->start, round + 6 * settings.interval));
		world->settings.weather.left_never = 0;
		world_run_until(world, mono_add(world->start, round + 7 * settings.interval));
		assert_int_equal(world_tally(world).by_kernel, i + 1);
	}
	world_free(world);
}

TEST(answers_are_told_in_the_order_in_which_they_came)
{
	static const struct probe_ops *const kinds[] = { &sim_for_all, &sim_per_target };

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = stamped();

		settings.ops = kinds[seed % 2];
		settings.seed = seed;
		settings.targets = 7;
		settings.count = 300;
		settings.weather.spread = 5 * NS_PER_MS;
		settings.weather.twice = 50;
		settings.weather.ends = 5;
		settings.weather.left_behind = 500;
		settings.weather.behind_least = 1;
		settings.weather.behind_most = 12 * NS_PER_MS;
		settings.weather.left_never = 10;
		struct tally tally = world_live(&settings); /* which asks for the order */

		assert_true(tally.by_kernel > tally.by_user);
	}
}

TEST(more_than_64_at_once_are_not_waited_for_and_none_is_forgotten)
{
	struct settings settings = behind(9 * NS_PER_MS, 9900 * NS_PER_US);

	settings.interval = 50 * NS_PER_US;
	settings.weather.spread = 0;
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.received, settings.count);
	assert_int_equal(tally.by_user + tally.by_kernel, settings.count);
	assert_true(tally.by_user > 0 && tally.by_kernel >= 64);
}

/* Each answer that was read has been told once, all else not at all. */
static void assert_told_once(const struct world *world)
{
	for (uint32_t i = 0; i < world->settings.targets; i++)
		for (uint64_t s = 1; s <= (uint64_t)world->settings.count; s++) {
			bool answered = world_truth(world, i, s)->settled;

			assert_int_equal(world_record(world, i, s)->verdicts, answered);
		}
}

/* At any time some answers wait, on channels of several targets. */
static struct world *waiting_world(const struct probe_ops *ops, uint64_t seed)
{
	struct settings settings = behind(5 * NS_PER_MS, 9 * NS_PER_MS);

	settings.ops = ops;
	settings.seed = seed;
	settings.targets = 5;
	settings.count = 300;
	settings.weather.spread = 10 * NS_PER_MS;
	struct world *world = world_new(&settings);

	world_run_until(world, mono_add(world->start, NS_PER_SEC + (int64_t)seed * NS_PER_MS));
	return world;
}

TEST(who_stops_is_told_what_waits_and_nothing_is_left)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct world *world =
			waiting_world(seed % 2 ? &sim_for_all : &sim_per_target, seed);

		assert_true(world->session->join.count > 0);
		session_stop(world->session);
		assert_int_equal(world->session->join.count, 0);
		assert_true(session_finished(world->session));
		assert_told_once(world);
		world_free(world);
	}
}

TEST(a_session_may_be_freed_while_answers_wait)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct world *world =
			waiting_world(seed % 2 ? &sim_for_all : &sim_per_target, seed);

		assert_true(world->session->join.count > 0);
		world_free(world);
	}
}

TEST(a_target_may_be_removed_while_its_answers_wait)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct world *world =
			waiting_world(seed % 2 ? &sim_for_all : &sim_per_target, seed);

		for (uint32_t i = 0; i < 4; i++) {
			world_replace(world, i);
			world_run_until(world, mono_add(world->now, 7 * NS_PER_MS));
		}
		world_run(world);
		world_check(world);
		world_free(world);
	}
}

/* --- stamps that are not to be believed --- */

TEST(the_first_stamp_of_a_departure_counts)
{
	struct settings settings = stamped();

	settings.weather.left_again = 1000;
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.by_kernel, settings.count);
	settings.ops = &sim_per_target;
	tally = world_live(&settings);
	assert_int_equal(tally.by_kernel, settings.count);
}

TEST(a_stamp_that_cannot_be_is_believed_by_nobody)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct settings settings = stamped();

		settings.seed = seed;
		settings.ops = seed % 2 ? &sim_for_all_ports : &sim_per_target;
		settings.weather.lost = settings.weather.late = 20;
		settings.weather.absurd = 200;
		settings.weather.left_behind = 100;
		settings.weather.behind_least = 1;
		settings.weather.behind_most = 15 * NS_PER_MS;
		struct tally tally = world_live(&settings);

		assert_true(tally.distrusted > 0 && tally.by_user > 0 && tally.by_kernel > 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_all_goes_well_every_round_trip_is_the_wires),
		cmocka_unit_test(where_the_kernel_stamps_receipt_alone_that_stamp_counts),
		cmocka_unit_test(no_step_of_the_wall_clock_reaches_a_round_trip),
		cmocka_unit_test(
			steps_that_come_to_nothing_between_two_readings_stay_within_the_hosts_own_instants),
		cmocka_unit_test(a_round_trip_that_a_sleep_cut_is_not_measured),
		cmocka_unit_test(a_stamp_that_comes_within_10_ms_of_its_reply_is_joined),
		cmocka_unit_test(a_later_one_is_not_and_eight_of_them_end_the_waiting),
		cmocka_unit_test(one_stamp_in_time_begins_it_anew),
		cmocka_unit_test(seven_without_a_stamp_do_not_end_it),
		cmocka_unit_test(answers_are_told_in_the_order_in_which_they_came),
		cmocka_unit_test(more_than_64_at_once_are_not_waited_for_and_none_is_forgotten),
		cmocka_unit_test(who_stops_is_told_what_waits_and_nothing_is_left),
		cmocka_unit_test(a_session_may_be_freed_while_answers_wait),
		cmocka_unit_test(a_target_may_be_removed_while_its_answers_wait),
		cmocka_unit_test(the_first_stamp_of_a_departure_counts),
		cmocka_unit_test(a_stamp_that_cannot_be_is_believed_by_nobody),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
