/* SPDX-License-Identifier: MIT */
#include <errno.h>
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
		"18446744073709551615 1 1\n",
		"4 (a) S 9 9) R 1 4 4 0 -1 4194560 12 34 0 0 100 20 3 4 20 0 9 0 77 4096 25 0\n",
		"4 () S 1 4 4 0 -1 4194560 12 34 0 0 100 20 3 4 20 0 9 0 77 "
		"18446744073709551615 25\n",
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct usage_line line = { 0 };

		assert_int_equal(usage_parse(lines[i], &line), 0);
		assert_int_equal(line.ticks, 127);
		assert_int_equal(line.pages, 25);
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
		"4 (serve) S 1 4 4 0 -1 4194560 12 34 0 0 x 20 3 4 20 0 9 0 77 4096 25",
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
		cmocka_unit_test(what_is_no_such_line_is_refused),
		cmocka_unit_test(a_process_is_read_with_its_children),
		cmocka_unit_test(who_is_not_there_is_said_to_be_so),
		cmocka_unit_test(the_time_a_thread_waited_never_shrinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
