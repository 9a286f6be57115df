/* SPDX-License-Identifier: MIT */
/* Many probes over shared channels, in every weather, each held against the truth. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/world.h"

static struct settings fair(void)
{
	return (struct settings){
		.ops = &sim_for_all,
		.targets = 1,
		.count = 2000,
		.interval = 10 * NS_PER_MS,
		.timeout = NS_PER_SEC,
		.seed = 1,
		.lag = 50 * NS_PER_US,
		.weather = { .delay = 5 * NS_PER_MS, .spread = 30 * NS_PER_MS },
	};
}

/* All that can go wrong with a datagram, often. */
static const struct weather foul = {
	.delay = NS_PER_MS,
	.spread = 80 * NS_PER_MS,
	.lost = 50,
	.twice = 80,
	.late = 60,
	.refused = 30,
	.forged = 100,
	.unsent = 20,
};

TEST(in_fair_weather_every_probe_is_answered_and_every_rtt_is_the_truth)
{
	struct settings settings = fair();
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.received, settings.count);
	assert_int_equal(tally.transmitted, settings.count);
	assert_int_equal(tally.junk + tally.late + tally.duplicates + tally.unmeasured, 0);
	assert_true(tally.reordered > 0); /* the spread is wider than the interval */
}

TEST(due_instants_are_exactly_start_plus_k_intervals)
{
	struct settings settings = fair();

	settings.interval = 7 * NS_PER_MS + 13;
	settings.lag = 5 * NS_PER_MS;
	assert_int_equal(world_live(&settings).transmitted, settings.count);
}

TEST(in_foul_weather_each_probe_has_exactly_the_fate_it_had)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = fair();

		settings.seed = seed;
		settings.weather = foul;
		struct tally tally = world_live(&settings);

		/* All of it has happened, or the test would show nothing. */
		assert_true(tally.lost && tally.refused && tally.unsent && tally.late);
		assert_true(tally.duplicates && tally.junk && tally.reordered);
	}
}

TEST(with_ports_and_32_bits_it_is_the_same)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct settings settings = fair();

		settings.ops = &sim_for_all_ports;
		settings.seed = seed;
		settings.weather = foul;
		(void)world_live(&settings);
	}
}

TEST(a_reply_that_lies_is_junk_and_never_received)
{
	struct settings settings = fair();

	settings.weather.lost = 1000;
	settings.weather.forged = 1000;
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.received, 0);
	assert_int_equal(tally.lost, settings.count);
	assert_int_equal(tally.junk, settings.count);
	assert_int_equal(tally.duplicates + tally.late + tally.refused, 0);
}

TEST(a_late_answer_is_late_and_its_probe_stays_lost)
{
	struct settings settings = fair();

	settings.weather.late = 1000;
	struct tally tally = world_live(&settings);

	assert_true(tally.lost > (uint64_t)settings.count * 9 / 10);
	/* Those of the last second come when nobody listens any more. */
	assert_true(tally.late > (uint64_t)settings.count * 8 / 10);
}

TEST(the_first_reply_counts_and_the_others_are_duplicates)
{
	struct settings settings = fair();

	settings.weather.twice = 1000;
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.received, settings.count);
	assert_true(tally.duplicates > (uint64_t)settings.count * 8 / 10);
}

TEST(the_kernels_stamps_give_the_wires_round_trip)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct settings settings = fair();

		settings.seed = seed;
		settings.weather = foul;
		settings.weather.stamped = true;
		settings.weather.left_behind = 100;
		settings.weather.behind_least = 1;
		settings.weather.behind_most = 20 * NS_PER_MS;
		(void)world_live(&settings);
	}
}

TEST(a_step_of_the_wall_clock_reaches_no_round_trip)
{
	struct settings still = fair(), stepped = fair();
	const int64_t steps[] = {
		1, -1, 1000, -100000, INT64_C(100000000), -INT64_C(100000000)
	};

	for (size_t i = 0; i < COUNT(steps); i++)
		stepped.mishaps[i] = (struct mishap){
			.at = (int64_t)(1 + 2 * i) * NS_PER_SEC,
			.kind = MISHAP_STEP,
			.span = steps[i] * NS_PER_SEC,
		};
	struct world *a = world_new(&still), *b = world_new(&stepped);

	world_run(a);
	world_run(b);
	world_check(b);
	for (uint64_t s = 1; s <= (uint64_t)still.count; s++) {
		assert_int_equal(world_record(a, 0, s)->rtt, world_record(b, 0, s)->rtt);
		assert_int_equal(world_record(a, 0, s)->due.ns, world_record(b, 0, s)->due.ns);
	}
	world_free(a);
	world_free(b);
}

/* How many of the probes due in [from, to) never left, each for this reason. */
static uint64_t unsent_between(const struct world *world, int64_t from, int64_t to, int error)
{
	uint64_t count = 0;

	for (uint64_t s = 1; s <= (uint64_t)world->settings.count; s++) {
		const struct record *record = world_record(world, 0, s);
		int64_t due = mono_since(record->due, world->start);

		if (record->fate != FATE_UNSENT)
			continue;
		assert_true(due >= from && due < to);
		assert_int_equal(record->error, error);
		count++;
	}
	return count;
}

static void stall(bool step_first, bool stamped)
{
	const int64_t at = 5 * NS_PER_SEC + 1, span = 37 * NS_PER_SEC / 10;
	struct settings settings = fair();

	settings.lag = 0;
	settings.step_first = step_first;
	settings.weather.stamped = stamped;
	settings.mishaps[0] = (struct mishap){ at, MISHAP_STALL, span };
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	struct tally tally = world_tally(world);
	/* The first is due 10 ms after the last before the stall; all but those of the last
	 * interval before its end are skipped. */
	uint64_t skipped = unsent_between(world, at, at + span - settings.interval + 1, -ETIME);

	assert_int_equal(skipped, 369);
	assert_int_equal(tally.unsent, skipped);
	assert_int_equal(tally.transmitted, (uint64_t)settings.count - skipped);
	/* Nothing was lost but time: what had been under way was there when it was looked for. */
	assert_int_equal(tally.lost, 0);
	assert_int_equal(tally.received, tally.transmitted);
	assert_int_equal(tally.unmeasured > 0, !stamped);
	world_free(world);
}

TEST(after_a_stall_nothing_bursts_and_no_reply_is_lost)
{
	stall(false, false);
}

TEST(nor_when_what_is_due_comes_before_what_has_come)
{
	stall(true, false);
}

TEST(with_stamps_a_stall_costs_not_even_the_round_trips)
{
	stall(false, true);
	stall(true, true);
}

TEST(stalls_of_every_length_leave_each_probe_its_own_fate)
{
	struct random random;

	random_seed(&random, 11);
	for (int i = 0; i < 40; i++) {
		struct settings settings = fair();

		settings.seed = (uint64_t)i;
		settings.step_first = i % 2;
		settings.weather = foul;
		settings.weather.stamped = i % 3 == 0;
		for (int64_t m = 0; m < 8; m++)
			settings.mishaps[m] = (struct mishap){
				.at = m * 2 * NS_PER_SEC +
				      (int64_t)(random_next(&random) % NS_PER_SEC),
				.kind = MISHAP_STALL,
				.span = 1 +
				        (int64_t)(random_next(&random) % (3 * NS_PER_SEC / 2)),
			};
		(void)world_live(&settings);
	}
}

TEST(a_suspended_machine_sends_nothing_and_catches_nothing_up)
{
	struct settings settings = fair();

	settings.mishaps[0] =
		(struct mishap){ 5 * NS_PER_SEC, MISHAP_SUSPEND, 3600 * NS_PER_SEC };
	settings.mishaps[1] = (struct mishap){ 9 * NS_PER_SEC, MISHAP_SUSPEND, 1 };
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.transmitted, settings.count);
	assert_int_equal(tally.unsent, 0);
	assert_int_equal(tally.lost, 0);
}

TEST(a_key_of_16_bits_wraps_three_times_and_nobody_is_mistaken)
{
	struct settings settings = fair();

	settings.count = 200000;
	settings.interval = NS_PER_MS / 10;
	settings.lag = 1000;
	settings.weather = foul;
	struct tally tally = world_live(&settings);

	assert_true(tally.received > 150000);
}

TEST(as_many_as_65536_probes_may_be_in_flight)
{
	struct settings settings = fair();

	settings.count = 150000;
	settings.interval = 20 * NS_PER_US;
	settings.lag = 0;
	settings.weather =
		(struct weather){ .delay = 900 * NS_PER_MS, .spread = 50 * NS_PER_MS };
	struct tally tally = world_live(&settings);

	assert_int_equal(tally.transmitted, tally.received);
	assert_int_equal(tally.received, settings.count);
}

TEST(a_thousand_targets_share_a_channel)
{
	struct settings settings = fair();

	settings.targets = 1000;
	settings.count = 50;
	settings.interval = NS_PER_SEC;
	settings.weather = foul;
	settings.weather.spread = 900 * NS_PER_MS;
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	assert_int_equal(world->session->shared_count, 1);
	world_free(world);
}

TEST(when_one_channel_is_full_there_is_another)
{
	struct settings settings = fair();

	settings.targets = 1000;
	settings.count = 300;
	settings.interval = 20 * NS_PER_MS;
	settings.weather = foul;
	struct world *world = world_new(&settings);

	world_run(world);
	world_check(world);
	assert_int_equal(world->session->shared_count, 2);
	world_free(world);
}

static struct world *foul_world(uint64_t seed)
{
	struct settings settings = fair();

	settings.seed = seed;
	settings.targets = 3;
	settings.report = NS_PER_SEC;
	settings.weather = foul;
	settings.weather.stamped = true;
	settings.weather.left_behind = 300;
	settings.weather.behind_most = 15 * NS_PER_MS;
	settings.mishaps[0] = (struct mishap){ 5 * NS_PER_SEC, MISHAP_STALL, NS_PER_SEC };
	settings.mishaps[1] = (struct mishap){ 8 * NS_PER_SEC, MISHAP_STEP, NS_PER_SEC };
	struct world *world = world_new(&settings);

	world_run(world);
	return world;
}

TEST(same_seed_same_bytes)
{
	struct world *a = foul_world(42), *b = foul_world(42), *c = foul_world(43);

	assert_int_equal(a->length, b->length);
	assert_memory_equal(a->bytes, b->bytes, a->length);
	assert_false(a->length == c->length && memcmp(a->bytes, c->bytes, a->length) == 0);
	world_free(a);
	world_free(b);
	world_free(c);
}

TEST(an_hour_of_network_passes_in_a_moment)
{
	struct settings settings = fair();
	struct mono begun = clock_mono();

	settings.count = 36000;
	settings.interval = 100 * NS_PER_MS;
	settings.weather = foul;
	struct tally tally = world_live(&settings);

	/* Nothing timed is asserted: machines differ.  What counts is that it was run. */
	print_message("36000 probes in %lld ms\n",
	              (long long)(mono_since(clock_mono(), begun) / NS_PER_MS));
	assert_int_equal(tally.transmitted + tally.unsent, settings.count);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			in_fair_weather_every_probe_is_answered_and_every_rtt_is_the_truth),
		cmocka_unit_test(due_instants_are_exactly_start_plus_k_intervals),
		cmocka_unit_test(in_foul_weather_each_probe_has_exactly_the_fate_it_had),
		cmocka_unit_test(with_ports_and_32_bits_it_is_the_same),
		cmocka_unit_test(a_reply_that_lies_is_junk_and_never_received),
		cmocka_unit_test(a_late_answer_is_late_and_its_probe_stays_lost),
		cmocka_unit_test(the_first_reply_counts_and_the_others_are_duplicates),
		cmocka_unit_test(the_kernels_stamps_give_the_wires_round_trip),
		cmocka_unit_test(a_step_of_the_wall_clock_reaches_no_round_trip),
		cmocka_unit_test(after_a_stall_nothing_bursts_and_no_reply_is_lost),
		cmocka_unit_test(nor_when_what_is_due_comes_before_what_has_come),
		cmocka_unit_test(with_stamps_a_stall_costs_not_even_the_round_trips),
		cmocka_unit_test(stalls_of_every_length_leave_each_probe_its_own_fate),
		cmocka_unit_test(a_suspended_machine_sends_nothing_and_catches_nothing_up),
		cmocka_unit_test(a_key_of_16_bits_wraps_three_times_and_nobody_is_mistaken),
		cmocka_unit_test(as_many_as_65536_probes_may_be_in_flight),
		cmocka_unit_test(a_thousand_targets_share_a_channel),
		cmocka_unit_test(when_one_channel_is_full_there_is_another),
		cmocka_unit_test(same_seed_same_bytes),
		cmocka_unit_test(an_hour_of_network_passes_in_a_moment),
	};

	/* With an argument only that claim is tested. */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
