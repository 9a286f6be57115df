/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "peer.h"
#include "probe/udp_echo.h"
#include "wire/payload.h"

enum { SIZE = 20 };

/* Receives one probe, and learns from whom. */
static struct address take_probe(struct peer *peer, uint8_t *data, size_t size)
{
	struct address from = { 0 };
	socklen_t length = sizeof(from);

	assert_true(wait_for(peer->fd, POLLIN));
	assert_int_equal(recvfrom(peer->fd, data, size, MSG_TRUNC, &from.any, &length), size);
	return from;
}

static void answer(struct peer *peer, const void *data, size_t size, const struct address *to)
{
	struct mono called;

	assert_int_equal(socket_send_to(peer->fd, data, size, to, &called), 0);
	assert_int_equal(peer_hear(peer), 1);
}

TEST(an_echo_tells_key_nonce_and_source)
{
	struct peer peer;
	uint8_t data[SIZE];

	peer_bind(&peer, &probe_udp_echo, SIZE);
	uint64_t key = peer_ask(&peer);
	struct address from = take_probe(&peer, data, SIZE);
	const struct event *event = &peer.events[0];

	answer(&peer, data, SIZE, &from);
	assert_int_equal(event->kind, EVENT_REPLY);
	assert_int_equal(event->key, key);
	assert_int_equal(event->bytes, SIZE);
	assert_int_equal(event->nonce, channel_nonce(&peer.channel, key));
	assert_int_equal(event->nonce_mask, UINT64_MAX);
	assert_int_equal(event->ttl, 64);
	assert_true(address_same_host(&event->from, &peer.address));
	assert_int_equal(address_port(&event->from), address_port(&peer.address));
	peer_done(&peer);
}

TEST(a_broken_pattern_is_junk)
{
	struct peer peer;
	uint8_t data[SIZE];

	peer_bind(&peer, &probe_udp_echo, SIZE);
	(void)peer_ask(&peer);
	struct address from = take_probe(&peer, data, SIZE);

	for (size_t i = PAYLOAD_HEAD_BYTES; i < SIZE; i++) {
		data[i] ^= 0x10;
		answer(&peer, data, SIZE, &from);
		assert_int_equal(peer.events[0].kind, EVENT_JUNK);
		assert_int_equal(peer.events[0].error, -EBADMSG);
		data[i] ^= 0x10;
	}
	peer_done(&peer);
}

TEST(an_answer_of_another_length_shows_it)
{
	struct peer peer;
	uint8_t data[SIZE + 2];

	peer_bind(&peer, &probe_udp_echo, SIZE);
	uint64_t key = peer_ask(&peer);
	struct address from = take_probe(&peer, data, SIZE);

	payload_write(data, sizeof(data), (uint32_t)key, channel_nonce(&peer.channel, key));
	for (size_t size = 0; size <= sizeof(data); size++) {
		answer(&peer, data, size, &from);
		assert_int_equal(peer.events[0].kind, EVENT_REPLY);
		assert_int_equal(peer.events[0].bytes == SIZE, size == SIZE);
	}
	peer_done(&peer);
}

TEST(without_room_for_a_key_there_is_none)
{
	struct peer peer;
	uint8_t data[3];

	peer_bind(&peer, &probe_udp_echo, sizeof(data));
	uint64_t key = peer_ask(&peer), mask = UINT64_MAX << 40;
	struct address from = take_probe(&peer, data, sizeof(data));

	answer(&peer, data, sizeof(data), &from);
	assert_int_equal(peer.events[0].key, KEY_UNKNOWN);
	assert_int_equal(peer.events[0].nonce_mask, mask);
	assert_int_equal(peer.events[0].nonce, channel_nonce(&peer.channel, key) & mask);
	peer_done(&peer);
}

TEST(a_closed_port_refuses_the_very_probe_that_was_sent_there)
{
	struct peer peer;

	peer_bind(&peer, &probe_udp_echo, SIZE);
	socket_close(&peer.fd);
	uint64_t key = peer_ask(&peer);
	const struct event *event = &peer.events[0];

	assert_int_equal(peer_hear(&peer), 1);
	assert_int_equal(event->kind, EVENT_REFUSED);
	assert_int_equal(event->error, -ECONNREFUSED);
	assert_int_equal(event->key, key);
	assert_int_equal(event->nonce, channel_nonce(&peer.channel, key));
	assert_int_equal(address_port(&event->target), address_port(&peer.address));
	peer_done(&peer);
}

TEST(what_one_target_refused_fails_no_probe_to_another)
{
	struct peer peer;
	uint8_t data[SIZE];

	peer_bind(&peer, &probe_udp_echo, SIZE);
	struct address open = peer.address, closed;
	int fd = bound_socket(AF_INET, SOCK_DGRAM, &closed);

	socket_close(&fd);
	for (int i = 0; i < 10; i++) {
		peer.address = closed;
		(void)peer_ask(&peer);
		assert_true(wait_for(peer.channel.watch.fd, POLLERR));
		peer.address = open;
		(void)peer_ask(&peer);
		(void)take_probe(&peer, data, SIZE);
	}
	assert_int_equal(peer_hear(&peer), 10);
	for (int i = 0; i < 10; i++)
		assert_int_equal(peer.events[i].key, 2 * i + 1);
	peer_done(&peer);
}

TEST(it_does_not_ask_from_the_port_that_it_asks)
{
	struct peer peer;
	struct mono called;
	uint64_t key = 0;

	peer_bind(&peer, &probe_udp_echo, SIZE);
	assert_int_equal(socket_local(peer.channel.watch.fd, &peer.address), 0);
	assert_non_null(inflight_open(&peer.channel.inflight, &key));
	assert_int_equal(probe_udp_echo.send(&peer.channel, &peer.address, key, &called),
	                 -EADDRINUSE);
	peer_done(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_echo_tells_key_nonce_and_source),
		cmocka_unit_test(a_broken_pattern_is_junk),
		cmocka_unit_test(an_answer_of_another_length_shows_it),
		cmocka_unit_test(without_room_for_a_key_there_is_none),
		cmocka_unit_test(a_closed_port_refuses_the_very_probe_that_was_sent_there),
		cmocka_unit_test(what_one_target_refused_fails_no_probe_to_another),
		cmocka_unit_test(it_does_not_ask_from_the_port_that_it_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
