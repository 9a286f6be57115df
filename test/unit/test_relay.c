/* SPDX-License-Identifier: MIT */
/* The relay's thread with this test as its worker: listeners on loopback are its targets. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/socket.h"
#include "relay/relay.h"
#include "service/desk.h"
#include "unit.h"

enum { KEPT = 8, PATIENCE_MS = 9000 };

/* What came for one ticket. */
struct heard {
	char lines[KEPT][PONG_ANSWER_MAX];
	size_t count;
	bool ended;
	struct mono when; /* the last line came */
};

struct bench {
	struct relay *relay;
	struct desk desk;
	struct loop loop;
	pthread_t thread;
	bool stopped;
	struct heard *heard; /* DESK_TICKETS of them */
	int listener;
	char target[64]; /* the listener, by the kernel's handshake */
};

static struct address loopback(void)
{
	struct address address;

	assert_int_equal(address_parse("127.0.0.1", &address), 0);
	return address;
}

static void open_target(struct bench *bench)
{
	struct address address = loopback();

	bench->listener = socket_bind(&address, SOCK_STREAM, SOCKET_ALONE);
	assert_true(bench->listener >= 0);
	assert_int_equal(socket_listen(bench->listener, 64), 0);
	(void)snprintf(bench->target, sizeof(bench->target), "tcp://127.0.0.1:%u",
	               (unsigned)address_port(&address));
}

static void start(struct bench *bench, bool open_to_all)
{
	struct relay_options options = { .open_to_all = open_to_all };
	struct err err = { 0 };

	*bench = (struct bench){ .heard = calloc(DESK_TICKETS, sizeof(struct heard)) };
	assert_non_null(bench->heard);
	assert_int_equal(policy_allow(&options.policy, "127.0.0.1/32", &err), 0);
	assert_int_equal(desk_init(&bench->desk), 0);
	assert_int_equal(relay_new(&bench->relay, &options, &bench->desk, 1, &err), 0);
	assert_int_equal(loop_init(&bench->loop), 0);
	assert_int_equal(loop_watch_wakes(&bench->loop, &bench->desk.to_worker), 0);
	open_target(bench);
	assert_int_equal(pthread_create(&bench->thread, NULL, relay_run, bench->relay), 0);
}

static void stop(struct bench *bench)
{
	if (bench->stopped)
		return;
	relay_stop(bench->relay);
	assert_int_equal(pthread_join(bench->thread, NULL), 0);
	bench->stopped = true;
}

static void finish(struct bench *bench)
{
	stop(bench);
	relay_free(bench->relay);
	socket_close(&bench->listener);
	socket_close(&bench->desk.to_worker.fd);
	loop_done(&bench->loop);
	desk_done(&bench->desk);
	free(bench->heard);
}

static int ask_from(struct bench *bench, uint64_t ticket, const char *target,
                    const char *client)
{
	struct address address;

	assert_int_equal(address_parse(client, &address), 0);
	bench->heard[ticket] = (struct heard){ 0 };
	return desk_ask(&bench->desk, ticket, &address, target, strlen(target));
}

/* Each from a client of its own. */
static void ask(struct bench *bench, uint64_t ticket, const char *target)
{
	char client[32];

	(void)snprintf(client, sizeof(client), "127.0.1.%u", (unsigned)ticket);
	assert_int_equal(ask_from(bench, ticket, target, client), 0);
}

static void take(struct bench *bench)
{
	struct desk_answer answer;

	while (desk_next_answer(&bench->desk, &answer)) {
		struct heard *heard = &bench->heard[answer.ticket];

		assert_false(heard->ended);
		assert_true(heard->count < KEPT);
		memcpy(heard->lines[heard->count++], answer.line, sizeof(answer.line));
		heard->ended = answer.last;
		heard->when = clock_mono();
	}
}

/* Waits until the ticket has so many lines, or its last. */
static const struct heard *hear(struct bench *bench, uint64_t ticket, size_t lines)
{
	struct mono end = mono_add(clock_mono(), PATIENCE_MS * NS_PER_MS);
	const struct heard *heard = &bench->heard[ticket];
	struct happening happening;

	take(bench);
	while (!heard->ended && heard->count < lines) {
		assert_true(mono_before(clock_mono(), end));
		loop_arm(&bench->loop, end);
		if (loop_wait(&bench->loop, &happening, 1) == 1)
			loop_take_wake(happening.watch);
		take(bench);
	}
	return heard;
}

static const char *last_line(struct bench *bench, uint64_t ticket)
{
	const struct heard *heard = hear(bench, ticket, KEPT);

	assert_true(heard->ended);
	return heard->lines[heard->count - 1];
}

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

TEST(a_target_is_asked_four_times_and_all_hear_the_same)
{
	struct bench bench;
	char done[128];

	start(&bench, false);
	ask(&bench, 0, bench.target);
	(void)hear(&bench, 0, 2);
	ask(&bench, 1, bench.target); /* while it is asked */
	const struct heard *first = hear(&bench, 0, KEPT), *second = hear(&bench, 1, KEPT);

	assert_int_equal(first->count, 5);
	assert_int_equal(second->count, 5);
	for (size_t i = 0; i < 4; i++) {
		char reply[32];

		(void)snprintf(reply, sizeof(reply), "reply seq=%zu time_ms=", i + 1);
		assert_true(begins(first->lines[i], reply));
	}
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(first->lines[i], second->lines[i]);
	(void)snprintf(done, sizeof(done),
	               "done %s sent=4 received=4 loss=0%% min/avg/max/mdev=", bench.target);
	assert_true(begins(first->lines[4], done));
	finish(&bench);
}

TEST(asking_again_keeps_the_pace_and_repeats_no_old_line)
{
	struct bench bench;

	start(&bench, false);
	ask(&bench, 0, bench.target);
	assert_true(begins(last_line(&bench, 0), "done "));
	struct mono before = bench.heard[0].when;

	ask(&bench, 0, bench.target);
	const struct heard *heard = hear(&bench, 0, 1);

	assert_int_equal(heard->count, 1);
	assert_true(begins(heard->lines[0], "reply seq=1 "));
	assert_true(mono_since(clock_mono(), before) > 900 * NS_PER_MS);
	finish(&bench);
}

TEST(what_nobody_may_ask_is_one_error)
{
	static const struct {
		const char *target, *answer;
	} wrong[] = {
		{ "127.0.0.2", "error cannot ask '127.0.0.2': it leads to a loopback address" },
		{ "tcp://10.0.0.1",
		  "error cannot ask 'tcp://10.0.0.1': it leads to a private" },
		{ "pong", "error 'pong' needs a host" },
		{ "pong://*", "error '*' is every address" },
		{ "icmp://127.0.0.1:7", "error 'icmp' has no ports" },
		{ "line://127.0.0.1:7", "error 'line' is nothing to ask for others" },
		{ "tcp://127.0.0.1:0", "error port '0' of '127.0.0.1' cannot be asked" },
		{ "127.0.0.1 x", "error invalid target '127.0.0.1 x'" },
		{ "\x1b[31m", "error invalid target '\\x1b[31m'" },
		{ "\xc3\xa4.example", "error invalid target '" },
		{ "", "error invalid endpoint ''" },
		{ "nosuch://127.0.0.1", "error unknown kind 'nosuch'" },
	};
	struct bench bench;

	start(&bench, false);
	for (size_t i = 0; i < COUNT(wrong); i++)
		ask(&bench, i, wrong[i].target);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		const char *line = last_line(&bench, i);

		if (!begins(line, wrong[i].answer))
			print_error("'%s': %s\n", wrong[i].target, line);
		assert_true(begins(line, wrong[i].answer));
		assert_int_equal(bench.heard[i].count, 1);
	}
	finish(&bench);
}

TEST(clients_from_elsewhere_need_to_be_let_in)
{
	struct bench bench;

	start(&bench, false);
	assert_int_equal(ask_from(&bench, 0, bench.target, "192.0.2.1"), 0);
	assert_true(
		begins(last_line(&bench, 0), "error pings through this server are for local"));
	finish(&bench);
	start(&bench, true);
	assert_int_equal(ask_from(&bench, 0, bench.target, "192.0.2.1"), 0);
	assert_true(begins(hear(&bench, 0, 1)->lines[0], "reply seq=1 "));
	finish(&bench);
}

TEST(one_client_cannot_keep_the_others_from_asking)
{
	struct bench bench;

	start(&bench, false);
	for (uint64_t i = 0; i < 17; i++) /* one client, however its address is written */
		assert_int_equal(ask_from(&bench, i, bench.target,
		                          i % 2 ? "127.0.0.1" : "::ffff:127.0.0.1"),
		                 0);
	assert_string_equal(last_line(&bench, 16), "error busy (too many pings of yours)");
	ask(&bench, 17, bench.target);
	assert_true(begins(hear(&bench, 17, 1)->lines[0], "reply seq=1 "));
	assert_true(begins(last_line(&bench, 15), "done "));
	assert_int_equal(ask_from(&bench, 16, bench.target, "127.0.0.1"), 0);
	assert_true(begins(hear(&bench, 16, 1)->lines[0], "reply seq=1 "));
	finish(&bench);
}

TEST(an_ipv6_client_is_the_network_it_is_in)
{
	struct bench bench;
	char client[48];

	start(&bench, true);
	for (uint64_t i = 0; i < 17; i++) {
		(void)snprintf(client, sizeof(client), "2600:9::%u", (unsigned)i + 1);
		assert_int_equal(ask_from(&bench, i, bench.target, client), 0);
	}
	assert_string_equal(last_line(&bench, 16), "error busy (too many pings of yours)");
	assert_int_equal(ask_from(&bench, 17, bench.target, "2600:9:0:1::1"), 0);
	assert_true(begins(hear(&bench, 17, 1)->lines[0], "reply seq=1 "));
	finish(&bench);
}

TEST(a_name_is_asked_by_its_address)
{
	struct bench bench;
	char target[64];

	start(&bench, false);
	(void)snprintf(target, sizeof(target), "tcp://127.1%s", strrchr(bench.target, ':'));
	ask(&bench, 0, target);
	ask(&bench, 1, "tcp://0x7f000002:9");
	assert_true(begins(hear(&bench, 0, 1)->lines[0], "reply seq=1 "));
	assert_true(begins(last_line(&bench, 1),
	                   "error cannot ask 'tcp://0x7f000002:9': it leads"));
	finish(&bench);
}

TEST(who_goes_has_a_last_line_all_the_same_and_frees_the_place)
{
	struct bench bench;

	start(&bench, false);
	for (int round = 0; round < 6; round++) {
		for (uint64_t i = 0; i < DESK_TICKETS; i++)
			ask(&bench, i, i % 2 ? bench.target : "tcp://127.0.0.1:1");
		if (round % 2)
			(void)hear(&bench, 1, 1);
		for (uint64_t i = 0; i < DESK_TICKETS; i++)
			desk_cancel(&bench.desk, i);
		for (uint64_t i = 0; i < DESK_TICKETS; i++)
			assert_true(begins(last_line(&bench, i), "error cancelled"));
	}
	desk_cancel(&bench.desk, 1); /* its last line had come */
	ask(&bench, 0, bench.target);
	assert_true(begins(hear(&bench, 0, 1)->lines[0], "reply seq=1 "));
	finish(&bench);
}

TEST(nobody_is_left_without_a_last_line_when_it_stops)
{
	struct bench bench;

	start(&bench, false);
	for (uint64_t i = 0; i < DESK_TICKETS - 1; i++)
		ask(&bench, i, i % 2 ? bench.target : "127.3");
	(void)hear(&bench, 1, 1);
	relay_refuse(bench.relay);
	ask(&bench, DESK_TICKETS - 1, bench.target);
	assert_string_equal(last_line(&bench, 1), "error the server is stopping");
	stop(&bench);
	for (uint64_t i = 1; i < DESK_TICKETS; i += 2)
		assert_string_equal(last_line(&bench, i), "error the server is stopping");
	for (uint64_t i = 0; i < DESK_TICKETS; i += 2)
		assert_true(begins(last_line(&bench, i), "error "));
	finish(&bench);
}

TEST(whom_it_may_ask_and_for_whom_can_change)
{
	struct relay_options options = { .open_to_all = true };
	struct bench bench;

	start(&bench, false);
	assert_int_equal(ask_from(&bench, 0, bench.target, "192.0.2.1"), 0);
	assert_true(begins(last_line(&bench, 0), "error pings through this server are for"));
	assert_int_equal(relay_change(bench.relay, &options), 0);
	assert_int_equal(ask_from(&bench, 1, bench.target, "192.0.2.1"), 0);
	assert_true(begins(last_line(&bench, 1), "error cannot ask"));
	for (int i = 0; i < 100; i++) /* some of them are never looked at */
		assert_int_equal(relay_change(bench.relay, &options), 0);
	assert_int_equal(policy_allow(&options.policy, "127.0.0.1/32", NULL), 0);
	assert_int_equal(relay_change(bench.relay, &options), 0);
	assert_int_equal(ask_from(&bench, 2, bench.target, "192.0.2.1"), 0);
	assert_true(begins(hear(&bench, 2, 1)->lines[0], "reply seq=1 "));
	finish(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_asked_four_times_and_all_hear_the_same),
		cmocka_unit_test(asking_again_keeps_the_pace_and_repeats_no_old_line),
		cmocka_unit_test(what_nobody_may_ask_is_one_error),
		cmocka_unit_test(clients_from_elsewhere_need_to_be_let_in),
		cmocka_unit_test(one_client_cannot_keep_the_others_from_asking),
		cmocka_unit_test(an_ipv6_client_is_the_network_it_is_in),
		cmocka_unit_test(a_name_is_asked_by_its_address),
		cmocka_unit_test(who_goes_has_a_last_line_all_the_same_and_frees_the_place),
		cmocka_unit_test(nobody_is_left_without_a_last_line_when_it_stops),
		cmocka_unit_test(whom_it_may_ask_and_for_whom_can_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
