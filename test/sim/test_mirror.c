/* SPDX-License-Identifier: MIT */
/* A session and a reflector: each direction's losses and bounds, held against what the network knows. */
#include "probe/reflection.h"
#include "sim/world.h"

static struct settings fair(void)
{
	return (struct settings){
		.ops = &sim_reflecting,
		.targets = 1,
		.count = 2000,
		.interval = 20 * NS_PER_MS,
		.timeout = NS_PER_SEC,
		.seed = 1,
		.lag = 50 * NS_PER_US,
		.stamping = STAMPING_KERNEL,
		.weather = { .stamped = true },
		.mirror = { .forward = 4 * NS_PER_MS,
		            .reverse = 6 * NS_PER_MS,
		            .spread = 5 * NS_PER_MS, /* less than the interval: all in order */
		            .residence = 50 * NS_PER_US },
	};
}

static struct world *lived(const struct settings *settings)
{
	struct world *world = world_new(settings);

	world_run(world);
	world_check(world);
	return world;
}

static const struct reflection *reflection_of(const struct world *world)
{
	return world->session->targets[0]->reflection;
}

TEST(where_nothing_is_lost_nothing_is_open_and_nobody_is_asked_again)
{
	struct settings settings = fair();
	struct world *world = lived(&settings);
	struct direction_counts counts = world_check_directions(world);

	assert_int_equal(counts.received, settings.count);
	assert_int_equal(counts.undetermined, 0);
	assert_int_equal(world->mirrored, settings.count);
	assert_int_equal(reflection_of(world)->closings, 0);
	assert_int_equal(reflection_of(world)->rtt.count, settings.count);
	world_free(world);
}

TEST(losses_both_ways_at_once_are_told_exactly)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = fair();

		settings.seed = seed;
		settings.mirror.forward_lost = 50;
		settings.mirror.reverse_lost = 20;
		settings.mirror.reverse_twice = 50;
		struct world *world = lived(&settings);
		struct direction_counts counts = world_check_directions(world);

		/* What world_check_directions() allows, with nothing left open, is equality. */
		assert_true(counts.is_known);
		assert_int_equal(counts.undetermined, 0);
		assert_true(counts.forward_lost > 50 && counts.reverse_lost > 10);
		world_free(world);
	}
}

TEST(and_so_they_are_where_packets_overtake_each_other)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = fair();

		settings.seed = seed;
		settings.mirror.spread = 90 * NS_PER_MS;
		settings.mirror.forward_lost = 50;
		settings.mirror.reverse_lost = 20;
		struct world *world = lived(&settings);

		assert_int_equal(world_check_directions(world).undetermined, 0);
		assert_true(world->session->targets[0]->tally.reordered > 0);
		world_free(world);
	}
}

TEST(what_duplicates_hide_is_undetermined_and_never_guessed)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = fair();

		settings.seed = seed;
		settings.mirror.spread = 60 * NS_PER_MS;
		settings.mirror.forward_lost = settings.mirror.reverse_lost = 30;
		settings.mirror.forward_twice = 30;
		struct world *world = lived(&settings);

		(void)world_check_directions(world);
		world_free(world);
	}
}

TEST(late_replies_were_lost_on_neither_way)
{
	struct settings settings = fair();

	settings.timeout = 12 * NS_PER_MS;
	settings.mirror.forward_lost = 30;
	struct world *world = lived(&settings);
	struct direction_counts counts = world_check_directions(world);

	assert_true(world->session->targets[0]->tally.late > 100);
	assert_true(counts.received > world->session->targets[0]->tally.received);
	world_free(world);
}

TEST(closing_probes_settle_the_tail_and_count_nowhere)
{
	unsigned closed = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct settings settings = fair();

		settings.seed = seed;
		settings.count = 30;
		settings.mirror.forward_lost = 200;
		settings.mirror.reverse_lost = 200;
		settings.mirror.follows_up = true;
		struct world *world = lived(&settings);
		const struct reflection *reflection = reflection_of(world);
		struct direction_counts counts = world_check_directions(world);

		assert_int_equal(world->session->targets[0]->tally.transmitted, settings.count);
		assert_true(reflection->rtt.count <=
		            world->session->targets[0]->tally.received);
		assert_int_equal(reflection->oneway.probes, reflection->rtt.count);
		if (reflection->closings > 0 && reflection->closings < 3)
			assert_int_equal(counts.undetermined, 0);
		closed += reflection->closings > 0;
		world_free(world);
	}
	assert_true(closed > 10);
}

TEST(where_nothing_comes_back_any_more_three_are_sent_and_the_tail_stays_open)
{
	struct settings settings = fair();

	settings.count = 100;
	settings.mirror.forward_lost = 100;
	settings.mirror.dies = 60;
	struct world *world = lived(&settings);
	struct direction_counts counts = world_check_directions(world);
	int64_t lasted = mono_since(world->now, world->start);

	assert_int_equal(reflection_of(world)->closings, 3);
	assert_true(counts.undetermined > 30);
	/* A time-out for the last probe, and one for each of the three. */
	assert_true(lasted >= settings.count * settings.interval + 3 * settings.timeout);
	assert_true(lasted <= settings.count * settings.interval + 5 * settings.timeout);
	world_free(world);
}

TEST(who_never_answered_is_not_asked_again)
{
	struct settings settings = fair();

	settings.count = 20;
	settings.mirror.dies = 1;
	struct world *world = lived(&settings);

	assert_int_equal(world->mirrored, 20);
	assert_int_equal(world_check_directions(world).undetermined, 20);
	world_free(world);
}

TEST(of_one_that_copies_our_numbers_nothing_is_claimed)
{
	struct settings settings = fair();

	settings.mirror.copies = true;
	settings.mirror.forward_lost = settings.mirror.reverse_lost = 30;
	struct world *world = lived(&settings);
	struct direction_counts counts = world_check_directions(world);

	assert_false(counts.is_known);
	assert_int_equal(counts.forward_lost + counts.reverse_lost, 0);
	assert_true(counts.undetermined > 50);
	world_free(world);
}

TEST(a_restart_is_told_and_opens_what_was_lost_around_it)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct settings settings = fair();

		settings.seed = seed;
		settings.mirror.restart = 1000;
		settings.mirror.forward_lost = 50;
		settings.mirror.reverse_lost = 20;
		struct world *world = lived(&settings);

		assert_int_equal(world->restarts, 1);
		assert_true(world_check_directions(world).undetermined < 10);
		world_free(world);
	}
}

TEST(the_bound_contains_the_truth_by_any_clock)
{
	static const int64_t hour = 3600 * NS_PER_SEC;

	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct settings settings = fair();

		settings.seed = seed;
		settings.mirror.offset = seed % 2 ? hour : -hour;
		settings.mirror.skew = seed % 3 ? 100e-6 : -100e-6;
		settings.mirror.forward = (int64_t)seed * NS_PER_MS;
		settings.mirror.spread = (int64_t)(seed % 4) * 10 * NS_PER_MS;
		settings.mirror.forward_lost = 20;
		struct world *world = lived(&settings); /* the recorder holds each against it */
		struct oneway_clock clock = oneway_clock(&reflection_of(world)->oneway);

		assert_int_equal(clock.impossible, 0);
		assert_int_equal(world->steps, 0);
		world_free(world);
	}
}

TEST(a_step_of_its_clock_is_told_once_with_its_size)
{
	for (int64_t sign = -1; sign <= 1; sign += 2) {
		struct settings settings = fair();

		settings.mirror.step = 2 * sign * NS_PER_SEC;
		settings.mirror.step_at = 20 * NS_PER_SEC;
		struct world *world = lived(&settings);

		assert_int_equal(world->steps, 1);
		assert_in_range(sign * world->last_step, 2 * NS_PER_SEC - 20 * NS_PER_MS,
		                2 * NS_PER_SEC + 20 * NS_PER_MS);
		world_free(world);
	}
}

TEST(a_step_of_our_clock_is_none_of_its)
{
	struct settings settings = fair();

	world_unsettle(&settings, 20, settings.count * settings.interval);
	for (size_t i = 0; i < 20; i++)
		settings.mishaps[i].span =
			settings.mishaps[i].span > 0 ? NS_PER_MS : -NS_PER_MS;
	struct world *world = lived(&settings);

	world_free(world);
}

TEST(what_is_followed_up_is_the_wires_residence)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct settings settings = fair();

		settings.seed = seed;
		settings.mirror.follows_up = true;
		settings.mirror.sealing = 80 * NS_PER_US;
		settings.mirror.forward_lost = settings.mirror.reverse_lost = 50;
		settings.mirror.spread = seed % 2 ? 0 : 60 * NS_PER_MS;
		struct world *world = lived(&settings); /* the recorder holds each against it */

		assert_true(world->followed > 200);
		assert_int_equal(world->followed, reflection_of(world)->followed);
		assert_true(world_check_directions(world).is_known);
		world_free(world);
	}
}

/* The interval of the recorder has no directions: they are asked of the session by its sink. */
struct sums {
	struct direction_counts counts;
	uint64_t told;
};

static void add_interval(void *state, const struct target *target, struct interval *interval)
{
	struct sums *sums = state;
	const struct direction_counts *one = &interval->direction;

	(void)target;
	assert_true(interval->direction_told);
	assert_int_equal(one->forward_lost + one->reverse_lost + one->undetermined +
	                         one->received,
	                 one->sent);
	assert_int_equal(one->sent, interval->tally.transmitted);
	sums->counts.sent += one->sent;
	sums->counts.forward_lost += one->forward_lost;
	sums->counts.reverse_lost += one->reverse_lost;
	sums->told++;
}

static const struct sink_ops sums_sink = { .interval = add_interval };

TEST(intervals_tell_each_direction_of_their_own_probes)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct settings settings = fair();
		struct sums sums = { 0 };

		settings.seed = seed;
		settings.report = NS_PER_SEC;
		settings.mirror.forward_lost = 50;
		settings.mirror.reverse_lost = 20;
		struct world *world = world_new(&settings);

		session_add_sink(world->session, &sums_sink, &sums);
		world_run(world);
		world_check(world);
		struct direction_counts run = world_check_directions(world);

		assert_true(sums.told >= 40);
		assert_int_equal(sums.counts.sent, run.sent);
		assert_true(sums.counts.forward_lost <= run.forward_lost);
		assert_true(sums.counts.forward_lost * 10 >= run.forward_lost * 7);
		assert_true(sums.counts.reverse_lost <= run.reverse_lost);
		world_free(world);
	}
}

/* Over another socket the numbers go on: those of before are not counted again. */
TEST(who_moves_to_another_family_is_counted_on)
{
	struct settings settings = fair();

	settings.mirror.forward_lost = 30;
	struct world *world = world_new(&settings);

	world_run_until(world, mono_add(world->start, settings.count * settings.interval / 2));
	world_readdress(world, 0, "2001:db8::1");
	world_run(world);
	world_check(world);
	struct direction_counts counts = world_check_directions(world);

	assert_int_equal(world->moves, 1);
	assert_true(counts.is_known);
	/* What was under way was given up, and of one more nobody may know. */
	assert_true(counts.undetermined <= 3);
	assert_true(counts.received > (uint64_t)settings.count * 9 / 10);
	world_free(world);
}

TEST(several_targets_are_counted_each_by_itself)
{
	struct settings settings = fair();

	settings.targets = 5;
	settings.count = 200;
	settings.mirror.copies = true; /* one counter would be theirs together */
	settings.mirror.forward_lost = 30;
	struct world *world = lived(&settings);

	for (uint32_t i = 0; i < settings.targets; i++)
		assert_true(world->session->targets[i]->reflection->direction.sent >=
		            (uint64_t)settings.count);
	world_free(world);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			where_nothing_is_lost_nothing_is_open_and_nobody_is_asked_again),
		cmocka_unit_test(losses_both_ways_at_once_are_told_exactly),
		cmocka_unit_test(and_so_they_are_where_packets_overtake_each_other),
		cmocka_unit_test(what_duplicates_hide_is_undetermined_and_never_guessed),
		cmocka_unit_test(late_replies_were_lost_on_neither_way),
		cmocka_unit_test(closing_probes_settle_the_tail_and_count_nowhere),
		cmocka_unit_test(
			where_nothing_comes_back_any_more_three_are_sent_and_the_tail_stays_open),
		cmocka_unit_test(who_never_answered_is_not_asked_again),
		cmocka_unit_test(of_one_that_copies_our_numbers_nothing_is_claimed),
		cmocka_unit_test(a_restart_is_told_and_opens_what_was_lost_around_it),
		cmocka_unit_test(the_bound_contains_the_truth_by_any_clock),
		cmocka_unit_test(a_step_of_its_clock_is_told_once_with_its_size),
		cmocka_unit_test(a_step_of_our_clock_is_none_of_its),
		cmocka_unit_test(what_is_followed_up_is_the_wires_residence),
		cmocka_unit_test(intervals_tell_each_direction_of_their_own_probes),
		cmocka_unit_test(who_moves_to_another_family_is_counted_on),
		cmocka_unit_test(several_targets_are_counted_each_by_itself),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
