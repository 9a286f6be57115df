/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "peer.h"
#include "probe/pong.h"
#include "wire/pong.h"

static void say(struct peer *peer, const char *words)
{
	peer_say(peer, words, strlen(words));
}

TEST(a_probe_is_the_line_ping)
{
	struct peer peer;
	char asked[16] = { 0 };

	peer_connect(&peer, &probe_pong, 0);
	(void)peer_ask(&peer);
	assert_int_equal(peer_read(&peer, asked, sizeof(asked)), 5);
	assert_string_equal(asked, "ping\n");
	peer_done(&peer);
}

TEST(lines_are_answers_in_order_however_they_are_cut)
{
	struct peer peer;

	peer_connect(&peer, &probe_pong, 0);
	for (int i = 0; i < 3; i++)
		(void)peer_ask(&peer);
	say(&peer, "po");
	assert_int_equal(peer_hear(&peer), 0);
	say(&peer, "ng 17\r\npong 18\npong");
	assert_int_equal(peer_hear(&peer), 2);
	assert_int_equal(peer.events[0].kind, EVENT_REPLY);
	assert_int_equal(peer.events[0].key, 1);
	assert_int_equal(peer.events[1].key, 2);
	say(&peer, " 19\n");
	assert_int_equal(peer_hear(&peer), 1);
	assert_int_equal(peer.events[0].key, 3);
	peer_done(&peer);
}

static void assert_junk(const char *line, int error)
{
	struct peer peer;

	peer_connect(&peer, &probe_pong, 0);
	(void)peer_ask(&peer);
	say(&peer, line);
	assert_lied(&peer, error);
	peer_done(&peer);
}

TEST(any_other_line_is_junk_and_ends_the_connection)
{
	assert_junk("\n", -EBADMSG);
	assert_junk("pang 17\n", -EBADMSG);
	assert_junk("pong\n", -EBADMSG);
	assert_junk("error busy\n", -EBADMSG);
	assert_junk("\xff\xfe\n", -EBADMSG);
}

TEST(a_line_that_nobody_asked_for_is_junk)
{
	struct peer peer;

	peer_connect(&peer, &probe_pong, 0);
	say(&peer, "pong 17\n");
	assert_lied(&peer, -ENOMSG);
	peer_done(&peer);
}

TEST(a_line_without_an_end_is_junk)
{
	struct peer peer;
	char line[PONG_LINE_MAX + 1];
	int count = 0;

	memset(line, 'a', sizeof(line));
	peer_connect(&peer, &probe_pong, 0);
	(void)peer_ask(&peer);
	peer_say(&peer, line, sizeof(line));
	for (int i = 0; i < 100 && count == 0; i++)
		count = peer_hear(&peer);
	assert_int_equal(count, 2);
	assert_int_equal(peer.events[0].kind, EVENT_JUNK);
	assert_int_equal(peer.events[0].error, -EMSGSIZE);
	assert_int_equal(peer.events[1].kind, EVENT_ENDED);
	peer_done(&peer);
}

TEST(more_lines_than_there_is_room_to_tell_of_are_told_later)
{
	struct peer peer;
	uint64_t heard = 0;

	peer_connect(&peer, &probe_pong, 0);
	for (int i = 0; i < IN_FLIGHT; i++) {
		(void)peer_ask(&peer);
		say(&peer, "pong 1\n");
	}
	while (heard < IN_FLIGHT) {
		int count = peer_hear(&peer);

		assert_true(count <= EVENTS_ROOM);
		for (int i = 0; i < count; i++) {
			assert_int_equal(peer.events[i].kind, EVENT_REPLY);
			assert_int_equal(peer.events[i].key, ++heard);
		}
	}
	peer_done(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_is_the_line_ping),
		cmocka_unit_test(lines_are_answers_in_order_however_they_are_cut),
		cmocka_unit_test(any_other_line_is_junk_and_ends_the_connection),
		cmocka_unit_test(a_line_that_nobody_asked_for_is_junk),
		cmocka_unit_test(a_line_without_an_end_is_junk),
		cmocka_unit_test(more_lines_than_there_is_room_to_tell_of_are_told_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
