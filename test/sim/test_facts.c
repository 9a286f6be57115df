/* SPDX-License-Identifier: MIT */
/* What is told besides samples: intervals, outages, other addresses. */
#include <errno.h>

#include "sim/world.h"

static struct settings reported(void)
{
	return (struct settings){
		.ops = &sim_for_all,
		.targets = 3,
		.count = 1000,
		.interval = 10 * NS_PER_MS,
		.timeout = 700 * NS_PER_MS,
		.seed = 1,
		.lag = 50 * NS_PER_US,
		.report = NS_PER_SEC,
		.weather = { .delay = 5 * NS_PER_MS,
		             .spread = 60 * NS_PER_MS,
		             .lost = 200,
		             .twice = 30,
		             .late = 30,
		             .refused = 30,
		             .unsent = 50 },
	};
}

/* --- intervals: world_check() holds each against the truth of its own probes --- */

TEST(every_probe_is_in_the_interval_in_which_it_was_due)
{
	static const int64_t reports[] = { 100 * NS_PER_MS, 333 * NS_PER_MS, NS_PER_SEC,
		                           4 * NS_PER_SEC, 100 * NS_PER_SEC };

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = reported();

		settings.seed = seed;
		settings.report = reports[seed % COUNT(reports)];
		settings.weather.stamped = seed % 2;
		settings.weather.left_behind = 300;
		settings.weather.behind_most = 15 * NS_PER_MS;
		(void)world_live(&settings);
	}
}

TEST(the_same_holds_over_connections_and_handshakes)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct settings settings = reported();

		settings.ops = seed % 2 ? &sim_per_target : &sim_per_probe;
		settings.seed = seed;
		settings.weather.ends = settings.weather.late = 5;
		settings.weather.retransmit = 20;
		(void)world_live(&settings);
	}
}

TEST(an_interval_in_which_nothing_was_due_is_told_like_any_other)
{
	struct settings settings = reported();

	settings.targets = 1;
	settings.count = 10;
	settings.interval = 5 * NS_PER_SEC / 2;
	settings.report = NS_PER_SEC;
	settings.weather = (struct weather){ .delay = NS_PER_MS };
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	assert_int_equal(world->span_count, 23); /* the last begins at 22 s, and is cut short */
	assert_int_equal(world->spans[1].tally.transmitted, 0);
	assert_int_equal(world->spans[22].tally.transmitted, 1);
	world_free(world);
}

TEST(a_stall_of_many_intervals_leaves_none_out)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = reported();

		settings.seed = seed;
		settings.step_first = seed % 2;
		settings.report = 200 * NS_PER_MS;
		for (int64_t i = 0; i < 3; i++)
			settings.mishaps[i] =
				(struct mishap){ (1 + 3 * i) * NS_PER_SEC + (int64_t)seed,
				                 MISHAP_STALL, (1 + i) * 900 * NS_PER_MS };
		(void)world_live(&settings);
	}
}

TEST(no_interval_waits_for_more_than_its_own_probes)
{
	struct settings settings = reported();
	struct world *world = world_new(&settings);

	/* After five seconds and a time-out the first five must have been told. */
	world_run_until(world,
	                mono_add(world->start, 5 * NS_PER_SEC + settings.timeout + NS_PER_MS));
	assert_in_range(world->span_count, 15, 18);
	world_run(world);
	world_check(world);
	world_free(world);
}

/* --- losses in a row: world_check() holds the notices against the truth --- */

TEST(outages_are_those_of_the_network)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = reported();

		settings.seed = seed;
		settings.weather.late = 0;
		settings.weather.lost = 500;
		struct world *world = world_new(&settings);

		world_run(world);
		world_check(world);
		assert_true(world->outage_count > 100);
		for (uint32_t i = 0; i < settings.targets; i++)
			assert_false(world->disordered[i]);
		world_free(world);
	}
}

TEST(a_probe_that_never_left_neither_makes_nor_ends_one)
{
	struct settings settings = reported();

	settings.targets = 1;
	settings.weather = (struct weather){ .lost = 1000, .unsent = 300 };
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	assert_int_equal(world->outage_count, 1);
	assert_int_equal(world->outages[0].length, world_tally(world).lost);
	assert_true(world_tally(world).unsent > 0);
	world_free(world);
}

/* --- the name has another address now --- */

static struct settings moving(const struct probe_ops *ops)
{
	struct settings settings = reported();

	settings.ops = ops;
	settings.count = 600;
	settings.report = 0;
	settings.weather = (struct weather){ .delay = 5 * NS_PER_MS, .spread = 60 * NS_PER_MS };
	return settings;
}

/* Target 1 moves in the midst of each second. */
static void move_and_run(struct world *world, const char *const *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		world_run_until(world,
		                mono_add(world->start, (int64_t)(i + 1) * NS_PER_SEC + 1));
		world_readdress(world, 1, addresses[i]);
	}
	world_run(world);
	world_check(world);
	assert_int_equal(world->moves, count);
}

TEST(who_moves_within_a_family_loses_nothing)
{
	static const char *const addresses[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	static const struct probe_ops *const kinds[] = { &sim_for_all, &sim_for_all_ports };

	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct settings settings = moving(kinds[k]);

		settings.weather.forged = 100;
		struct world *world = world_new(&settings);

		/* What was under way to the old address is answered from there. */
		move_and_run(world, addresses, COUNT(addresses));
		assert_int_equal(world_tally(world).received,
		                 settings.targets * (uint64_t)settings.count);
		assert_true(world_tally(world).junk > 0);
		world_free(world);
	}
}

TEST(who_moves_to_another_family_loses_what_was_under_way)
{
	static const char *const addresses[] = { "2001:db8::1", "192.0.2.2", "2001:db8::3" };
	struct settings settings = moving(&sim_for_all_ports);
	struct world *world = world_new(&settings);

	move_and_run(world, addresses, COUNT(addresses));
	struct tally tally = world_tally(world);

	assert_in_range(tally.lost, 3, 3 * 8);
	assert_int_equal(tally.received + tally.lost, tally.transmitted);
	assert_int_equal(tally.unsent, 0);
	assert_int_equal(world->session->targets[0]->tally.lost, 0);
	assert_int_equal(world->session->targets[2]->tally.lost, 0);
	world_free(world);
}

TEST(who_moves_alone_takes_its_channel_along)
{
	static const char *const addresses[] = { "2001:db8::1", "192.0.2.2" };
	struct settings settings = moving(&sim_for_all_ports);

	settings.targets = 2;
	struct world *world = world_new(&settings);

	world_readdress(world, 0, "2001:db8::99");
	world->moves--;
	move_and_run(world, addresses, COUNT(addresses));
	assert_int_equal(world->session->shared_count, 2);
	world_free(world);
}

TEST(a_connection_is_made_to_where_the_name_is_now)
{
	static const char *const addresses[] = { "192.0.2.1", "2001:db8::2", "192.0.2.3" };
	struct settings settings = moving(&sim_per_target);
	struct world *world = world_new(&settings);

	move_and_run(world, addresses, COUNT(addresses));
	struct tally tally = world_tally(world);

	assert_int_equal(world->reconnected, COUNT(addresses));
	assert_in_range(tally.lost, 1, 3 * 8);
	assert_int_equal(world->session->targets[0]->tally.received, settings.count);
	world_free(world);
}

TEST(a_handshake_goes_to_where_the_name_is_now)
{
	static const char *const addresses[] = { "192.0.2.1", "2001:db8::2" };
	struct settings settings = moving(&sim_per_probe);
	struct world *world = world_new(&settings);

	move_and_run(world, addresses, COUNT(addresses));
	assert_int_equal(world_tally(world).received,
	                 settings.targets * (uint64_t)settings.count);
	world_free(world);
}

TEST(who_stays_is_not_disturbed)
{
	struct settings settings = moving(&sim_per_target);
	struct world *world = world_new(&settings);

	world_run_until(world, mono_add(world->start, NS_PER_SEC));
	session_readdress(world->session, 1, &world->asked[1], 1);
	session_readdress(world->session, 1, &world->asked[1], 0);
	world_run(world);
	world_check(world);
	assert_int_equal(world->moves + world->reconnected, 0);
	world_free(world);
}

/* --- connections that the session itself gives up --- */

TEST(five_losses_in_a_row_make_a_connection_anew)
{
	struct settings settings = moving(&sim_per_target);

	settings.targets = 1;
	settings.interval = 200 * NS_PER_MS;
	settings.timeout = 100 * NS_PER_MS;
	settings.count = 50;
	settings.weather.late = 1000; /* each behind the one before: later and later */
	struct world *world = world_new(&settings);

	world_run_until(world, mono_add(world->start, 2 * NS_PER_SEC));
	assert_int_equal(world->renewed, 1);
	world_free(world);
}

TEST(an_end_that_takes_many_along_is_no_reason_to_give_up_the_next_connection)
{
	struct settings settings = moving(&sim_per_target);

	settings.targets = 1;
	settings.weather.delay = 200 * NS_PER_MS; /* twenty are under way */
	settings.weather.ends = 20;
	struct world *world = world_new(&settings);

	world_run_until(world, mono_add(world->start, 5 * NS_PER_SEC));
	assert_true(world->reconnected > 1);
	assert_int_equal(world->renewed, 0);
	world_free(world);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_probe_is_in_the_interval_in_which_it_was_due),
		cmocka_unit_test(the_same_holds_over_connections_and_handshakes),
		cmocka_unit_test(an_interval_in_which_nothing_was_due_is_told_like_any_other),
		cmocka_unit_test(a_stall_of_many_intervals_leaves_none_out),
		cmocka_unit_test(no_interval_waits_for_more_than_its_own_probes),
		cmocka_unit_test(outages_are_those_of_the_network),
		cmocka_unit_test(a_probe_that_never_left_neither_makes_nor_ends_one),
		cmocka_unit_test(who_moves_within_a_family_loses_nothing),
		cmocka_unit_test(who_moves_to_another_family_loses_what_was_under_way),
		cmocka_unit_test(who_moves_alone_takes_its_channel_along),
		cmocka_unit_test(a_connection_is_made_to_where_the_name_is_now),
		cmocka_unit_test(a_handshake_goes_to_where_the_name_is_now),
		cmocka_unit_test(who_stays_is_not_disturbed),
		cmocka_unit_test(five_losses_in_a_row_make_a_connection_anew),
		cmocka_unit_test(
			an_end_that_takes_many_along_is_no_reason_to_give_up_the_next_connection),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
