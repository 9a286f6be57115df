/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "service/lines.h"
#include "unit.h"

enum { SAID_ROOM = 256, STREAM_ROOM = 6000 };

/* What was handed over, as text: "[ping][]" and "<1024>" for one that was too long. */
struct said {
	char text[SAID_ROOM];
	size_t used;
	size_t kept_most; /* bytes that had to be kept between two reads */
};

static void say(struct said *said, const struct line *line)
{
	char *at = said->text + said->used;
	size_t room = sizeof(said->text) - said->used;
	int length = line->overlong
	                     ? snprintf(at, room, "<%zu>", line->length)
	                     : snprintf(at, room, "[%.*s]", (int)line->length, line->text);

	assert_in_range(length, 1, room - 1);
	said->used += (size_t)length;
}

/* Feeds the stream in pieces of that size, keeping what is incomplete as a connection does. */
static struct said split(const char *stream, size_t length, size_t piece)
{
	struct said said = { 0 };
	uint8_t data[STREAM_ROOM + PONG_LINE_MAX + 1];
	size_t kept = 0;
	bool skipping = false;

	for (size_t fed = 0, ended = 0; !ended; fed += piece) {
		size_t more = fed < length ? size_min(piece, length - fed) : 0;
		size_t used = 0, took;
		struct line line;

		ended = more == 0;
		memcpy(data + kept, stream + fed, more);
		kept += more;
		while ((took = lines_take(&skipping, data + used, kept - used, ended, &line)) >
		       0) {
			used += took;
			if (line.text)
				say(&said, &line);
		}
		kept -= used;
		memmove(data, data + used, kept);
		said.kept_most = kept > said.kept_most ? kept : said.kept_most;
	}
	assert_int_equal(kept, 0);
	return said;
}

static void splits_into(const char *stream, size_t length, const char *wanted)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 100, 1024, 1025, 1026, STREAM_ROOM };

	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct said said = split(stream, length, pieces[i]);

		assert_string_equal(said.text, wanted);
		assert_true(said.kept_most <= PONG_LINE_MAX + 1);
	}
}

TEST(lines_end_in_lf_or_crlf_however_they_are_cut)
{
	static const char stream[] = "ping\nping\r\n\n\r\nfoo bar\nlast\n";

	splits_into(stream, strlen(stream), "[ping][ping][][][foo bar][last]");
}

TEST(the_last_line_needs_no_end_and_the_empty_one_is_none)
{
	splits_into("ping\nfoo", 8, "[ping][foo]");
	splits_into("ping\nfoo\r", 9, "[ping][foo]");
	splits_into("ping\n", 5, "[ping]");
	splits_into("", 0, "");
}

TEST(a_cr_within_a_line_is_part_of_it)
{
	splits_into("a\rb\n\r\r\n", 7, "[a\rb][\r]");
}

static size_t fill(char *stream, size_t count, const char *rest)
{
	memset(stream, 'z', count);
	memcpy(stream + count, rest, strlen(rest) + 1);
	return count + strlen(rest);
}

TEST(the_longest_line_allowed_is_handed_over_whole)
{
	char stream[STREAM_ROOM], wanted[SAID_ROOM];
	struct said said;

	for (int crlf = 0; crlf < 2; crlf++) {
		size_t length = fill(stream, 200, crlf ? "\r\n" : "\n");

		(void)snprintf(wanted, sizeof(wanted), "[%.200s]", stream);
		said = split(stream, length, 33);
		assert_string_equal(said.text, wanted);
	}
	bool skipping = false;
	struct line line;
	size_t length = fill(stream, PONG_LINE_MAX, "\r\nping\n");

	assert_int_equal(lines_take(&skipping, (uint8_t *)stream, length, false, &line),
	                 PONG_LINE_MAX + 2);
	assert_false(line.overlong);
	assert_int_equal(line.length, PONG_LINE_MAX);
}

TEST(an_overlong_line_is_handed_over_once_and_skipped_to_its_end)
{
	char stream[STREAM_ROOM];
	static const size_t sizes[] = { PONG_LINE_MAX + 1, PONG_LINE_MAX + 2, 3000, 5900 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		splits_into(stream, fill(stream, sizes[i], "\nping\n"), "<1024>[ping]");
		splits_into(stream, fill(stream, sizes[i], "\r\nping"), "<1024>[ping]");
		splits_into(stream, fill(stream, sizes[i], ""), "<1024>");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end_in_lf_or_crlf_however_they_are_cut),
		cmocka_unit_test(the_last_line_needs_no_end_and_the_empty_one_is_none),
		cmocka_unit_test(a_cr_within_a_line_is_part_of_it),
		cmocka_unit_test(the_longest_line_allowed_is_handed_over_whole),
		cmocka_unit_test(an_overlong_line_is_handed_over_once_and_skipped_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
