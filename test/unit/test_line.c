/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "peer.h"
#include "probe/line.h"

static void connect_asking(struct peer *peer, const char *send, const char *expect)
{
	peer_prepare(peer, &probe_line, 0);
	peer->options.send = send;
	peer->options.expect = expect;
	peer_stand(peer);
}

static void say(struct peer *peer, const char *words)
{
	peer_say(peer, words, strlen(words));
}

/* More than a socket takes at once is heard while it is said; returns how many events it all made. */
static int say_and_hear(struct peer *peer, const char *data, size_t length)
{
	int count = 0;

	for (size_t at = 0; at < length && count == 0;) {
		int64_t sent = socket_send(peer->fd, data + at, size_min(length - at, 4096));

		assert_true(sent > 0);
		at += (size_t)sent;
		count = peer_hear(peer);
	}
	return count;
}

TEST(a_probe_is_the_text_as_a_line)
{
	struct peer peer;
	char asked[32] = { 0 };

	connect_asking(&peer, "get a b", NULL);
	(void)peer_ask(&peer);
	assert_int_equal(peer_read(&peer, asked, sizeof(asked)), 9);
	assert_string_equal(asked, "get a b\r\n");
	peer_done(&peer);
}

TEST(an_empty_text_is_an_empty_line)
{
	struct peer peer;
	char asked[32] = { 0 };

	connect_asking(&peer, "", NULL);
	(void)peer_ask(&peer);
	assert_int_equal(peer_read(&peer, asked, sizeof(asked)), 2);
	assert_string_equal(asked, "\r\n");
	peer_done(&peer);
}

TEST(lines_are_answers_in_order_however_they_are_cut)
{
	struct peer peer;

	connect_asking(&peer, "PING", "+PONG");
	for (int i = 0; i < 3; i++)
		(void)peer_ask(&peer);
	say(&peer, "+PO");
	assert_int_equal(peer_hear(&peer), 0);
	say(&peer, "NG\r\n+PONG and more\n+");
	assert_int_equal(peer_hear(&peer), 2);
	assert_int_equal(peer.events[0].kind, EVENT_REPLY);
	assert_int_equal(peer.events[0].key, 1);
	assert_int_equal(peer.events[0].bytes, 7);
	assert_int_equal(peer.events[1].key, 2);
	assert_int_equal(peer.events[1].bytes, 15);
	say(&peer, "PONG\n");
	assert_int_equal(peer_hear(&peer), 1);
	assert_int_equal(peer.events[0].key, 3);
	peer_done(&peer);
}

TEST(without_an_expectation_any_line_is_an_answer)
{
	struct peer peer;

	connect_asking(&peer, "x", NULL);
	for (int i = 0; i < 3; i++)
		(void)peer_ask(&peer);
	say(&peer, "\n\r\n-ERR\n");
	assert_int_equal(peer_hear(&peer), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(peer.events[i].kind, EVENT_REPLY);
	peer_done(&peer);
}

static void assert_junk(const char *answer)
{
	struct peer peer;

	connect_asking(&peer, "PING", "+PONG");
	(void)peer_ask(&peer);
	say(&peer, answer);
	assert_lied(&peer, -EBADMSG);
	peer_done(&peer);
}

TEST(a_line_that_begins_otherwise_is_junk_and_ends_the_connection)
{
	assert_junk("\n");
	assert_junk("\r\n");
	assert_junk("-ERR\r\n");
	assert_junk("+PON\r\n");
	assert_junk("+pong\r\n");
	assert_junk(" +PONG\r\n");
}

TEST(a_line_that_nobody_asked_for_is_junk)
{
	struct peer peer;

	connect_asking(&peer, "PING", NULL);
	say(&peer, "+PONG\r\n");
	assert_lied(&peer, -ENOMSG);
	peer_done(&peer);
}

/* A line of so many bytes, its LF not counted; *kind is that of the first event. */
static int hear_long(size_t length, enum event_kind *kind, int *error)
{
	static char line[LINE_MOST + 1];
	struct peer peer;

	memset(line, 'a', length);
	line[length] = '\n';
	connect_asking(&peer, "x", "aaaa");
	(void)peer_ask(&peer);
	int count = say_and_hear(&peer, line, length + 1);

	*kind = peer.events[0].kind;
	*error = peer.events[0].error;
	peer_done(&peer);
	return count;
}

TEST(a_line_may_be_long_and_not_longer)
{
	enum event_kind kind;
	int error;

	assert_int_equal(hear_long(LINE_HEAD + 1, &kind, &error), 1);
	assert_int_equal(kind, EVENT_REPLY);
	assert_int_equal(hear_long(LINE_MOST - 1, &kind, &error), 1);
	assert_int_equal(kind, EVENT_REPLY);
	assert_int_equal(hear_long(LINE_MOST, &kind, &error), 2);
	assert_int_equal(kind, EVENT_JUNK);
	assert_int_equal(error, -EMSGSIZE);
}

/* All that was asked is answered, and behind it comes what nobody asked for. */
static void assert_told_in_order(const char *answer, const char *expect)
{
	struct peer peer;
	uint64_t heard = 0;
	int count;

	connect_asking(&peer, "x", expect);
	for (int i = 0; i < IN_FLIGHT; i++) {
		(void)peer_ask(&peer);
		say(&peer, answer);
	}
	say(&peer, answer);
	do {
		count = peer_hear(&peer);
		assert_true(count > 0 && count <= EVENTS_ROOM);
		for (int i = 0; i < count && peer.events[i].kind == EVENT_REPLY; i++)
			assert_int_equal(peer.events[i].key, ++heard);
	} while (peer.events[count - 1].kind == EVENT_REPLY);
	assert_int_equal(heard, IN_FLIGHT);
	assert_int_equal(peer.events[count - 2].error, -ENOMSG);
	peer_done(&peer);
}

TEST(more_lines_than_there_is_room_to_tell_of_are_told_later)
{
	assert_told_in_order("\n", NULL);
	assert_told_in_order("+PONG\n", "+PONG");
	assert_told_in_order("+PONG\r\n", "+PONG");
	assert_told_in_order("+PONG and a good deal more than is expected\r\n", "+P");
}

TEST(a_text_is_there_and_is_one_line)
{
	static char text[LINE_MOST];
	struct probe_options options = { 0 };
	struct err err;

	assert_int_equal(probe_line.check(&options, &err), -EINVAL);
	options.send = "PING";
	assert_int_equal(probe_line.check(&options, &err), 0);
	options.expect = "+\nPONG";
	assert_int_equal(probe_line.check(&options, &err), -EINVAL);
	memset(text, 'a', LINE_HEAD + 1);
	options.expect = text;
	assert_int_equal(probe_line.check(&options, &err), -EINVAL);
	options.expect = text + 1;
	assert_int_equal(probe_line.check(&options, &err), 0);
	options.send = "PING\rPING";
	assert_int_equal(probe_line.check(&options, &err), -EINVAL);
	memset(text, 'a', LINE_MOST - 1);
	options.send = text;
	assert_int_equal(probe_line.check(&options, &err), -EINVAL);
	options.send = text + 1;
	assert_int_equal(probe_line.check(&options, &err), -EINVAL); /* it is expected, too */
	options.expect = "";
	assert_int_equal(probe_line.check(&options, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_is_the_text_as_a_line),
		cmocka_unit_test(an_empty_text_is_an_empty_line),
		cmocka_unit_test(lines_are_answers_in_order_however_they_are_cut),
		cmocka_unit_test(without_an_expectation_any_line_is_an_answer),
		cmocka_unit_test(a_line_that_begins_otherwise_is_junk_and_ends_the_connection),
		cmocka_unit_test(a_line_that_nobody_asked_for_is_junk),
		cmocka_unit_test(a_line_may_be_long_and_not_longer),
		cmocka_unit_test(more_lines_than_there_is_room_to_tell_of_are_told_later),
		cmocka_unit_test(a_text_is_there_and_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
