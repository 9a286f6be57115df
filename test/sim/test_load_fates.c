/* SPDX-License-Identifier: MIT */
/* What becomes of the requests of a load: each has one fate, and the server knows which. */
#include "sim/loading.h"

enum { RATE = 2000, DEPTH = 256, LANES = 8 };

static void prepare(struct load *load, const struct probe_ops *ops,
                    struct server_settings settings)
{
	load_prepare(load, ops, settings);
	load_pace(load, LOAD_CONSTANT, RATE, RATE);
	load->options[0].timeout = 200 * NS_PER_MS;
	load->plan.connections = LANES;
	load->plan.depth = DEPTH;
}

static const struct load_counts *run(struct load *load)
{
	return &load_run(load)->counts;
}

static void assert_true_counts(const struct load *load, const struct load_counts *counts)
{
	const struct load_counts *truth = &load->server.truth;

	assert_int_equal(counts->sent, truth->sent);
	assert_int_equal(counts->answered, truth->answered);
	assert_int_equal(counts->lost, truth->lost);
	assert_int_equal(counts->refused, truth->refused);
	assert_int_equal(counts->reset, truth->reset);
	assert_int_equal(counts->corrupt, truth->corrupt);
	assert_int_equal(counts->late, truth->late);
	assert_int_equal(counts->duplicates, truth->duplicates);
	assert_int_equal(counts->connects, truth->connects);
	assert_int_equal(counts->connect_failures, truth->connect_failures);
	assert_int_equal(load_counts_settled(counts), counts->sent + counts->unsent);
}

/* One kind of mishap, then all at once; lanes of many places and of few. */
static void assert_told(struct mishaps mishaps, enum load_pace pace, size_t depth)
{
	struct server_settings settings = load_fair();
	struct load load;

	settings.mishaps = mishaps;
	prepare(&load, &server_datagrams, settings);
	load.plan.pace = pace;
	load.plan.depth = depth;
	const struct load_counts *counts = run(&load);

	assert_true_counts(&load, counts);
	assert_int_equal(counts->unsent, load.server.truth.unsent);
	assert_true(load_counts_failed(counts) + counts->duplicates > 0);
	if (pace == LOAD_CONSTANT)
		assert_int_equal(load_counts_settled(counts), RATE * LOAD_SECONDS);
	server_done(&load.server);
}

static void assert_told_always(struct mishaps mishaps)
{
	assert_told(mishaps, LOAD_CONSTANT, DEPTH);
	assert_told(mishaps, LOAD_POISSON, DEPTH);
	assert_told(mishaps, LOAD_CLOSED, 4);
}

TEST(losses_are_told)
{
	assert_told_always((struct mishaps){ .lost = 100 });
}

TEST(late_answers_are_told_and_their_requests_are_lost)
{
	assert_told_always((struct mishaps){ .late = 100 });
}

TEST(a_late_answer_that_is_read_before_its_request_is_given_up_is_late_too)
{
	struct server_settings settings = load_fair();
	struct load load;

	/* The time-out and the late answer, 5 ms after it, are found in one turn. */
	settings.mishaps.late = 100;
	settings.lag = 6 * NS_PER_MS;
	prepare(&load, &server_datagrams, settings);
	const struct load_counts *counts = run(&load);

	assert_true_counts(&load, counts);
	assert_int_equal(counts->lost, RATE * LOAD_SECONDS / 100);
	assert_true(counts->late > 0);
	server_done(&load.server);
}

TEST(second_answers_are_duplicates)
{
	assert_told_always((struct mishaps){ .twice = 100 });
}

TEST(an_answer_that_is_not_what_was_sent_is_corrupt)
{
	assert_told_always((struct mishaps){ .spoilt = 100 });
	assert_told_always((struct mishaps){ .mistaken = 100 });
	assert_told_always((struct mishaps){ .cut = 100 });
}

TEST(what_the_network_refuses_is_refused)
{
	assert_told_always((struct mishaps){ .refused = 100 });
}

TEST(what_the_system_refuses_was_never_sent)
{
	assert_told_always((struct mishaps){ .unsent = 100 });
}

TEST(all_of_it_is_told_apart)
{
	assert_told_always((struct mishaps){
		.lost = 31,
		.late = 37,
		.twice = 41,
		.spoilt = 43,
		.mistaken = 47,
		.cut = 53,
		.refused = 59,
		.unsent = 61,
	});
}

/* A stream answers in order; what was late holds up the others. */
TEST(a_late_answer_on_a_stream_is_late_and_the_connection_stands)
{
	struct server_settings settings = load_fair();
	struct load load;

	settings.mishaps.late = 900;
	prepare(&load, &server_stream, settings);
	const struct load_counts *counts = run(&load);

	assert_int_equal(counts->sent, RATE * LOAD_SECONDS);
	assert_true(counts->late >= counts->sent / 900);
	assert_int_equal(counts->late, counts->lost);
	assert_int_equal(counts->answered + counts->lost, counts->sent);
	assert_int_equal(counts->connects, LANES);
	assert_int_equal(counts->reset + counts->corrupt + counts->unsent, 0);
	server_done(&load.server);
}

TEST(a_connection_that_ends_takes_along_what_was_in_flight_and_is_made_again)
{
	struct server_settings settings = load_fair();
	struct load load;

	settings.mishaps.ended = 500;
	settings.mishaps.lied = 700;
	settings.delay = 20 * NS_PER_MS;
	prepare(&load, &server_stream, settings);
	const struct load_counts *counts = run(&load);

	assert_true_counts(&load, counts);
	assert_int_equal(counts->unsent, 0);
	assert_int_equal(counts->sent, RATE * LOAD_SECONDS);
	assert_int_equal(counts->corrupt, RATE * LOAD_SECONDS / 700 - 2);
	assert_true(counts->reset > counts->sent / 500);
	assert_true(counts->connects > LANES);
	assert_true(load.server.closest_open >= 100 * NS_PER_MS);
	server_done(&load.server);
}

TEST(a_dead_server_is_asked_to_connect_every_100_ms_and_the_run_ends)
{
	static const enum load_pace paces[] = { LOAD_CLOSED, LOAD_CONSTANT, LOAD_POISSON };

	for (size_t i = 0; i < COUNT(paces); i++) {
		struct server_settings settings = load_fair();
		struct load load;

		settings.dead_until = INT64_MAX;
		prepare(&load, &server_stream, settings);
		load.plan.pace = paces[i];
		const struct load_counts *counts = run(&load);

		assert_int_equal(counts->sent + counts->connects, 0);
		assert_int_equal(counts->connect_failures, LANES * LOAD_SECONDS * 10);
		assert_int_equal(load.server.closest_open, 100 * NS_PER_MS);
		assert_int_equal(load_counts_settled(counts), counts->unsent);
		if (paces[i] == LOAD_CLOSED)
			assert_int_equal(counts->unsent, 0);
		if (paces[i] == LOAD_CONSTANT)
			assert_int_equal(counts->unsent, RATE * LOAD_SECONDS);
		server_done(&load.server);
	}
}

TEST(requests_wait_for_a_server_that_is_not_up_yet)
{
	struct server_settings settings = load_fair();
	struct load load;

	settings.dead_until = NS_PER_SEC / 2;
	prepare(&load, &server_stream, settings);
	const struct load_counts *counts = run(&load);

	assert_true_counts(&load, counts);
	assert_int_equal(counts->answered, RATE * LOAD_SECONDS);
	assert_in_range(driver_tally(load.server.driver)->corrected.max, 500 * NS_PER_MS,
	                610 * NS_PER_MS);
	server_done(&load.server);
}

TEST(ten_thousand_connections_are_opened_a_few_hundred_at_a_time)
{
	enum { MANY = 10000 };
	struct load load;

	prepare(&load, &server_stream, load_fair());
	load.plan.connections = MANY;
	load.plan.depth = 1;
	const struct load_counts *counts = run(&load);

	assert_int_equal(driver_open_lanes(load.server.driver), MANY);
	assert_int_equal(counts->connects, MANY);
	assert_int_equal(counts->answered, RATE * LOAD_SECONDS);
	assert_in_range(load.server.connecting_most, 100, 256);
	server_done(&load.server);
}

TEST(with_a_connection_for_each_request_the_connecting_counts)
{
	static const enum load_pace paces[] = { LOAD_CLOSED, LOAD_CONSTANT, LOAD_POISSON };

	for (size_t i = 0; i < COUNT(paces); i++) {
		struct load load;

		prepare(&load, &server_stream, load_fair());
		load.plan.pace = paces[i];
		load.plan.reconnect = true;
		const struct load_counts *counts = run(&load);

		assert_true_counts(&load, counts);
		assert_true(counts->answered > RATE * LOAD_SECONDS / 2);
		assert_int_equal(counts->answered, counts->sent);
		assert_int_equal(counts->connects, counts->sent);
		assert_int_equal(counts->unsent, 0);
		assert_true(driver_tally(load.server.driver)->uncorrected.min >=
		            2 * load_fair().delay);
		server_done(&load.server);
	}
}

TEST(then_a_connection_that_is_refused_is_a_request_that_is)
{
	struct server_settings settings = load_fair();
	struct load load;

	settings.dead_until = NS_PER_SEC;
	prepare(&load, &server_stream, settings);
	load.plan.reconnect = true;
	const struct load_counts *counts = run(&load);

	assert_int_equal(counts->refused, RATE);
	assert_int_equal(counts->connect_failures, RATE);
	assert_int_equal(counts->answered, RATE * (LOAD_SECONDS - 1));
	assert_int_equal(counts->unsent, 0);
	server_done(&load.server);
}

TEST(and_one_that_is_not_answered_on_is_lost)
{
	struct server_settings settings = load_fair();
	struct load load;

	settings.swallows = 1; /* it answers once; there is no second time */
	prepare(&load, &server_stream, settings);
	load.plan.reconnect = true;
	const struct load_counts *counts = run(&load);

	assert_int_equal(counts->answered, RATE * LOAD_SECONDS);
	server_done(&load.server);
}

TEST(a_server_that_answers_no_more_is_owed_only_so_many)
{
	struct server_settings settings = load_fair();
	struct load load;

	settings.swallows = 10;
	prepare(&load, &server_stream, settings);
	load.plan.depth = 4;
	const struct load_counts *counts = run(&load);

	/* What was lost still keeps its place: answers have to come in order. */
	assert_int_equal(counts->answered, LANES * 10);
	assert_int_equal(counts->lost, LANES * 16);
	assert_int_equal(counts->sent, LANES * (10 + 16));
	assert_int_equal(load_counts_settled(counts), RATE * LOAD_SECONDS);
	server_done(&load.server);
}

TEST(who_stops_awaits_what_is_in_flight)
{
	struct server_settings settings = load_fair();
	struct load load;

	settings.delay = 50 * NS_PER_MS;
	settings.mishaps.lost = 10;
	prepare(&load, &server_datagrams, settings);
	load.plan.duration = 0;
	server_begin(&load.server, &load.plan);
	server_run(&load.server, mono_add(load.server.start, NS_PER_SEC + 1));
	driver_stop(load.server.driver, load.server.now);
	assert_false(driver_finished(load.server.driver));
	load.server.next = load.server.now;
	const struct load_counts *counts = &server_finish(&load.server)->counts;

	assert_true_counts(&load, counts);
	assert_int_equal(counts->sent, RATE + 1);
	assert_int_equal(counts->lost, counts->sent / 10);
	server_done(&load.server);
}

TEST(who_stops_still_sends_what_was_due_before)
{
	struct load load;

	prepare(&load, &server_datagrams, load_fair());
	load.plan.duration = 0;
	server_begin(&load.server, &load.plan);
	server_run(&load.server, mono_add(load.server.start, NS_PER_SEC + 1));
	load.server.now = mono_add(load.server.now, 5 * NS_PER_SEC / RATE + 1);
	driver_stop(load.server.driver, load.server.now);
	load.server.next = load.server.now;
	const struct load_counts *counts = &server_finish(&load.server)->counts;

	assert_int_equal(counts->unsent, 0);
	assert_int_equal(counts->answered, RATE + 1 + 5);
	server_done(&load.server);
}

TEST(who_overslept_does_not_call_lost_what_was_there)
{
	struct server_settings settings = load_fair();
	struct load load;

	prepare(&load, &server_datagrams, settings);
	server_begin(&load.server, &load.plan);
	server_run(&load.server, mono_add(load.server.start, NS_PER_SEC));
	load.server.now = mono_add(load.server.now, 3 * load.options[0].timeout);
	const struct load_counts *counts = &server_finish(&load.server)->counts;

	assert_int_equal(counts->answered, RATE * LOAD_SECONDS);
	assert_int_equal(counts->lost + counts->late, 0);
	server_done(&load.server);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(losses_are_told),
		cmocka_unit_test(late_answers_are_told_and_their_requests_are_lost),
		cmocka_unit_test(
			a_late_answer_that_is_read_before_its_request_is_given_up_is_late_too),
		cmocka_unit_test(second_answers_are_duplicates),
		cmocka_unit_test(an_answer_that_is_not_what_was_sent_is_corrupt),
		cmocka_unit_test(what_the_network_refuses_is_refused),
		cmocka_unit_test(what_the_system_refuses_was_never_sent),
		cmocka_unit_test(all_of_it_is_told_apart),
		cmocka_unit_test(a_late_answer_on_a_stream_is_late_and_the_connection_stands),
		cmocka_unit_test(
			a_connection_that_ends_takes_along_what_was_in_flight_and_is_made_again),
		cmocka_unit_test(
			a_dead_server_is_asked_to_connect_every_100_ms_and_the_run_ends),
		cmocka_unit_test(requests_wait_for_a_server_that_is_not_up_yet),
		cmocka_unit_test(ten_thousand_connections_are_opened_a_few_hundred_at_a_time),
		cmocka_unit_test(with_a_connection_for_each_request_the_connecting_counts),
		cmocka_unit_test(then_a_connection_that_is_refused_is_a_request_that_is),
		cmocka_unit_test(and_one_that_is_not_answered_on_is_lost),
		cmocka_unit_test(a_server_that_answers_no_more_is_owed_only_so_many),
		cmocka_unit_test(who_stops_awaits_what_is_in_flight),
		cmocka_unit_test(who_stops_still_sends_what_was_due_before),
		cmocka_unit_test(who_overslept_does_not_call_lost_what_was_there),
	};

	/* With an argument only that claim is tested. */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
