/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "loopback.h"
#include "net/datagram.h"

enum { ROOM = 2048 };

/* A server that knows where each datagram was sent to, and a client. */
struct pair {
	struct datagrams *batch;
	struct address address;
	int server, client;
};

static struct pair open_pair(int family)
{
	struct pair pair = { 0 };

	pair.server = bound_socket(family, SOCK_DGRAM, &pair.address);
	pair.client = socket_open(family, SOCK_DGRAM, 0);
	assert_true(pair.client >= 0);
	assert_int_equal(socket_want_details(pair.server, family), 0);
	assert_int_equal(socket_want_destination(pair.server, family), 0);
	assert_int_equal(datagrams_new(&pair.batch, ROOM, true), 0);
	return pair;
}

static void close_pair(struct pair *pair)
{
	datagrams_free(pair->batch);
	socket_close(&pair->server);
	socket_close(&pair->client);
}

static void ask(const struct pair *pair, const void *data, size_t length)
{
	struct mono called;

	assert_int_equal(socket_send_to(pair->client, data, length, &pair->address, &called),
	                 0);
}

/* Takes what has come, once something has. */
static int take(const struct pair *pair, int most)
{
	assert_true(wait_for(pair->server, POLLIN));
	return datagrams_receive(pair->batch, pair->server, most);
}

static void assert_details(int family)
{
	struct pair pair = open_pair(family);
	struct socket_options options = { .ttl = 33, .tos = 0x20, .pmtu = -1 };

	assert_int_equal(socket_configure(pair.client, family, &options), 0);
	ask(&pair, "hello", 5);
	assert_int_equal(take(&pair, 1), 1);
	const struct datagram *datagram = datagrams_at(pair.batch, 0);

	assert_int_equal(datagram->length, 5);
	assert_memory_equal(datagram->data, "hello", 5);
	assert_int_equal(datagram->ttl, 33);
	assert_int_equal(datagram->tos, 0x20);
	assert_false(datagram->truncated || datagram->to_many);
	assert_true(address_same_host(&datagram->local, &pair.address));
	assert_true(address_same_host(&datagram->peer, &pair.address));
	close_pair(&pair);
}

TEST(a_datagram_tells_its_ttl_tos_and_the_address_it_came_to)
{
	assert_details(AF_INET);
}

TEST(and_so_it_does_over_ipv6)
{
	assert_details(AF_INET6);
}

TEST(an_empty_socket_gives_nothing_and_is_no_error)
{
	struct pair pair = open_pair(AF_INET);

	assert_int_equal(datagrams_receive(pair.batch, pair.server, 1), 0);
	assert_int_equal(datagrams_receive(pair.batch, pair.server, DATAGRAMS_MAX), 0);
	close_pair(&pair);
}

TEST(a_batch_comes_in_order_and_no_larger_than_asked)
{
	struct pair pair = open_pair(AF_INET);

	for (const char *c = "abcdefghij"; *c; c++)
		ask(&pair, c, 1);
	assert_int_equal(take(&pair, 4), 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(datagrams_at(pair.batch, i)->data[0], 'a' + i);
	assert_int_equal(datagrams_receive(pair.batch, pair.server, DATAGRAMS_MAX), 6);
	assert_int_equal(datagrams_at(pair.batch, 5)->data[0], 'j');
	close_pair(&pair);
}

TEST(what_does_not_fit_is_marked_as_cut)
{
	static const uint8_t large[ROOM + 1];
	struct pair pair = open_pair(AF_INET);

	ask(&pair, large, ROOM);
	ask(&pair, large, ROOM + 1);
	ask(&pair, large, 0);
	assert_int_equal(take(&pair, 3), 3);
	assert_false(datagrams_at(pair.batch, 0)->truncated);
	assert_int_equal(datagrams_at(pair.batch, 0)->length, ROOM);
	assert_true(datagrams_at(pair.batch, 1)->truncated);
	assert_int_equal(datagrams_at(pair.batch, 2)->length, 0);
	assert_false(datagrams_at(pair.batch, 2)->truncated);
	close_pair(&pair);
}

TEST(what_is_too_large_to_send_is_refused)
{
	static const uint8_t oversize[65508];
	struct pair pair = open_pair(AF_INET);
	struct mono called;

	assert_int_equal(
		socket_send_to(pair.client, oversize, sizeof(oversize), &pair.address, &called),
		-EMSGSIZE);
	close_pair(&pair);
}

/* Receives one answer at the client, which must come from the address that was asked. */
static void assert_answer(const struct pair *pair, const char *expected, int ttl)
{
	struct datagrams *batch;

	assert_int_equal(datagrams_new(&batch, ROOM, true), 0);
	assert_true(wait_for(pair->client, POLLIN));
	assert_int_equal(datagrams_receive(batch, pair->client, 1), 1);
	const struct datagram *answer = datagrams_at(batch, 0);

	assert_int_equal(answer->length, strlen(expected));
	assert_memory_equal(answer->data, expected, strlen(expected));
	assert_true(address_same_host(&answer->peer, &pair->address));
	assert_int_equal(answer->ttl, ttl);
	datagrams_free(batch);
}

static void assert_answers(int family, int questions)
{
	struct pair pair = open_pair(family);

	assert_int_equal(socket_want_details(pair.client, family), 0);
	for (int i = 0; i < questions; i++)
		ask(&pair, "question", 8);
	int got = take(&pair, questions);

	assert_int_equal(got, questions);
	for (int i = 0; i < got; i++) {
		struct datagram *datagram = datagrams_at(pair.batch, i);

		memcpy(datagram->data, "an answer", 9);
		datagram->length = 9;
		datagram->out_ttl = 17;
		datagram->answered = true;
	}
	datagrams_answer(pair.batch, pair.server, got);
	for (int i = 0; i < got; i++) {
		assert_int_equal(datagrams_at(pair.batch, i)->result, 0);
		assert_answer(&pair, "an answer", 17);
	}
	close_pair(&pair);
}

TEST(one_answer_leaves_from_the_address_that_was_asked)
{
	assert_answers(AF_INET, 1);
}

TEST(a_batch_of_answers_does_too)
{
	assert_answers(AF_INET, 5);
}

TEST(and_over_ipv6)
{
	assert_answers(AF_INET6, 3);
}

TEST(one_of_many_own_addresses_answers_for_itself)
{
	struct pair pair = open_pair(AF_INET);
	uint16_t port = address_port(&pair.address);

	socket_close(&pair.server);
	pair.address = address_any(AF_INET);
	address_set_port(&pair.address, port);
	pair.server = socket_bind(&pair.address, SOCK_DGRAM, SOCKET_ALONE);
	assert_true(pair.server >= 0);
	assert_int_equal(socket_want_destination(pair.server, AF_INET), 0);
	pair.address = address_of("127.0.0.7", port);
	assert_int_equal(socket_want_details(pair.client, AF_INET), 0);
	ask(&pair, "question", 8);
	assert_int_equal(take(&pair, 1), 1);
	datagrams_at(pair.batch, 0)->answered = true;
	datagrams_answer(pair.batch, pair.server, 1);
	assert_answer(&pair, "question", 64);
	close_pair(&pair);
}

TEST(only_what_is_marked_is_answered_and_a_failure_stops_no_other)
{
	struct pair pair = open_pair(AF_INET);

	assert_int_equal(socket_want_details(pair.client, AF_INET), 0);
	for (const char *c = "abc"; *c; c++)
		ask(&pair, c, 1);
	assert_int_equal(take(&pair, 3), 3);
	datagrams_at(pair.batch, 0)->answered = true;
	datagrams_at(pair.batch, 2)->answered = true;
	address_set_port(&datagrams_at(pair.batch, 0)->peer,
	                 0); /* nobody can be sent to there */
	datagrams_answer(pair.batch, pair.server, 3);
	assert_true(datagrams_at(pair.batch, 0)->result < 0);
	assert_int_equal(datagrams_at(pair.batch, 2)->result, 0);
	assert_answer(&pair, "c", 64);
	assert_int_equal(datagrams_receive(pair.batch, pair.client, 1), 0);
	close_pair(&pair);
}

static bool has_answer(const struct pair *pair)
{
	struct pollfd client = { .fd = pair->client, .events = POLLIN };

	return poll(&client, 1, 0) != 0;
}

/* Takes a question and begins to answer it by as many octets, the first of which are known. */
static void begin_answer(const struct pair *pair, const char *answer, size_t known)
{
	assert_int_equal(take(pair, 1), 1);
	struct datagram *datagram = datagrams_at(pair->batch, 0);

	memcpy(datagram->data, answer, datagram->length);
	datagram->out_ttl = 44;
	datagrams_prepare(pair->batch, 0);
	assert_int_equal(datagrams_begin(pair->batch, pair->server, 0, known), 0);
}

static void assert_two_steps(int family)
{
	struct pair pair = open_pair(family);

	assert_int_equal(socket_want_details(pair.client, family), 0);

	ask(&pair, "hello", 5);
	begin_answer(&pair, "so l.", 3);
	assert_false(has_answer(&pair));
	memcpy(datagrams_at(pair.batch, 0)->data + 3, "ng", 2);
	datagrams_finish(pair.batch, pair.server, 0, 3);
	assert_int_equal(datagrams_at(pair.batch, 0)->result, 0);
	assert_answer(&pair, "so ng", 44);

	ask(&pair, "hello", 5);
	begin_answer(&pair, "never", 4);
	datagrams_abandon(pair.server);
	datagrams_abandon(pair.server); /* with nothing begun it does nothing */
	ask(&pair, "again", 5);
	begin_answer(&pair, "again", 1);
	datagrams_finish(pair.batch, pair.server, 0, 1);
	assert_answer(&pair, "again", 44);
	assert_false(has_answer(&pair));
	close_pair(&pair);
}

TEST(an_answer_begun_leaves_when_finished_and_never_when_abandoned)
{
	assert_two_steps(AF_INET);
	assert_two_steps(AF_INET6);
}

TEST(letting_go_of_none_does_no_harm)
{
	datagrams_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_tells_its_ttl_tos_and_the_address_it_came_to),
		cmocka_unit_test(and_so_it_does_over_ipv6),
		cmocka_unit_test(an_empty_socket_gives_nothing_and_is_no_error),
		cmocka_unit_test(a_batch_comes_in_order_and_no_larger_than_asked),
		cmocka_unit_test(what_does_not_fit_is_marked_as_cut),
		cmocka_unit_test(what_is_too_large_to_send_is_refused),
		cmocka_unit_test(one_answer_leaves_from_the_address_that_was_asked),
		cmocka_unit_test(a_batch_of_answers_does_too),
		cmocka_unit_test(and_over_ipv6),
		cmocka_unit_test(one_of_many_own_addresses_answers_for_itself),
		cmocka_unit_test(only_what_is_marked_is_answered_and_a_failure_stops_no_other),
		cmocka_unit_test(an_answer_begun_leaves_when_finished_and_never_when_abandoned),
		cmocka_unit_test(letting_go_of_none_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
