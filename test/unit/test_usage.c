/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/usage.h"
#include "unit.h"

#define BURNT INT64_C(30000000) /* ns */

TEST(a_line_is_read_whatever_the_name_holds)
{
	static const char *const lines[] = {
		"4 (serve) S 1 4 4 0 -1 4194560 12 34 0 0 100 20 3 4 20 0 9 0 77 4096 25 "
		"18446744073709551615 1 1 0 0 0 0 0 0 0 0\n",
		"4 (a) S 9 9) R 1 4 4 0 -1 4194560 12 34 0 0 100 20 3 4 20 0 9 0 77 4096 25 "
		"0 0 0 0 0 0 0 65536 16384 0\n",
		"4 () S 1 4 4 0 -1 4194560 12 34 0 0 100 20 3 4 20 0 9 0 77 "
		"18446744073709551615 25 0 0 0 0 0 0 0 0 4096\n",
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct usage_line line = { 0 };

		assert_int_equal(usage_parse(lines[i], &line), 0);
		assert_int_equal(line.ticks, 127);
		assert_int_equal(line.pages, 25);
		assert_false(line.forgets);
	}
}

TEST(who_ignores_that_children_end_is_known)
{
	static const char *const ignored[] = { "65536", "69632", "2147483647" };
	char text[256];

	for (size_t i = 0; i < COUNT(ignored); i++) {
		struct usage_line line = { 0 };

		(void)snprintf(text, sizeof(text),
		               "4 (serve) S 1 4 4 0 -1 4194560 12 34 0 0 100 20 3 4 20 0 9 0 "
		               "77 4096 25 18446744073709551615 1 1 0 0 0 0 0 %s 0 0\n",
		               ignored[i]);
		assert_int_equal(usage_parse(text, &line), 0);
		assert_true(line.forgets);
	}
}

TEST(what_is_no_such_line_is_refused)
{
	static const char *const lines[] = {
		"",
		"4 serve S 1 4",
		"4 (serve)",
		"4 (serve) S",
		"4 (serve) S 1 4 4 0 -1 4194560 12 34 0 0 100 20 3 4 20 0 9 0 77 4096",
		"4 (a) S 1 4 4 0 -1 4194560 12 34 0 0 x 20 3 4 20 0 9 0 77 4096 25 0 0 0 0 0 0 0 0",
		"4 (serve) S 1 4 4 0 -1 4194560 12 34 0 0 100 20 3 4 20 0 9 0 77 4096 25",
	};
	struct usage_line line = { .ticks = 7 };

	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(usage_parse(lines[i], &line), -EBADMSG);
	assert_int_equal(line.ticks, 7);
}

/* Uses the processor until /proc has noticed. */
static void burn(void)
{
	struct usage usage = { 0 };

	while (usage.cpu < BURNT)
		assert_int_equal(usage_read(getpid(), &usage), 0);
}

TEST(a_process_is_read_with_its_children)
{
	int to_child[2], to_parent[2];
	struct usage alone, both;
	char byte = 0;

	assert_int_equal(pipe(to_child), 0);
	assert_int_equal(pipe(to_parent), 0);
	assert_int_equal(usage_read(getpid(), &alone), 0);
	assert_int_equal(alone.processes, 1);
	assert_true(alone.rss > 4096);
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		burn();
		(void)!write(to_parent[1], &byte, 1);
		(void)!read(to_child[0], &byte, 1);
		_exit(0);
	}
	assert_int_equal(read(to_parent[0], &byte, 1), 1);
	assert_int_equal(usage_read(getpid(), &both), 0);
	assert_int_equal(both.processes, 2);
	assert_true(both.cpu >= alone.cpu + BURNT);
	assert_true(both.rss > alone.rss);
	assert_int_equal(write(to_child[1], &byte, 1), 1);
	assert_int_equal(waitpid(child, NULL, 0), child);
	/* What it used is not forgotten. */
	assert_int_equal(usage_read(getpid(), &both), 0);
	assert_int_equal(both.processes, 1);
	assert_true(both.cpu >= alone.cpu + BURNT);
}

/* --- many children --- */

/* They end when their parent closes its end of the pipe. */
struct crowd {
	int pipe[2];
	size_t count;
};

static void crowd_init(struct crowd *crowd)
{
	*crowd = (struct crowd){ 0 };
	assert_int_equal(pipe(crowd->pipe), 0);
}

static void crowd_grow(struct crowd *crowd, size_t count)
{
	for (; crowd->count < count; crowd->count++) {
		pid_t pid = fork();
		char byte;

		if (pid == 0) {
			(void)close(crowd->pipe[1]);
			(void)!read(crowd->pipe[0], &byte, 1);
			_exit(0);
		}
		if (pid < 0)
			break;
	}
}

static void crowd_done(struct crowd *crowd)
{
	(void)close(crowd->pipe[0]);
	(void)close(crowd->pipe[1]);
	while (wait(NULL) > 0)
		;
}

/* The numbers of 1200 are more than the kernel tells at once. */
TEST(many_children_are_added_up_and_of_too_many_is_told)
{
	static const size_t counts[] = { 1200, USAGE_PROCESSES_MOST - 1, USAGE_PROCESSES_MOST };
	struct usage found[COUNT(counts)] = { 0 };
	struct crowd crowd;
	int result = 0;

	crowd_init(&crowd);
	for (size_t i = 0; i < COUNT(counts) && result == 0; i++) {
		crowd_grow(&crowd, counts[i]);
		result = usage_read(getpid(), &found[i]);
	}
	crowd_done(&crowd);
	assert_int_equal(result, 0);
	if (crowd.count < USAGE_PROCESSES_MOST)
		skip(); /* the system allows for no more */
	assert_int_equal(found[0].processes, 1201);
	assert_false(found[0].more);
	assert_int_equal(found[1].processes, USAGE_PROCESSES_MOST);
	assert_false(found[1].more);
	assert_int_equal(found[2].processes, USAGE_PROCESSES_MOST);
	assert_true(found[2].more);
}

/* --- between two readings --- */

TEST(time_that_went_back_is_not_known)
{
	struct usage before = { .cpu = 30, .marks = 1 }, after = { .cpu = 50, .marks = 2 };

	assert_int_equal(usage_spent(&before, &after), 20);
	assert_int_equal(usage_spent(&before, &before), 0);
	assert_int_equal(usage_spent(&after, &before), -1);
}

TEST(where_children_are_forgotten_the_same_processes_are_known_and_others_not)
{
	struct usage before = { .cpu = 30, .processes = 2, .marks = 1, .forgets = true };
	struct usage same = { .cpu = 50, .processes = 2, .marks = 1, .forgets = true };
	struct usage others = { .cpu = 50, .processes = 2, .marks = 2, .forgets = true };
	struct usage alone = { .cpu = 30, .processes = 1, .marks = 3, .forgets = true };

	assert_int_equal(usage_spent(&before, &same), 20);
	assert_int_equal(usage_spent(&before, &others), -1);
	assert_int_equal(usage_spent(&alone, &alone), -1);
	others.forgets = false;
	assert_int_equal(usage_spent(&before, &others), -1);
	alone.forgets = false;
	assert_int_equal(usage_spent(&alone, &alone), 0);
}

TEST(a_child_that_is_forgotten_makes_it_unknown)
{
	struct crowd crowd;
	struct usage before, same, after;

	assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	crowd_init(&crowd);
	crowd_grow(&crowd, 1);
	assert_int_equal(usage_read(getpid(), &before), 0);
	assert_int_equal(usage_read(getpid(), &same), 0);
	crowd_done(&crowd);
	assert_int_equal(usage_read(getpid(), &after), 0);
	assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
	assert_true(before.forgets);
	assert_int_equal(before.processes, 2);
	assert_int_equal(after.processes, 1);
	assert_true(usage_spent(&before, &same) >= 0);
	after.cpu = before.cpu + BURNT; /* as if this one had worked meanwhile */
	assert_int_equal(usage_spent(&before, &after), -1);
}

TEST(who_is_not_there_is_said_to_be_so)
{
	struct usage usage = { .cpu = 7 };

	assert_int_equal(usage_read(INT32_MAX, &usage), -ESRCH);
	assert_int_equal(usage.cpu, 7);
}

TEST(the_time_a_thread_waited_never_shrinks)
{
	int64_t first = usage_waited(), second = usage_waited();

	assert_true(first == -1 || second >= first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read_whatever_the_name_holds),
		cmocka_unit_test(who_ignores_that_children_end_is_known),
		cmocka_unit_test(what_is_no_such_line_is_refused),
		cmocka_unit_test(a_process_is_read_with_its_children),
		cmocka_unit_test(many_children_are_added_up_and_of_too_many_is_told),
		cmocka_unit_test(time_that_went_back_is_not_known),
		cmocka_unit_test(
			where_children_are_forgotten_the_same_processes_are_known_and_others_not),
		cmocka_unit_test(a_child_that_is_forgotten_makes_it_unknown),
		cmocka_unit_test(who_is_not_there_is_said_to_be_so),
		cmocka_unit_test(the_time_a_thread_waited_never_shrinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
