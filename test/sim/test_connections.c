/* SPDX-License-Identifier: MIT */
/* Probes that need a connection each, or one that is kept: refused, ended, made again. */
#include <errno.h>

#include "sim/world.h"

static struct settings kept(void)
{
	return (struct settings){
		.ops = &sim_per_target,
		.targets = 3,
		.count = 1000,
		.interval = 10 * NS_PER_MS,
		.timeout = NS_PER_SEC,
		.seed = 1,
		.lag = 50 * NS_PER_US,
		.weather = { .delay = 2 * NS_PER_MS, .spread = 20 * NS_PER_MS },
	};
}

static struct settings single(void)
{
	struct settings settings = kept();

	settings.ops = &sim_per_probe;
	return settings;
}

static uint64_t probes_of(const struct settings *settings)
{
	return settings->targets * (uint64_t)settings->count;
}

TEST(on_a_kept_connection_every_probe_is_answered_in_order)
{
	struct settings settings = kept();
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.received, probes_of(&settings));
	assert_int_equal(tally.reordered, 0);
}

TEST(a_connection_that_ends_takes_along_only_what_was_under_way)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = kept();

		settings.seed = seed;
		settings.weather.ends = 20;
		struct tally tally = world_live(&settings);

		assert_true(tally.lost > 0 && tally.refused > 0);
		assert_true(tally.received > probes_of(&settings) / 2);
	}
}

TEST(it_is_made_again_and_says_so)
{
	struct settings settings = kept();

	settings.weather.ends = 5;
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	assert_true(world->reconnected > 0);
	world_free(world);
}

TEST(at_most_one_connection_is_made_per_interval)
{
	struct settings settings = kept();

	settings.targets = 1;
	settings.weather = (struct weather){ .delay = NS_PER_MS, .slams = 1000 };
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	/* A quarter more for reopenings that come a hair before their interval is over. */
	assert_true(world->generations <= (uint64_t)settings.count * 5 / 4);
	world_free(world);
}

TEST(a_late_line_still_occupies_its_place)
{
	struct settings settings = kept();

	settings.interval = 100 * NS_PER_MS;
	settings.count = 200;
	settings.timeout = 300 * NS_PER_MS;
	settings.weather.late = 30;
	struct tally tally = world_live(&settings);

	assert_true(tally.late > 0);
	assert_int_equal(tally.junk, 0);
}

TEST(who_refuses_every_connection_is_refused_for_every_probe)
{
	struct settings settings = kept();

	settings.refusing = "10.0.0.1"; /* the first target's own address, too */
	settings.targets = 1;
	settings.interval =
		100 * NS_PER_MS; /* every refusal comes before the next probe is due */
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.received, 0);
	assert_int_equal(tally.refused, settings.count);
}

TEST(whose_refusals_come_late_is_not_refused_for_probes_that_never_left)
{
	struct settings settings = kept();

	settings.refusing = "10.0.0.1";
	settings.targets = 1;
	settings.interval = NS_PER_MS; /* a refusal takes several */
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.received, 0);
	assert_true(tally.refused > 0);
	assert_true(tally.unsent > 0);
	assert_int_equal(tally.refused + tally.unsent, settings.count);
}

TEST(where_the_first_address_refuses_the_next_is_asked_for_good)
{
	struct settings connection = kept(), handshake = single();

	connection.refusing = handshake.refusing = "192.0.2.66";
	assert_int_equal(world_live(&connection).received, probes_of(&connection));
	assert_int_equal(world_live(&handshake).received, probes_of(&handshake));
}

TEST(stalls_leave_each_probe_its_own_fate)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = seed % 2 ? kept() : single();

		settings.seed = seed;
		settings.step_first = seed % 4 > 1;
		settings.weather.ends = 5;
		settings.weather.late = 5;
		for (int64_t i = 0; i < 4; i++)
			settings.mishaps[i] = (struct mishap){
				.at = (1 + 2 * i) * NS_PER_SEC + 7 * (int64_t)seed,
				.kind = MISHAP_STALL,
				.span = (1 + i) * 700 * NS_PER_MS,
			};
		(void)world_live(&settings);
	}
}

TEST(each_handshake_has_the_fate_it_had)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = single();

		settings.seed = seed;
		settings.weather.lost = 50;
		settings.weather.refused = 50;
		settings.weather.retransmit = 50;
		struct tally tally = world_live(&settings);

		assert_true(tally.lost > 0 && tally.refused > 0 && tally.syn_lost > 0);
		assert_true(tally.syn_lost < tally.lost);
	}
}

TEST(a_syn_that_had_to_be_sent_again_is_a_lost_probe)
{
	struct settings settings = single();

	settings.weather.retransmit = 1000;
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.received, 0);
	assert_int_equal(tally.lost, probes_of(&settings));
	assert_int_equal(tally.syn_lost, probes_of(&settings));
}

TEST(silence_uses_up_no_more_connections_than_are_booked)
{
	struct settings settings = single();

	settings.targets = 1;
	settings.weather.lost = 1000;
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	assert_int_equal(world_tally(world).unsent, 0);
	assert_int_equal(world_tally(world).lost, settings.count);
	world_free(world);
}

TEST(a_target_may_be_removed_and_its_place_taken_again)
{
	static const struct probe_ops *const kinds[] = { &sim_for_all, &sim_for_all_ports,
		                                         &sim_per_target, &sim_per_probe };

	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct settings settings = kept();

		settings.ops = kinds[k];
		settings.weather.lost = settings.weather.late = settings.weather.ends = 30;
		if (kinds[k]->scope == CHANNEL_FOR_ALL)
			settings.weather.twice = settings.weather.forged = 50;
		struct world *world = world_new(&settings);

		for (uint32_t i = 1; i <= 9; i++) {
			world_run_until(world,
			                mono_add(world->start, (int64_t)i * 333 * NS_PER_MS));
			world_replace(world, i % 3);
		}
		world_run(world);
		world_check(world);
		world_free(world);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_a_kept_connection_every_probe_is_answered_in_order),
		cmocka_unit_test(a_connection_that_ends_takes_along_only_what_was_under_way),
		cmocka_unit_test(it_is_made_again_and_says_so),
		cmocka_unit_test(at_most_one_connection_is_made_per_interval),
		cmocka_unit_test(a_late_line_still_occupies_its_place),
		cmocka_unit_test(who_refuses_every_connection_is_refused_for_every_probe),
		cmocka_unit_test(
			whose_refusals_come_late_is_not_refused_for_probes_that_never_left),
		cmocka_unit_test(where_the_first_address_refuses_the_next_is_asked_for_good),
		cmocka_unit_test(stalls_leave_each_probe_its_own_fate),
		cmocka_unit_test(each_handshake_has_the_fate_it_had),
		cmocka_unit_test(a_syn_that_had_to_be_sent_again_is_a_lost_probe),
		cmocka_unit_test(silence_uses_up_no_more_connections_than_are_booked),
		cmocka_unit_test(a_target_may_be_removed_and_its_place_taken_again),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
