/* SPDX-License-Identifier: MIT */

#include "loopback.h"
#include "service/reflector.h"
#include "service/services.h"

enum { ROOM = 2048, CROWD = 200 /* a receive buffer of the default size holds them */ };

static const struct mono now = { 1000 * NS_PER_SEC };

/* A reflector of udp-echo at a loopback address, and a client. */
struct mirror {
	struct loop loop;
	struct guard ports;
	struct judge judge;
	struct service service;
	struct datagrams *batch;
	struct reflector reflector;
	struct address there;
	int client, family;
};

static void open_mirror_of(struct mirror *mirror, const struct service_ops *ops, int family)
{
	const struct limits limits = { .loop_guards = true };
	int fd;

	*mirror = (struct mirror){ .service = { .ops = ops }, .family = family };
	fd = bound_socket(family, SOCK_DGRAM, &mirror->there);
	mirror->client = socket_open(family, SOCK_DGRAM, 0);
	guard_init(&mirror->ports);
	assert_int_equal(judge_init(&mirror->judge, &mirror->ports, &limits), 0);
	assert_int_equal(loop_init(&mirror->loop), 0);
	assert_int_equal(datagrams_new(&mirror->batch, ROOM, true), 0);
	mirror->reflector = (struct reflector){
		.watch = { .fd = fd },
		.loop = &mirror->loop,
		.service = &mirror->service,
		.judge = &mirror->judge,
		.decays = ops->ttl_decays,
		.datagrams = mirror->batch,
	};
	assert_int_equal(reflector_prepare(&mirror->reflector, mirror->service.ops), 0);
	assert_int_equal(loop_watch(&mirror->loop, &mirror->reflector.watch, LOOP_READ), 0);
}

static void open_mirror(struct mirror *mirror, int family)
{
	open_mirror_of(mirror, &service_udp_echo, family);
}

static void close_mirror(struct mirror *mirror)
{
	socket_close(&mirror->reflector.watch.fd);
	socket_close(&mirror->client);
	datagrams_free(mirror->batch);
	judge_done(&mirror->judge);
	loop_done(&mirror->loop);
}

/* Asks count times, with that TTL; payloads differ. */
static void ask(const struct mirror *mirror, int count, int ttl)
{
	struct mono called;

	assert_int_equal(socket_set_ttl(mirror->client, mirror->family, ttl), 0);
	for (int i = 0; i < count; i++)
		assert_int_equal(
			socket_send_to(mirror->client, &i, sizeof(i), &mirror->there, &called),
			0);
	assert_true(wait_for(mirror->reflector.watch.fd, POLLIN));
}

static uint64_t received(const struct mirror *mirror)
{
	return counter_read(&mirror->service.counters.datagrams);
}

static uint64_t dropped(const struct mirror *mirror, enum drop drop)
{
	return counter_read(&mirror->service.counters.dropped[drop]);
}

static uint64_t dropped_at_all(const struct mirror *mirror)
{
	uint64_t total = 0;

	for (enum drop drop = 0; drop < DROPS; drop++)
		total += dropped(mirror, drop);
	return total;
}

static void turn_until_empty(struct mirror *mirror)
{
	reflector_drain(&mirror->reflector, now);
}

static void assert_reasons(int family)
{
	struct mirror mirror;

	open_mirror(&mirror, family);
	ask(&mirror, 5, 1);
	ask(&mirror, 7, 64);
	turn_until_empty(&mirror);
	assert_int_equal(received(&mirror), 12);
	assert_int_equal(dropped(&mirror, DROP_TTL), 5);
	assert_int_equal(dropped_at_all(&mirror), 5);
	assert_int_equal(counter_read(&mirror.service.counters.sent_bytes), 7 * sizeof(int));

	struct address client;

	assert_int_equal(socket_local(mirror.client, &client), 0);
	guard_silence(&mirror.ports, address_port(&client));
	ask(&mirror, 3, 64);
	turn_until_empty(&mirror);
	assert_int_equal(dropped(&mirror, DROP_SOURCE_PORT), 3);
	assert_int_equal(dropped_at_all(&mirror), 8);
	close_mirror(&mirror);
}

TEST(each_drop_is_counted_by_its_reason)
{
	assert_reasons(AF_INET);
}

TEST(and_so_it_is_over_ipv6)
{
	assert_reasons(AF_INET6);
}

/* A thousand alike, in portions that the client's receive buffer need not hold. */
TEST(one_too_many_alike_is_counted_as_such)
{
	struct mirror mirror;
	struct mono called;

	open_mirror(&mirror, AF_INET);
	for (int i = 0; i < REPEATS_ROW; i++) {
		assert_int_equal(
			socket_send_to(mirror.client, "same", 4, &mirror.there, &called), 0);
		turn_until_empty(&mirror);
	}
	assert_int_equal(received(&mirror), REPEATS_ROW);
	assert_int_equal(dropped(&mirror, DROP_IDENTICAL), 1);
	assert_int_equal(dropped_at_all(&mirror), 1);
	close_mirror(&mirror);
}

static void assert_ttl(int family, int asked, int answered)
{
	struct mirror mirror;
	struct datagrams *batch;

	open_mirror(&mirror, family);
	assert_int_equal(datagrams_new(&batch, ROOM, true), 0);
	assert_int_equal(socket_want_ttl(mirror.client, family), 0);
	ask(&mirror, 1, asked);
	reflector_turn(&mirror.reflector, now);
	assert_true(wait_for(mirror.client, POLLIN));
	assert_int_equal(datagrams_receive(batch, mirror.client, 1), 1);
	assert_int_equal(datagrams_at(batch, 0)->ttl, answered);
	datagrams_free(batch);
	close_mirror(&mirror);
}

TEST(an_answer_leaves_with_one_hop_less_whether_or_not_the_socket_s_own_ttl_serves)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < COUNT(families); i++) {
		assert_ttl(families[i], 2, 1);
		assert_ttl(families[i], 63, 62);
		assert_ttl(families[i], 64, 63);
		assert_ttl(families[i], 255, 63);
	}
}

/* Of as many turns as there are datagrams.  The first take one each, until one looks for more. */
static uint64_t longest_turn(struct mirror *mirror)
{
	uint64_t longest = 0;

	for (int i = 0; i < CROWD; i++) {
		uint64_t before = received(mirror);

		reflector_turn(&mirror->reflector, now);
		longest = received(mirror) - before > longest ? received(mirror) - before
		                                              : longest;
	}
	assert_int_equal(received(mirror), CROWD);
	return longest;
}

TEST(a_turn_answers_no_more_than_a_batch)
{
	struct mirror mirror;

	open_mirror(&mirror, AF_INET);
	ask(&mirror, CROWD, 64);
	assert_int_equal(longest_turn(&mirror), DATAGRAMS_MAX);
	assert_int_equal(dropped_at_all(&mirror), 0);
	close_mirror(&mirror);
}

TEST(but_of_what_gets_silence_it_takes_more)
{
	struct mirror mirror;

	open_mirror(&mirror, AF_INET);
	ask(&mirror, CROWD, 1);
	assert_true(longest_turn(&mirror) > CROWD / 2);
	assert_int_equal(dropped(&mirror, DROP_TTL), CROWD);
	close_mirror(&mirror);
}

/* --- a service that seals --- */

/* Every answer is followed by its own seal, and that by its own end. */
struct notary {
	int answered, sealed, sent;
	struct mono now;
};

static void notary_turn(void *state, struct mono turn)
{
	((struct notary *)state)->now = turn;
}

static enum drop notary_answer(void *state, struct datagram *datagram)
{
	struct notary *notary = state;

	assert_int_equal(notary->now.ns, now.ns);
	assert_int_equal(notary->answered, notary->sent);
	assert_true(datagram->ttl > 0);
	assert_true(datagram->tos >= 0);
	assert_true(datagram->arrival.kernel.ns > 0);
	assert_true(address_port(datagram->bound) != 0);
	notary->answered++;
	return DROP_NONE;
}

/* Every fourth must not leave. */
static bool notary_seal(void *state, struct datagram *datagram, struct wall leaves)
{
	struct notary *notary = state;

	assert_int_equal(notary->sealed++, notary->answered - 1);
	assert_true(leaves.ns >= datagram->arrival.kernel.ns);
	return notary->sealed % 4 != 0;
}

static void notary_sent(void *state, const struct datagram *datagram)
{
	struct notary *notary = state;

	assert_int_equal(notary->sealed, notary->answered);
	assert_int_equal(datagram->result < 0, notary->sealed % 4 == 0);
	notary->sent++;
}

static const struct service_ops notary_ops = {
	.name = "notary",
	.type = SOCK_DGRAM,
	.ttl = 255,
	.details = true,
	.turn = notary_turn,
	.answer = notary_answer,
	.seal = notary_seal,
	.sent = notary_sent,
};

static void assert_sealed_one_by_one(int family)
{
	struct notary notary = { 0 };
	struct mirror mirror;
	struct datagrams *batch;

	open_mirror_of(&mirror, &notary_ops, family);
	mirror.service.state = &notary;
	assert_int_equal(socket_want_ttl(mirror.client, family), 0);
	ask(&mirror, 40, 7);
	turn_until_empty(&mirror);
	assert_int_equal(notary.sent, 40);
	assert_int_equal(dropped(&mirror, DROP_UNSENT), 10);
	assert_int_equal(counter_read(&mirror.service.counters.sent_bytes), 30 * sizeof(int));
	assert_int_equal(datagrams_new(&batch, ROOM, true), 0);
	assert_true(wait_for(mirror.client, POLLIN));
	assert_int_equal(datagrams_receive(batch, mirror.client, DATAGRAMS_MAX), 30);
	assert_int_equal(datagrams_at(batch, 29)->ttl, 255);
	datagrams_free(batch);
	close_mirror(&mirror);
}

TEST(what_is_sealed_leaves_by_itself_before_the_next_is_looked_at)
{
	assert_sealed_one_by_one(AF_INET);
}

TEST(and_so_it_does_over_ipv6)
{
	assert_sealed_one_by_one(AF_INET6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_drop_is_counted_by_its_reason),
		cmocka_unit_test(and_so_it_is_over_ipv6),
		cmocka_unit_test(one_too_many_alike_is_counted_as_such),
		cmocka_unit_test(
			an_answer_leaves_with_one_hop_less_whether_or_not_the_socket_s_own_ttl_serves),
		cmocka_unit_test(a_turn_answers_no_more_than_a_batch),
		cmocka_unit_test(but_of_what_gets_silence_it_takes_more),
		cmocka_unit_test(what_is_sealed_leaves_by_itself_before_the_next_is_looked_at),
		cmocka_unit_test(and_so_it_does_over_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
