/* SPDX-License-Identifier: MIT */
/* The loops of a load: when requests leave, and how long they are said to have taken. */
#include <math.h>

#include "sim/loading.h"

enum {
	RATE = 20000,
	FROZEN = 200, /* ms */
	DEEP = 8192,
};

static double ms(const struct load_times *times, double q)
{
	return (double)histogram_quantile(&times->histogram, q) / (double)NS_PER_MS;
}

static struct server_settings with_a_stall(void)
{
	struct server_settings settings = load_fair();

	settings.frozen_at = 2 * NS_PER_SEC;
	settings.frozen_for = FROZEN * NS_PER_MS;
	return settings;
}

/* All that was due has a fate, and the server knows of what was sent. */
static void assert_balanced(const struct load *load, const struct load_tally *tally)
{
	const struct load_counts *counts = &tally->counts;

	assert_int_equal(counts->sent, load->server.asked);
	assert_int_equal(load_counts_settled(counts), counts->sent + counts->unsent);
	assert_int_equal(tally->uncorrected.histogram.count, counts->answered);
}

static void assert_a_stall_shows(const struct probe_ops *ops, size_t connections, size_t depth)
{
	struct load load;

	load_prepare(&load, ops, with_a_stall());
	load_pace(&load, LOAD_CONSTANT, RATE, RATE);
	load.plan.connections = connections;
	load.plan.depth = depth;
	const struct load_tally *tally = load_run(&load);

	assert_balanced(&load, tally);
	assert_int_equal(tally->counts.answered, RATE * LOAD_SECONDS);
	assert_int_equal(tally->corrected.histogram.count, RATE * LOAD_SECONDS);
	assert_in_range(tally->corrected.max, 190 * NS_PER_MS, 220 * NS_PER_MS);
	assert_true(fabs(ms(&tally->corrected, 0.99) - 160) <= 10);
	assert_true(ms(&tally->corrected, 0.5) < 1);
	server_done(&load.server);
}

TEST(in_an_open_loop_a_stall_is_as_long_as_it_was)
{
	assert_a_stall_shows(&server_datagrams, 1, DEEP);
	assert_a_stall_shows(&server_stream, 50, DEEP / 50);
}

TEST(also_where_there_is_room_for_few_in_flight)
{
	assert_a_stall_shows(&server_datagrams, 1, 64);
	assert_a_stall_shows(&server_stream, 50, 1);
}

static int64_t closed_p99(struct server_settings settings, double *uncorrected_max)
{
	struct load load;

	load_prepare(&load, &server_stream, settings);
	load.plan.connections = 4;
	const struct load_tally *tally = load_run(&load);
	int64_t p99 = histogram_quantile(&tally->uncorrected.histogram, 0.99);

	assert_balanced(&load, tally);
	assert_int_equal(tally->corrected.histogram.count, 0);
	assert_int_equal(tally->lag.histogram.count, 0);
	*uncorrected_max = ms(&tally->uncorrected, 1);
	server_done(&load.server);
	return p99;
}

TEST(in_a_closed_loop_hardly_anybody_sees_it)
{
	double max, max_stalled;

	assert_int_equal(closed_p99(with_a_stall(), &max_stalled),
	                 closed_p99(load_fair(), &max));
	assert_true(max < 1 && max_stalled > 190);
}

TEST(a_request_that_finds_no_place_waits_and_keeps_its_instant)
{
	struct server_settings slow = load_fair();
	struct load load;

	/* It does 500 a second, and twice as many are due. */
	slow.service = 2 * NS_PER_MS;
	slow.delay = 2;
	load_prepare(&load, &server_datagrams, slow);
	load_pace(&load, LOAD_CONSTANT, 1000, 1000);
	load.plan.duration = NS_PER_SEC;
	load.plan.depth = 4;
	const struct load_tally *tally = load_run(&load);

	assert_balanced(&load, tally);
	assert_in_range(tally->counts.sent, 500, 505);
	assert_int_equal(tally->counts.sent + tally->counts.unsent, 1000);
	/* The last has waited for half a second before it was sent. */
	assert_in_range(tally->corrected.max, 490 * NS_PER_MS, 520 * NS_PER_MS);
	assert_in_range(tally->uncorrected.max, 7 * NS_PER_MS, 9 * NS_PER_MS);
	/* That was not our fault. */
	assert_true(tally->lag.max < NS_PER_MS);
	server_done(&load.server);
}

TEST(lag_is_our_own_lateness)
{
	struct server_settings sleepy = load_fair();
	struct load load;

	sleepy.lag = 3 * NS_PER_MS;
	load_prepare(&load, &server_datagrams, sleepy);
	load_pace(&load, LOAD_CONSTANT, 100, 100);
	load.plan.depth = 16;
	const struct load_tally *tally = load_run(&load);

	assert_int_equal(tally->counts.unsent, 0);
	assert_int_equal(tally->counts.answered, 100 * LOAD_SECONDS);
	assert_int_equal(tally->lag.histogram.count, 100 * LOAD_SECONDS);
	/* The first is due as the run begins. */
	assert_int_equal(tally->lag.min, 0);
	assert_int_equal(tally->lag.max, 3 * NS_PER_MS);
	assert_true(fabs(tally->lag.sum - (double)(100 * LOAD_SECONDS - 1) * 3e6) < 1);
	assert_true(tally->corrected.max >= tally->uncorrected.min + 3 * NS_PER_MS);
	server_done(&load.server);
}

TEST(who_wakes_late_at_the_end_still_sends_what_was_due_before)
{
	for (int64_t i = 0; i < 40; i++) {
		struct server_settings sleepy = load_fair();
		struct load load;

		sleepy.lag = 3 * NS_PER_MS;
		load_prepare(&load, &server_datagrams, sleepy);
		load_pace(&load, LOAD_CONSTANT, 1000, 1000);
		load.plan.depth = 16;
		load.plan.duration = NS_PER_SEC + 1 + i * NS_PER_MS / 10;
		const struct load_tally *tally = load_run(&load);

		assert_int_equal(tally->counts.unsent, 0);
		assert_int_equal(tally->counts.answered, 1001 + i / 10);
		server_done(&load.server);
	}
}

TEST(what_is_due_in_the_warm_up_is_sent_and_not_counted)
{
	static const enum load_pace paces[] = { LOAD_CLOSED, LOAD_CONSTANT, LOAD_POISSON };

	for (size_t i = 0; i < COUNT(paces); i++) {
		struct server_settings settings = load_fair();
		struct load load;

		/* A stall in the warm-up, and losses. */
		settings.frozen_at = NS_PER_SEC;
		settings.frozen_for = 100 * NS_PER_MS;
		load_prepare(&load, &server_datagrams, settings);
		load_pace(&load, paces[i], 1000, 1000);
		load.plan.depth = 200;
		load.plan.warmup = 2 * NS_PER_SEC;
		load.plan.duration = NS_PER_SEC;
		server_begin(&load.server, &load.plan);
		server_run(&load.server, mono_add(load.server.start, 2 * NS_PER_SEC - 1));
		uint64_t before = load.server.asked;

		assert_true(before > 1000);
		assert_int_equal(driver_tally(load.server.driver)->counts.sent, 0);
		const struct load_tally *tally = server_finish(&load.server);
		uint64_t answers = 0;

		driver_lane_answers(load.server.driver, &answers);
		assert_int_equal(tally->counts.sent, load.server.asked - before);
		assert_int_equal(tally->counts.answered, tally->counts.sent);
		assert_int_equal(answers, tally->counts.answered);
		assert_true(tally->uncorrected.max < 2 * NS_PER_MS);
		if (paces[i] == LOAD_CONSTANT)
			assert_int_equal(tally->counts.sent, 1000);
		server_done(&load.server);
	}
}

TEST(a_ramp_asks_as_often_as_its_integral)
{
	struct load load;

	load_prepare(&load, &server_stream, load_fair());
	load_pace(&load, LOAD_CONSTANT, 100, 10000);
	load.plan.connections = 8;
	load.plan.warmup = NS_PER_SEC;
	const struct load_tally *tally = load_run(&load);

	assert_int_equal(load.server.asked, 100 + (100 + 10000) / 2 * LOAD_SECONDS);
	assert_int_equal(tally->counts.answered, (100 + 10000) / 2 * LOAD_SECONDS);
	server_done(&load.server);
}

TEST(lanes_take_turns)
{
	enum { LANES = 7 };
	uint64_t answers[LANES];
	struct load load;

	load_prepare(&load, &server_stream, load_fair());
	load_pace(&load, LOAD_CONSTANT, 7000, 7000);
	load.plan.connections = LANES;
	load.plan.depth = 3;
	(void)load_run(&load);
	driver_lane_answers(load.server.driver, answers);
	for (size_t i = 0; i < LANES; i++)
		assert_in_range(answers[i], 1000 * LOAD_SECONDS - 2, 1000 * LOAD_SECONDS + 2);
	server_done(&load.server);
}

TEST(every_target_is_asked_with_every_size)
{
	struct load load;

	load_prepare(&load, &server_datagrams, load_fair());
	load_pace(&load, LOAD_CONSTANT, 600, 600);
	load.plan.target_count = 2;
	load.plan.probe_count = 2;
	load.plan.connections = 4;
	load.plan.duration = NS_PER_SEC;
	const struct load_tally *tally = load_run(&load);

	assert_int_equal(tally->counts.answered, 600);
	assert_int_equal(tally->counts.bytes_out, 300 * 64 + 300 * 65);
	assert_int_equal(tally->counts.bytes_in, 300 * 64 + 300 * 65);
	assert_int_equal(load.server.sizes[0][0], 150);
	assert_int_equal(load.server.sizes[0][1], 150);
	assert_int_equal(load.server.sizes[1][0], 150);
	assert_int_equal(load.server.sizes[1][1], 150);
	server_done(&load.server);
}

TEST(progress_is_what_was_counted_since_it_was_last_asked)
{
	struct load_tally sum;
	struct load load;

	assert_int_equal(load_tally_init(&sum), 0);
	load_prepare(&load, &server_datagrams, load_fair());
	load_pace(&load, LOAD_POISSON, 1000, 1000);
	load.plan.depth = 16;
	server_begin(&load.server, &load.plan);
	for (int64_t i = 1; i < LOAD_SECONDS; i++) {
		uint64_t before = sum.counts.answered;

		server_run(&load.server, mono_add(load.server.start, i * NS_PER_SEC));
		driver_take_progress(load.server.driver, &sum);
		assert_in_range(sum.counts.answered - before, 800, 1200);
		before = sum.counts.answered;
		(void)driver_tally(load.server.driver);
		driver_take_progress(load.server.driver, &sum);
		assert_int_equal(sum.counts.answered, before);
	}
	const struct load_tally *tally = server_finish(&load.server);

	driver_take_progress(load.server.driver, &sum);
	assert_memory_equal(&sum.counts, &tally->counts, sizeof(sum.counts));
	assert_int_equal(sum.corrected.histogram.count, tally->corrected.histogram.count);
	assert_int_equal(sum.corrected.max, tally->corrected.max);
	load_tally_done(&sum);
	server_done(&load.server);
}

TEST(the_same_seed_gives_the_same_figures)
{
	struct load one, other;

	for (int i = 0; i < 2; i++) {
		struct load *load = i == 0 ? &one : &other;

		load_prepare(load, &server_datagrams, with_a_stall());
		load_pace(load, LOAD_POISSON, 5000, 9000);
		load->plan.depth = 32;
		(void)load_run(load);
	}
	const struct load_tally *a = driver_tally(one.server.driver);
	const struct load_tally *b = driver_tally(other.server.driver);

	assert_memory_equal(&a->counts, &b->counts, sizeof(a->counts));
	assert_true(a->corrected.sum == b->corrected.sum);
	assert_int_equal(a->corrected.max, b->corrected.max);
	server_done(&one.server);
	server_done(&other.server);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_an_open_loop_a_stall_is_as_long_as_it_was),
		cmocka_unit_test(also_where_there_is_room_for_few_in_flight),
		cmocka_unit_test(in_a_closed_loop_hardly_anybody_sees_it),
		cmocka_unit_test(a_request_that_finds_no_place_waits_and_keeps_its_instant),
		cmocka_unit_test(lag_is_our_own_lateness),
		cmocka_unit_test(who_wakes_late_at_the_end_still_sends_what_was_due_before),
		cmocka_unit_test(what_is_due_in_the_warm_up_is_sent_and_not_counted),
		cmocka_unit_test(a_ramp_asks_as_often_as_its_integral),
		cmocka_unit_test(lanes_take_turns),
		cmocka_unit_test(every_target_is_asked_with_every_size),
		cmocka_unit_test(progress_is_what_was_counted_since_it_was_last_asked),
		cmocka_unit_test(the_same_seed_gives_the_same_figures),
	};

	/* With an argument only that claim is tested. */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
