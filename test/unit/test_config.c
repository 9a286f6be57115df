/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config.h"
#include "unit.h"

struct values {
	bool relay;
	int64_t rate;
	struct option_list listens;
};

#define AT(member) offsetof(struct values, member)

static const struct option_spec specs[] = {
	{ "relay", 0, OPTION_FLAG, NULL, "for all", AT(relay), 0, 0 },
	{ "rate", 0, OPTION_INTEGER, "N", "how many", AT(rate), 0, 1000 },
	{ "listen", 0, OPTION_LIST, "WHERE", "where", AT(listens), 0, 0 },
};

static const struct option_table table = { specs, COUNT(specs) };

enum { ROOM = 256 };

static int parse(struct values *values, const char *content, char *room, struct err *err)
{
	(void)snprintf(room, ROOM, "%s", content);
	return config_parse("file", room, strlen(room), &table, values, err);
}

TEST(a_line_is_an_option_and_the_last_needs_no_end)
{
	struct values values = { 0 };
	struct err err = { 0 };
	char room[ROOM];

	assert_int_equal(parse(&values, "# what\n\n rate=5\r\nlisten a\n\tlisten b # c\nrelay",
	                       room, &err),
	                 0);
	assert_true(values.relay);
	assert_int_equal(values.rate, 5);
	assert_int_equal(values.listens.count, 2);
	assert_string_equal(values.listens.items[0], "a");
	assert_string_equal(values.listens.items[1], "b");
}

TEST(a_wrong_line_is_told_with_its_file_and_number)
{
	struct values values = { 0 };
	struct err err = { 0 };
	char room[ROOM];

	assert_int_equal(parse(&values, "rate 5\n\nrate x\n", room, &err), -EINVAL);
	assert_string_equal(err.text, "file:3: 'x' is not a whole number, which --rate needs");
}

TEST(what_is_for_a_command_line_is_refused)
{
	static const char *const lines[] = { "config x", "config=x", "help", "version" };

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct values values = { 0 };
		struct err err = { 0 };
		char room[ROOM];

		assert_int_equal(parse(&values, lines[i], room, &err), -EINVAL);
		assert_non_null(strstr(err.text, "belongs on the command line"));
	}
}

TEST(a_nul_is_no_text)
{
	char text[] = "rate 5\0\nrelay\n";
	struct values values = { 0 };
	struct err err = { 0 };

	assert_int_equal(config_parse("file", text, sizeof(text) - 1, &table, &values, &err),
	                 -EINVAL);
	assert_string_equal(err.text, "file:1: 'rate 5\\x00' is no line of text");
}

/* A file of so many bytes, all of them comment. */
static int read_length(size_t length)
{
	char path[] = "/tmp/sounder-config-XXXXXX";
	int fd = mkstemp(path);
	struct values values = { 0 };
	struct err err = { 0 };
	char *text = NULL, *content = malloc(length);

	assert_true(fd >= 0 && content);
	for (size_t i = 0; i < length; i++)
		content[i] = '#';
	assert_int_equal(write(fd, content, length), length);
	(void)close(fd);
	int result = config_read(path, &table, &values, &text, &err);

	(void)unlink(path);
	free(text);
	free(content);
	return result;
}

TEST(a_file_has_a_written_maximum)
{
	assert_int_equal(read_length(1), 0);
	assert_int_equal(read_length(CONFIG_FILE_MAX), 0);
	assert_int_equal(read_length(CONFIG_FILE_MAX + 1), -EINVAL);
	assert_int_equal(read_length((size_t)3 * CONFIG_FILE_MAX), -EINVAL);
}

TEST(a_file_that_is_not_there_is_named)
{
	struct values values = { 0 };
	struct err err = { 0 };
	char *text = NULL;

	assert_int_equal(config_read("/nowhere/file", &table, &values, &text, &err), -ENOENT);
	assert_string_equal(err.text, "cannot open '/nowhere/file': no such file or directory");
	free(text);
}

static void expect_directory(const char *path, const char *wanted)
{
	assert_string_equal(config_directory(path).path, wanted);
}

TEST(a_file_stands_in_the_directory_that_its_path_names)
{
	expect_directory("sounder.conf", ".");
	expect_directory("etc/sounder.conf", "etc/");
	expect_directory("/etc/sounder/sounder.conf", "/etc/sounder/");
	expect_directory("/sounder.conf", "/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_an_option_and_the_last_needs_no_end),
		cmocka_unit_test(a_wrong_line_is_told_with_its_file_and_number),
		cmocka_unit_test(what_is_for_a_command_line_is_refused),
		cmocka_unit_test(a_nul_is_no_text),
		cmocka_unit_test(a_file_has_a_written_maximum),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
		cmocka_unit_test(a_file_stands_in_the_directory_that_its_path_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
