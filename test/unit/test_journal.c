/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/journal.h"
#include "unit.h"

static const struct mono start = { 1000 * NS_PER_SEC };

/* A journal that writes into a pipe, and what has come out of it. */
struct bench {
	struct journal journal;
	int reader;
	char said[65536];
};

static int set_up(void **state)
{
	static struct bench bench;
	int ends[2];

	bench = (struct bench){ 0 };
	*state = &bench;
	if (pipe2(ends, O_NONBLOCK) < 0)
		return -1;
	bench.reader = ends[0];
	bench.journal.fd = ends[1];
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	(void)close(bench->reader);
	(void)close(bench->journal.fd);
	return 0;
}

/* Lines since the last call; said holds them. */
static int lines(struct bench *bench)
{
	ssize_t got = read(bench->reader, bench->said, sizeof(bench->said) - 1);
	int count = 0;

	bench->said[got > 0 ? got : 0] = '\0';
	for (const char *s = bench->said; (s = strchr(s, '\n')); s++)
		count++;
	return count;
}

static void tell(struct bench *bench, struct mono now, const char *message, int times)
{
	for (int i = 0; i < times; i++)
		journal_tell(&bench->journal, now, LOG_LEVEL_WARNING, message,
		             JOURNAL_FIELDS({ "i", NULL, i }));
}

TEST(an_event_is_a_line_of_its_own)
{
	struct bench *bench = *state;

	tell(bench, start, "hello", 1);
	assert_int_equal(lines(bench), 1);
	assert_non_null(strstr(bench->said, " level=warning msg=\"hello\" i=0\n"));
}

TEST(a_flood_of_one_kind_is_cut_and_the_others_are_not)
{
	struct bench *bench = *state;

	tell(bench, start, "flood", 1000);
	tell(bench, start, "quiet", 1);
	assert_int_equal(lines(bench), JOURNAL_BURST + 1);
	assert_non_null(strstr(bench->said, "msg=\"quiet\""));
}

TEST(what_was_suppressed_is_told_with_the_next_of_its_kind)
{
	struct bench *bench = *state;

	tell(bench, start, "flood", JOURNAL_BURST + 42);
	(void)lines(bench);
	tell(bench, mono_add(start, JOURNAL_WINDOW), "flood", 2);
	assert_int_equal(lines(bench), 2);
	assert_non_null(strstr(bench->said, " i=0 suppressed=42\n"));
	assert_non_null(strstr(bench->said, " i=1\n"));
}

TEST(or_when_nothing_more_of_it_comes_once_the_window_is_over)
{
	struct bench *bench = *state;

	tell(bench, start, "flood", JOURNAL_BURST + 42);
	(void)lines(bench);
	journal_catch_up(&bench->journal, mono_add(start, JOURNAL_WINDOW - 1));
	assert_int_equal(lines(bench), 0);
	journal_catch_up(&bench->journal, mono_add(start, JOURNAL_WINDOW));
	assert_int_equal(lines(bench), 1);
	assert_non_null(strstr(bench->said, "msg=\"flood\" suppressed=42\n"));
	journal_catch_up(&bench->journal, mono_add(start, 2 * JOURNAL_WINDOW));
	assert_int_equal(lines(bench), 0);
}

TEST(what_a_full_pipe_does_not_take_is_counted_too)
{
	struct bench *bench = *state;
	char block[4096] = { 0 };

	while (write(bench->journal.fd, block, sizeof(block)) > 0)
		;
	tell(bench, start, "lost", 3);
	while (read(bench->reader, block, sizeof(block)) > 0)
		;
	tell(bench, start, "lost", 1);
	assert_int_equal(lines(bench), 1);
	assert_non_null(strstr(bench->said, "suppressed=3\n"));
}

TEST(more_kinds_than_there_is_room_for_share_the_last_one)
{
	struct bench *bench = *state;
	char messages[JOURNAL_KINDS + 8][16];

	for (size_t i = 0; i < COUNT(messages); i++) {
		(void)snprintf(messages[i], sizeof(messages[i]), "kind %zu", i);
		tell(bench, start, messages[i], 1);
	}
	assert_int_equal(lines(bench), JOURNAL_KINDS - 1 + JOURNAL_BURST);
	assert_non_null(strstr(bench->said, "msg=\"kind 33\""));
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(an_event_is_a_line_of_its_own),
		CLAIM(a_flood_of_one_kind_is_cut_and_the_others_are_not),
		CLAIM(what_was_suppressed_is_told_with_the_next_of_its_kind),
		CLAIM(or_when_nothing_more_of_it_comes_once_the_window_is_over),
		CLAIM(what_a_full_pipe_does_not_take_is_counted_too),
		CLAIM(more_kinds_than_there_is_room_for_share_the_last_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
