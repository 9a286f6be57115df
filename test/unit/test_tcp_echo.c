/* SPDX-License-Identifier: MIT */
#include "peer.h"
#include "probe/tcp_echo.h"

enum { SIZE = 20 };

TEST(an_answer_in_any_pieces_is_one_answer)
{
	struct peer peer;
	uint8_t asked[3 * SIZE];
	int heard = 0;

	peer_connect(&peer, &probe_tcp_echo, SIZE);
	for (int i = 0; i < 3; i++)
		(void)peer_ask(&peer);
	for (size_t at = 0; at < sizeof(asked);)
		at += peer_read(&peer, asked + at, sizeof(asked) - at);
	for (size_t at = 0; at < sizeof(asked); at++) {
		peer_say(&peer, asked + at, 1);
		int count = peer_hear(&peer);

		assert_int_equal(count, (at + 1) % SIZE == 0);
		if (count == 0)
			continue;
		assert_int_equal(peer.events[0].kind, EVENT_REPLY);
		assert_int_equal(peer.events[0].key, ++heard);
		assert_int_equal(peer.events[0].bytes, SIZE);
		assert_true(mono_known(peer.events[0].read));
	}
	assert_int_equal(heard, 3);
	peer_done(&peer);
}

TEST(many_answers_in_one_piece_are_told_in_order_and_none_is_left)
{
	struct peer peer;
	uint8_t asked[IN_FLIGHT];
	uint64_t heard = 0;

	peer_connect(&peer, &probe_tcp_echo, 1);
	for (int i = 0; i < IN_FLIGHT; i++)
		(void)peer_ask(&peer);
	for (size_t at = 0; at < sizeof(asked);)
		at += peer_read(&peer, asked + at, sizeof(asked) - at);
	peer_say(&peer, asked, sizeof(asked));
	while (heard < IN_FLIGHT) {
		int count = peer_hear(&peer);

		assert_true(count > 0 && count <= EVENTS_ROOM);
		for (int i = 0; i < count; i++)
			assert_int_equal(peer.events[i].key, ++heard);
	}
	peer_done(&peer);
}

TEST(one_wrong_byte_is_junk_and_ends_the_connection)
{
	for (size_t wrong = 0; wrong < SIZE; wrong++) {
		struct peer peer;
		uint8_t asked[SIZE];

		peer_connect(&peer, &probe_tcp_echo, SIZE);
		(void)peer_ask(&peer);
		assert_int_equal(peer_read(&peer, asked, SIZE), SIZE);
		asked[wrong] ^= 1;
		peer_say(&peer, asked, SIZE);
		assert_lied(&peer, -EBADMSG);
		peer_done(&peer);
	}
}

TEST(more_than_was_asked_is_junk)
{
	struct peer peer;

	peer_connect(&peer, &probe_tcp_echo, SIZE);
	peer_say(&peer, "x", 1);
	assert_lied(&peer, -ENOMSG);
	peer_done(&peer);
}

TEST(an_orderly_end_and_a_reset_are_told_apart)
{
	struct peer orderly, reset;

	peer_connect(&orderly, &probe_tcp_echo, SIZE);
	(void)peer_ask(&orderly);
	socket_shutdown_write(orderly.fd);
	assert_int_equal(peer_hear(&orderly), 1);
	assert_int_equal(orderly.events[0].kind, EVENT_ENDED);
	assert_int_equal(orderly.events[0].error, 0);
	peer_done(&orderly);

	peer_connect(&reset, &probe_tcp_echo, SIZE);
	(void)peer_ask(&reset);
	socket_reset_on_close(reset.fd);
	socket_close(&reset.fd);
	assert_int_equal(peer_hear(&reset), 1);
	assert_int_equal(reset.events[0].kind, EVENT_ENDED);
	assert_int_equal(reset.events[0].error, -ECONNRESET);
	peer_done(&reset);
}

TEST(a_refused_connection_ends_before_it_stands)
{
	struct peer peer;

	peer_prepare(&peer, &probe_tcp_echo, SIZE);
	peer.fd = bound_socket(AF_INET, SOCK_STREAM, &peer.address);
	peer_open_channel(&peer);
	assert_int_equal(peer_hear(&peer), 1);
	assert_int_equal(peer.events[0].kind, EVENT_ENDED);
	assert_int_equal(peer.events[0].error, -ECONNREFUSED);
	peer_done(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_in_any_pieces_is_one_answer),
		cmocka_unit_test(many_answers_in_one_piece_are_told_in_order_and_none_is_left),
		cmocka_unit_test(one_wrong_byte_is_junk_and_ends_the_connection),
		cmocka_unit_test(more_than_was_asked_is_junk),
		cmocka_unit_test(an_orderly_end_and_a_reset_are_told_apart),
		cmocka_unit_test(a_refused_connection_ends_before_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
