/* SPDX-License-Identifier: MIT */
#include "loopback.h"
#include "service/departures.h"

enum { ROOM = 256 };

static const int families[] = { AF_INET, AF_INET6 };

/* A socket that answers, and the one that it answers to; both are one host's. */
struct bench {
	int fd, peer;
	struct datagrams *batch;
	struct departures departures;
};

static void open_bench(struct bench *bench, int family)
{
	struct address here, there;
	struct mono called;

	*bench = (struct bench){ .fd = bound_socket(family, SOCK_DGRAM, &here) };
	bench->peer = bound_socket(family, SOCK_DGRAM, &there);
	assert_int_equal(datagrams_new(&bench->batch, ROOM, true), 0);
	departures_open(&bench->departures, bench->fd);
	if (!departures_work(&bench->departures))
		skip(); /* kernel: no stamps of departure */
	/* What is answered, again and again. */
	assert_int_equal(socket_send_to(bench->peer, "x", 1, &here, &called), 0);
	assert_true(wait_for(bench->fd, POLLIN));
	assert_int_equal(datagrams_receive(bench->batch, bench->fd, 1), 1);
}

static void close_bench(struct bench *bench)
{
	datagrams_free(bench->batch);
	socket_close(&bench->fd);
	socket_close(&bench->peer);
}

/* Answers, and says so only when told; returns when. */
static struct wall answer(struct bench *bench, uint64_t ticket, bool note)
{
	struct datagram *datagram = datagrams_at(bench->batch, 0);

	datagram->ticket = ticket;
	datagrams_prepare(bench->batch, 0);
	struct wall now = clock_wall();

	datagrams_send(bench->batch, bench->fd, 0);
	assert_int_equal(datagram->result, 0);
	if (ticket && note)
		departures_note(&bench->departures, bench->fd, ticket, now, 0);
	return now;
}

TEST(what_has_a_ticket_is_told_when_it_left_and_nothing_else_is)
{
	for (size_t i = 0; i < COUNT(families); i++) {
		struct departure told[DEPARTURES_MAX];
		struct bench bench;

		open_bench(&bench, families[i]);
		for (uint64_t ticket = 1; ticket <= 200; ticket++) {
			answer(&bench, 0, true);
			assert_false(departures_are_due(&bench.departures));
			struct wall sealed = answer(&bench, ticket << 33, true);

			assert_true(departures_are_due(&bench.departures));
			assert_true(wait_for(bench.fd, POLLERR));
			assert_int_equal(departures_take(&bench.departures, bench.fd, told), 1);
			assert_true(told[0].ticket == ticket << 33);
			assert_in_range(told[0].when.ns, sealed.ns, clock_wall().ns);
			assert_false(departures_are_due(&bench.departures));
		}
		close_bench(&bench);
	}
}

TEST(several_are_told_at_once)
{
	struct departure told[DEPARTURES_MAX];
	struct bench bench;

	open_bench(&bench, AF_INET);
	for (uint64_t ticket = 1; ticket <= 20; ticket++)
		answer(&bench, ticket, true);
	assert_int_equal(departures_take(&bench.departures, bench.fd, told), 20);
	for (uint64_t i = 0; i < 20; i++)
		assert_true(told[i].ticket == i + 1);
	close_bench(&bench);
}

TEST(older_ones_than_are_awaited_are_forgotten_without_distrust)
{
	struct departure told[DEPARTURES_MAX];
	struct bench bench;
	int sum = 0;

	open_bench(&bench, AF_INET);
	for (uint64_t ticket = 1; ticket <= DEPARTURES_AWAITED + 30; ticket++)
		answer(&bench, ticket, true);
	for (int i = 0; i < 4; i++)
		sum += departures_take(&bench.departures, bench.fd, told);
	assert_int_equal(sum, DEPARTURES_AWAITED);
	assert_int_equal(bench.departures.distrust, 0);
	close_bench(&bench);
}

/* Somebody else answers by the same socket: the kernel counts both. */
TEST(stamps_of_somebody_else_are_told_to_nobody_and_the_counting_begins_anew)
{
	struct departure told[DEPARTURES_MAX];
	struct bench bench;

	open_bench(&bench, AF_INET);
	answer(&bench, 99, false);
	answer(&bench, 1, true);
	assert_int_equal(departures_take(&bench.departures, bench.fd, told), 0);
	assert_int_equal(bench.departures.distrust, 1);
	answer(&bench, 2, true);
	assert_int_equal(departures_take(&bench.departures, bench.fd, told), 1);
	assert_true(told[0].ticket == 2);
	close_bench(&bench);
}

TEST(where_that_never_ends_nobody_asks_any_more)
{
	struct departure told[DEPARTURES_MAX];
	struct bench bench;

	open_bench(&bench, AF_INET);
	for (int i = 0; i < 16; i++) {
		assert_true(departures_work(&bench.departures));
		answer(&bench, 99, false);
		answer(&bench, 1, true);
		assert_int_equal(departures_take(&bench.departures, bench.fd, told), 0);
	}
	assert_false(departures_work(&bench.departures));
	close_bench(&bench);
}

TEST(after_an_answer_that_failed_the_next_is_told_all_the_same)
{
	struct departure told[DEPARTURES_MAX];
	struct bench bench;

	open_bench(&bench, AF_INET);
	answer(&bench, 1, true);
	assert_int_equal(departures_take(&bench.departures, bench.fd, told), 1);
	departures_note(&bench.departures, bench.fd, 2, clock_wall(), -EPERM);
	assert_false(departures_are_due(&bench.departures));
	answer(&bench, 3, true);
	assert_int_equal(departures_take(&bench.departures, bench.fd, told), 1);
	assert_true(told[0].ticket == 3);
	close_bench(&bench);
}

TEST(a_stamp_that_never_comes_is_not_looked_for_for_ever)
{
	struct departure told[DEPARTURES_MAX];
	struct bench bench;
	int looks = 0;

	open_bench(&bench, AF_INET);
	departures_note(&bench.departures, bench.fd, 1, clock_wall(), 0);
	for (; departures_are_due(&bench.departures) && looks < 1000; looks++)
		assert_int_equal(departures_take(&bench.departures, bench.fd, told), 0);
	assert_in_range(looks, 1, 100);
	close_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_a_ticket_is_told_when_it_left_and_nothing_else_is),
		cmocka_unit_test(several_are_told_at_once),
		cmocka_unit_test(older_ones_than_are_awaited_are_forgotten_without_distrust),
		cmocka_unit_test(
			stamps_of_somebody_else_are_told_to_nobody_and_the_counting_begins_anew),
		cmocka_unit_test(where_that_never_ends_nobody_asks_any_more),
		cmocka_unit_test(after_an_answer_that_failed_the_next_is_told_all_the_same),
		cmocka_unit_test(a_stamp_that_never_comes_is_not_looked_for_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
