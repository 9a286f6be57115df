/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/target_file.h"
#include "unit.h"

enum { ROOM = TARGET_LINE_MAX + 8 };

static void assert_line(const char *text, const char *word, const char *label)
{
	char line[ROOM] = { 0 };
	struct target_line out = { 0 };

	assert_true(strlen(text) < sizeof(line));
	memcpy(line, text, strlen(text) + 1);
	assert_int_equal(target_line_read(line, strlen(text), &out, NULL), 0);
	if (word)
		assert_string_equal(out.word, word);
	else
		assert_null(out.word);
	if (label)
		assert_string_equal(out.label, label);
	else
		assert_null(out.label);
}

TEST(a_line_is_an_endpoint_and_perhaps_its_label)
{
	assert_line("tcp://192.0.2.1:80\n", "tcp://192.0.2.1:80", NULL);
	assert_line("192.0.2.1 web\n", "192.0.2.1", "web");
	assert_line("192.0.2.1\tthe web server\n", "192.0.2.1", "the web server");
	assert_line("  \t192.0.2.1   web 1 \t \n", "192.0.2.1", "web 1");
	assert_line("192.0.2.1", "192.0.2.1", NULL);
	assert_line("192.0.2.1 web\r\n", "192.0.2.1", "web");
	assert_line("192.0.2.1\r\n", "192.0.2.1", NULL);
}

TEST(a_line_may_say_nothing)
{
	assert_line("", NULL, NULL);
	assert_line("\n", NULL, NULL);
	assert_line("\r\n", NULL, NULL);
	assert_line(" \t \n", NULL, NULL);
	assert_line("# 192.0.2.1\n", NULL, NULL);
	assert_line("   # 192.0.2.1\n", NULL, NULL);
	assert_line("#\n", NULL, NULL);
}

TEST(a_comment_begins_behind_a_blank)
{
	assert_line("192.0.2.1 # web\n", "192.0.2.1", NULL);
	assert_line("192.0.2.1 web # 1\n", "192.0.2.1", "web");
	assert_line("192.0.2.1 web#1\n", "192.0.2.1", "web#1");
	assert_line("http://h/#top web\n", "http://h/#top", "web");
	assert_line("192.0.2.1 web\t#\n", "192.0.2.1", "web");
}

TEST(what_is_no_line_of_text_is_refused)
{
	char line[ROOM] = { 0 };
	struct target_line out = { 0 };
	struct err err = { 0 };

	memset(line, 'x', TARGET_LINE_MAX + 1);
	assert_int_equal(target_line_read(line, TARGET_LINE_MAX + 1, &out, &err), -EINVAL);
	assert_non_null(strstr(err.text, "longer than 1024 bytes"));
	assert_int_equal(target_line_read(line, TARGET_LINE_MAX, &out, &err), 0);
	memcpy(line, "a\0b\n", 5);
	assert_int_equal(target_line_read(line, 4, &out, &err), -EINVAL);
	assert_string_equal(err.text, "'a\\x00b' is no line of text");
}

/* What a file said. */
struct taken {
	size_t count;
	char last[64];
};

static int take(void *state, const struct target_line *line, struct err *err)
{
	struct taken *taken = state;

	if (strcmp(line->word, "bad") == 0)
		return err_set(err, -EINVAL, "'bad' is bad");
	taken->count++;
	(void)snprintf(taken->last, sizeof(taken->last), "%s=%s", line->word,
	               line->label ? line->label : "");
	return 0;
}

static int read_text(const char *text, size_t length, struct taken *taken, struct err *err)
{
	char path[] = "/tmp/test_target_file.XXXXXX";
	int fd = mkstemp(path);

	*taken = (struct taken){ 0 };
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), (ssize_t)length);
	assert_int_equal(close(fd), 0);
	int result = target_file_read(path, take, taken, err);

	assert_int_equal(unlink(path), 0);
	return result;
}

TEST(a_file_is_read_to_its_end)
{
	static const char text[] = "# two\n\n192.0.2.1 a\r\n192.0.2.2 b";
	struct taken taken;
	struct err err = { 0 };

	assert_int_equal(read_text(text, strlen(text), &taken, &err), 0);
	assert_int_equal(taken.count, 2);
	assert_string_equal(taken.last, "192.0.2.2=b");
	assert_int_equal(read_text("", 0, &taken, &err), 0);
	assert_int_equal(taken.count, 0);
}

TEST(a_bad_line_ends_it_and_is_named)
{
	static const char text[] = "good\n\nbad\ngood\n";
	struct taken taken;
	struct err err = { 0 };

	assert_int_equal(read_text(text, strlen(text), &taken, &err), -EINVAL);
	assert_int_equal(taken.count, 1);
	assert_non_null(strstr(err.text, ":3: 'bad' is bad"));
}

TEST(a_line_without_end_is_refused_and_not_kept)
{
	static char text[1 << 20];
	struct taken taken;
	struct err err = { 0 };

	memset(text, 'x', sizeof(text));
	assert_int_equal(read_text(text, sizeof(text), &taken, &err), -EINVAL);
	assert_int_equal(taken.count, 0);
	assert_non_null(strstr(err.text, ":1: '"));
	assert_non_null(strstr(err.text, "longer than 1024 bytes"));
}

TEST(a_file_that_is_not_there_is_named)
{
	struct taken taken = { 0 };
	struct err err = { 0 };

	assert_int_equal(target_file_read("/nonexistent/targets", take, &taken, &err), -ENOENT);
	assert_string_equal(err.text,
	                    "cannot open '/nonexistent/targets': no such file or directory");
	assert_int_equal(target_file_read("/", take, &taken, &err), -EISDIR);
	assert_string_equal(err.text, "cannot read '/': is a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_an_endpoint_and_perhaps_its_label),
		cmocka_unit_test(a_line_may_say_nothing),
		cmocka_unit_test(a_comment_begins_behind_a_blank),
		cmocka_unit_test(what_is_no_line_of_text_is_refused),
		cmocka_unit_test(a_file_is_read_to_its_end),
		cmocka_unit_test(a_bad_line_ends_it_and_is_named),
		cmocka_unit_test(a_line_without_end_is_refused_and_not_kept),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
