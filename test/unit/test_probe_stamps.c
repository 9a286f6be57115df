/* SPDX-License-Identifier: MIT */
/* Which probe a stamp belongs to. */
#include "peer.h"
#include "probe/icmp.h"
#include "probe/pong.h"
#include "probe/stamps.h"
#include "probe/tcp_echo.h"
#include "probe/udp_echo.h"
#include "stamping.h"

enum { SIZE = 20, TOO_LONG = 65535 };

/* All departures that the kernel has told of by now; returns how many. */
static int take_left(struct peer *peer, size_t unit, struct event *events)
{
	struct report reports[REPORTS_MAX];

	assert_true(wait_for(peer->channel.watch.fd, POLLERR));
	struct stamps_taken taken =
		stamps_take(&peer->channel, unit, events, reports, REPORTS_MAX);

	/* Besides departures, what this host itself said of a send that failed. */
	for (int i = 0; i < taken.reports; i++)
		assert_int_equal(reports[i].error, -EMSGSIZE);
	for (int i = 0; i < taken.events; i++) {
		assert_int_equal(events[i].kind, EVENT_LEFT);
		assert_in_range(events[i].stamp.ns, 1, taken.read.ns);
	}
	return taken.events;
}

static void bind_stamped(struct peer *peer, int family)
{
	peer_prepare(peer, &probe_udp_echo, SIZE);
	peer->options.stamping = STAMPING_KERNEL;
	peer->fd = bound_socket(family, SOCK_DGRAM, &peer->address);
	peer_open_channel(peer);
	assert_int_equal(peer->channel.timestamps.tx, TAKEN_KERNEL);
}

static void assert_belong(int family)
{
	struct event events[REPORTS_MAX];
	struct peer peer;

	bind_stamped(&peer, family);
	for (uint64_t round = 0; round < 4; round++) {
		for (uint64_t i = 1; i <= 10; i++)
			assert_int_equal(peer_ask(&peer), 10 * round + i);
		assert_int_equal(take_left(&peer, 0, events), 10);
		for (uint64_t i = 1; i <= 10; i++)
			assert_int_equal(events[i - 1].key, 10 * round + i);
	}
	peer_done(&peer);
}

TEST(a_stamp_of_departure_belongs_to_its_probe)
{
	assert_belong(AF_INET);
}

TEST(and_so_it_does_over_ipv6)
{
	assert_belong(AF_INET6);
}

/* A send that takes its key back: to port 0, or of more than a datagram holds. */
static void fail_to_ask(struct peer *peer, bool too_long)
{
	static const uint8_t data[TOO_LONG];
	struct address nowhere = peer->address;
	struct mono called;
	uint64_t key = 0;

	address_set_port(&nowhere, 0);
	assert_non_null(inflight_open(&peer->channel.inflight, &key));
	int result = socket_send_to(peer->channel.watch.fd, data, too_long ? TOO_LONG : SIZE,
	                            too_long ? &peer->address : &nowhere, &called);

	assert_int_equal(result, too_long ? -EMSGSIZE : -EINVAL);
	inflight_withdraw(&peer->channel.inflight);
	stamps_restart(&peer->channel);
}

static void assert_belong_after_failures(int family)
{
	struct event events[REPORTS_MAX];
	struct peer peer;

	bind_stamped(&peer, family);
	for (int round = 0; round < 8; round++) {
		fail_to_ask(&peer, round % 2);
		uint64_t first = peer_ask(&peer), second = peer_ask(&peer);

		assert_int_equal(take_left(&peer, 0, events), 2);
		assert_int_equal(events[0].key, first);
		assert_int_equal(events[1].key, second);
	}
	peer_done(&peer);
}

TEST(after_a_send_that_failed_it_still_does)
{
	assert_belong_after_failures(AF_INET);
}

TEST(after_a_send_that_failed_it_still_does_over_ipv6)
{
	assert_belong_after_failures(AF_INET6);
}

TEST(what_was_not_read_before_a_failure_is_nobodys_or_too_old_to_be_believed)
{
	struct event events[REPORTS_MAX];
	struct peer peer;

	bind_stamped(&peer, AF_INET);
	for (int i = 0; i < 10; i++)
		(void)peer_ask(&peer);
	fail_to_ask(&peer, true);
	struct mono failed = clock_mono();
	uint64_t key = peer_ask(&peer);
	int count = take_left(&peer, 0, events);

	/* The newest stamp is the only one of the new count; the old ones of its id came before. */
	assert_true(count > 0);
	assert_int_equal(events[count - 1].key, key);
	assert_false(mono_before(events[count - 1].stamp, failed));
	for (int i = 0; i + 1 < count; i++)
		assert_true(mono_before(events[i].stamp, failed));
	peer_done(&peer);
}

TEST(ids_of_datagrams_wrap_at_32_bits)
{
	struct event events[REPORTS_MAX];
	struct peer peer;

	bind_stamped(&peer, AF_INET);
	/* As if 2^32 probes had been sent before those with the ids 0 and 1. */
	peer.channel.inflight.next += UINT64_C(1) << 32;
	uint64_t first = peer_ask(&peer);

	assert_int_equal(first, (UINT64_C(1) << 32) + 1);
	assert_int_equal(peer_ask(&peer), first + 1);
	assert_int_equal(take_left(&peer, 0, events), 2);
	assert_int_equal(events[0].key, first);
	assert_int_equal(events[1].key, first + 1);
	peer_done(&peer);
}

/* A connection that stands, stamped. */
static void connect_stamped(struct peer *peer, const struct probe_ops *ops, int family)
{
	peer_prepare(peer, ops, SIZE);
	peer->options.stamping = STAMPING_KERNEL;
	int listener = bound_socket(family, SOCK_STREAM, &peer->address);

	assert_int_equal(socket_listen(listener, 1), 0);
	peer_open_channel(peer);
	assert_true(wait_for(listener, POLLIN));
	peer->fd = socket_accept(listener, NULL);
	socket_close(&listener);
	assert_true(wait_for(peer->channel.watch.fd, POLLOUT));
	assert_int_equal(peer->channel.ops->heard(&peer->channel, peer->events, EVENTS_ROOM),
	                 1);
	assert_int_equal(peer->channel.timestamps.tx, TAKEN_KERNEL);
}

static void assert_stream(int family)
{
	struct event events[REPORTS_MAX];
	struct peer peer;

	connect_stamped(&peer, &probe_tcp_echo, family);
	for (int i = 0; i < 20; i++) {
		uint64_t key = peer_ask(&peer);

		assert_int_equal(take_left(&peer, SIZE, events), 1);
		assert_int_equal(events[0].key, key);
	}
	peer_done(&peer);
}

TEST(the_last_byte_of_a_request_gives_its_key)
{
	assert_stream(AF_INET);
}

TEST(the_last_byte_of_a_request_gives_its_key_over_ipv6)
{
	assert_stream(AF_INET6);
}

TEST(ids_of_bytes_wrap_at_32_bits)
{
	/* So many requests of 20 bytes are five times 2^32 bytes. */
	const uint64_t turn = UINT64_C(1) << 30;
	struct event events[REPORTS_MAX];
	struct peer peer;

	connect_stamped(&peer, &probe_tcp_echo, AF_INET);
	for (uint64_t i = 1; i <= 3; i++) {
		uint64_t key = peer_ask(&peer);

		peer.channel.inflight.next += turn;
		assert_int_equal(take_left(&peer, SIZE, events), 1);
		assert_int_equal(events[0].key, key + turn);
		peer.channel.inflight.next -= turn;
	}
	peer_done(&peer);
}

TEST(a_part_of_a_request_is_no_probe)
{
	struct event events[REPORTS_MAX];
	struct peer peer;

	connect_stamped(&peer, &probe_tcp_echo, AF_INET);
	(void)peer_ask(&peer);
	/* Were requests of 21 bytes, these 20 would be a part of one. */
	assert_int_equal(take_left(&peer, SIZE + 1, events), 0);
	peer_done(&peer);
}

/* --- what the kinds tell --- */

/* Both stamps of an answer that is under way, whichever is told first. */
static void assert_both_stamps(struct peer *peer, uint64_t key)
{
	struct mono left = { 0 }, arrived = { 0 }, read = { 0 };
	const struct flight *flight = inflight_find(&peer->channel.inflight, key);

	for (int tries = 0; tries < 8 && !(mono_known(left) && mono_known(arrived)); tries++) {
		int count = peer_hear(peer);

		for (int i = 0; i < count; i++) {
			const struct event *event = &peer->events[i];

			assert_int_equal(event->key, key);
			assert_true(event->kind == EVENT_LEFT || event->kind == EVENT_REPLY);
			*(event->kind == EVENT_LEFT ? &left : &arrived) = event->stamp;
			read = event->read;
		}
	}
	assert_true(mono_known(left) && mono_known(arrived));
	assert_true(mono_since(left, flight->called) > -2000);
	assert_true(mono_since(arrived, left) >= 0);
	assert_true(mono_since(read, arrived) > -2000);
}

/* Sends one probe, and notes the call as a session does. */
static uint64_t ask_stamped(struct peer *peer)
{
	struct mono called = clock_mono();
	uint64_t key = peer_ask(peer);

	inflight_find(&peer->channel.inflight, key)->called = called;
	return key;
}

static void assert_udp_echo_stamped(int family)
{
	struct peer peer;

	bind_stamped(&peer, family);
	for (int i = 0; i < 10; i++) {
		uint8_t data[SIZE];
		struct address from = { 0 };
		socklen_t length = sizeof(from);
		struct mono called;
		uint64_t key = ask_stamped(&peer);

		assert_true(wait_for(peer.fd, POLLIN));
		assert_int_equal(recvfrom(peer.fd, data, SIZE, 0, &from.any, &length), SIZE);
		assert_int_equal(socket_send_to(peer.fd, data, SIZE, &from, &called), 0);
		assert_both_stamps(&peer, key);
	}
	peer_done(&peer);
}

TEST(udp_echo_tells_both_stamps)
{
	assert_udp_echo_stamped(AF_INET);
	assert_udp_echo_stamped(AF_INET6);
}

static void assert_tcp_echo_stamped(int family)
{
	struct peer peer;

	connect_stamped(&peer, &probe_tcp_echo, family);
	for (int i = 0; i < 10; i++) {
		uint8_t data[SIZE];
		uint64_t key = ask_stamped(&peer);

		assert_int_equal(peer_read(&peer, data, SIZE), SIZE);
		peer_say(&peer, data, SIZE);
		assert_both_stamps(&peer, key);
	}
	peer_done(&peer);
}

TEST(tcp_echo_tells_both_stamps)
{
	assert_tcp_echo_stamped(AF_INET);
	assert_tcp_echo_stamped(AF_INET6);
}

TEST(pong_tells_both_stamps)
{
	struct peer peer;

	connect_stamped(&peer, &probe_pong, AF_INET);
	for (int i = 0; i < 10; i++) {
		uint8_t data[SIZE];
		uint64_t key = ask_stamped(&peer);

		assert_int_equal(peer_read(&peer, data, SIZE), 5);
		peer_say(&peer, "pong 17\n", 8);
		assert_both_stamps(&peer, key);
	}
	peer_done(&peer);
}

/* This host itself answers. */
static void assert_icmp_stamped(const char *address)
{
	struct peer peer;
	struct mono called;

	peer_prepare(&peer, &probe_icmp, SIZE);
	peer.fd = -1;
	peer.options.stamping = STAMPING_KERNEL;
	peer.address = address_of(address, 0);
	int result = probe_icmp.open(&peer.channel, &peer.address, &called, NULL);

	for (int i = 0; i < 10 && result == 0; i++)
		assert_both_stamps(&peer, ask_stamped(&peer));
	peer_done(&peer);
	if (result < 0)
		skip(); /* not permitted to this user, or without IPv6 */
}

TEST(icmp_tells_both_stamps)
{
	assert_icmp_stamped("127.0.0.1");
}

TEST(icmp_tells_both_stamps_over_ipv6)
{
	assert_icmp_stamped("::1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stamp_of_departure_belongs_to_its_probe),
		cmocka_unit_test(and_so_it_does_over_ipv6),
		cmocka_unit_test(after_a_send_that_failed_it_still_does),
		cmocka_unit_test(after_a_send_that_failed_it_still_does_over_ipv6),
		cmocka_unit_test(
			what_was_not_read_before_a_failure_is_nobodys_or_too_old_to_be_believed),
		cmocka_unit_test(ids_of_datagrams_wrap_at_32_bits),
		cmocka_unit_test(the_last_byte_of_a_request_gives_its_key),
		cmocka_unit_test(the_last_byte_of_a_request_gives_its_key_over_ipv6),
		cmocka_unit_test(ids_of_bytes_wrap_at_32_bits),
		cmocka_unit_test(a_part_of_a_request_is_no_probe),
		cmocka_unit_test(udp_echo_tells_both_stamps),
		cmocka_unit_test(tcp_echo_tells_both_stamps),
		cmocka_unit_test(pong_tells_both_stamps),
		cmocka_unit_test(icmp_tells_both_stamps),
		cmocka_unit_test(icmp_tells_both_stamps_over_ipv6),
	};

	return cmocka_run_group_tests(tests, stamping_begin, stamping_end);
}
