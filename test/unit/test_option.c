/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "unit.h"

struct values {
	bool quiet, numeric;
	int64_t count, interval;
	const char *host;
	struct option_list lists;
};

#define AT(member) offsetof(struct values, member)

static const struct option_spec specs[] = {
	{ "quiet", 'q', OPTION_FLAG, NULL, "say less", AT(quiet), 0, 0 },
	{ "numeric", 'n', OPTION_FLAG, NULL, "no names", AT(numeric), 0, 0 },
	{ "count", 'c', OPTION_INTEGER, "N", "how many", AT(count), 1, 1000 },
	{ "interval", 'i', OPTION_DURATION, "DUR", "how often", AT(interval), 1000,
	  INT64_C(3600000000000) },
	{ "host", '\0', OPTION_TEXT, "HOST", "who", AT(host), 0, 0 },
	{ "allow", 'a', OPTION_LIST, "CIDR", "whom", AT(lists), 0, 0 },
};

static const struct option_table table = { specs, COUNT(specs) };

enum { WORDS_MAX = 80, WORD_ROOM = 64 };

/* A command line as main() gets it: words of its own, which the parser may move. */
struct line {
	char words[WORDS_MAX][WORD_ROOM];
	char *argv[WORDS_MAX];
	int argc;
};

static void add_word(struct line *line, const char *word)
{
	char *own = line->words[line->argc];

	assert_true(line->argc < WORDS_MAX && strlen(word) < WORD_ROOM);
	(void)snprintf(own, WORD_ROOM, "%s", word);
	line->argv[line->argc++] = own;
}

static int parse(struct values *values, struct line *line, struct err *err,
                 const char *const *words)
{
	*line = (struct line){ 0 };
	for (; *words; words++)
		add_word(line, *words);
	return option_parse(&table, values, line->argc, line->argv, err);
}

#define PARSE(values, line, err, ...) \
	parse(values, line, err, (const char *const[]){ __VA_ARGS__, NULL })

static void assert_refused(const char *const *words, const char *sentence)
{
	struct values values = { 0 };
	struct err err = { 0 };
	struct line line;

	assert_int_equal(parse(&values, &line, &err, words), -EINVAL);
	assert_string_equal(err.text, sentence);
}

#define ASSERT_REFUSED(sentence, ...) \
	assert_refused((const char *const[]){ __VA_ARGS__, NULL }, sentence)

TEST(options_and_words_may_be_mixed_in_any_order)
{
	struct values values = { 0 };
	struct err err = { 0 };
	struct line line;

	assert_int_equal(
		PARSE(&values, &line, &err, "one", "-q", "two", "--count", "3", "three"), 3);
	assert_true(values.quiet);
	assert_int_equal(values.count, 3);
	assert_string_equal(line.argv[0], "one");
	assert_string_equal(line.argv[1], "two");
	assert_string_equal(line.argv[2], "three");
}

TEST(letters_may_be_clustered_and_the_last_may_take_a_value)
{
	struct values values = { 0 };
	struct line line;

	assert_int_equal(PARSE(&values, &line, NULL, "-qnc3", "-i", "200ms"), 0);
	assert_true(values.quiet && values.numeric);
	assert_int_equal(values.count, 3);
	assert_int_equal(values.interval, 200000000);

	values = (struct values){ 0 };
	assert_int_equal(PARSE(&values, &line, NULL, "-qc", "7", "-i0.5"), 0);
	assert_int_equal(values.count, 7);
	assert_int_equal(values.interval, 500000000);
}

TEST(a_value_may_be_joined_or_follow)
{
	struct values values = { 0 };
	struct line line;

	assert_int_equal(
		PARSE(&values, &line, NULL, "--count=3", "--host=", "--interval", "1m"), 0);
	assert_int_equal(values.count, 3);
	assert_string_equal(values.host, "");
	assert_int_equal(values.interval, INT64_C(60000000000));
}

TEST(a_value_may_look_like_an_option)
{
	struct values values = { 0 };
	struct line line;

	assert_int_equal(PARSE(&values, &line, NULL, "--host", "--", "--host", "-x"), 0);
	assert_string_equal(values.host, "-x");
}

TEST(two_dashes_end_the_options)
{
	struct values values = { 0 };
	struct line line;

	assert_int_equal(PARSE(&values, &line, NULL, "-q", "--", "-n", "--", "--count"), 3);
	assert_false(values.numeric);
	assert_string_equal(line.argv[0], "-n");
	assert_string_equal(line.argv[1], "--");
	assert_string_equal(line.argv[2], "--count");
}

TEST(a_dash_alone_and_the_empty_word_are_words)
{
	struct values values = { 0 };
	struct line line;

	assert_int_equal(PARSE(&values, &line, NULL, "-", ""), 2);
}

TEST(nothing_at_all_is_a_line_too)
{
	struct values values = { 0 };

	assert_int_equal(option_parse(&table, &values, 0, NULL, NULL), 0);
}

TEST(a_list_keeps_all_and_has_a_written_end)
{
	struct values values = { 0 };
	struct err err = { 0 };
	struct line line = { 0 };

	for (int i = 0; i <= OPTION_LIST_ROOM; i++)
		add_word(&line, i == 0 ? "-afirst" : "-ax");
	assert_int_equal(option_parse(&table, &values, line.argc - 1, line.argv, &err), 0);
	assert_int_equal(values.lists.count, OPTION_LIST_ROOM);
	assert_string_equal(values.lists.items[0], "first");
	assert_int_equal(option_parse(&table, &values, 1, line.argv, &err), -EINVAL);
	assert_string_equal(err.text, "'first' is one --allow too many (at most 64)");
}

TEST(an_unknown_option_proposes_the_nearest)
{
	ASSERT_REFUSED("unknown option '--cuont' (did you mean '--count'?)", "--cuont", "3");
	ASSERT_REFUSED("unknown option '--intervall' (did you mean '--interval'?)",
	               "--intervall=3");
	ASSERT_REFUSED("unknown option '--frobnicate' (see --help)", "--frobnicate");
	ASSERT_REFUSED("unknown option '--' (see --help)", "--=3");
	ASSERT_REFUSED("unknown option '-x' (see --help)", "-qx");
	ASSERT_REFUSED("unknown option '-\\x1b' (see --help)", "-\x1b");
}

TEST(a_missing_value_is_told_by_its_name)
{
	ASSERT_REFUSED("option '--count' needs a value (N)", "--count");
	ASSERT_REFUSED("option '-i' needs a value (DUR)", "one", "-qi");
	ASSERT_REFUSED("option '--quiet' takes no value", "--quiet=yes");
}

TEST(a_wrong_value_is_quoted)
{
	ASSERT_REFUSED("'x' is not a whole number, which --count needs", "-cx");
	ASSERT_REFUSED("'' is not a whole number, which --count needs", "--count=");
	ASSERT_REFUSED("'0' is out of range for --count (1 to 1000)", "-c", "0");
	ASSERT_REFUSED("'-5' is out of range for --count (1 to 1000)", "-c", "-5");
	ASSERT_REFUSED("'9223372036854775808' is out of range for --count (1 to 1000)",
	               "--count=9223372036854775808");
	ASSERT_REFUSED(
		"'nan' is not a duration such as 1, 0.2, 200ms or 1m, which --interval needs",
		"-i", "nan");
	ASSERT_REFUSED("'0' is out of range for --interval (1us to 1h)", "-i0");
	ASSERT_REFUSED("'2h' is out of range for --interval (1us to 1h)", "-i2h");
	ASSERT_REFUSED("'\\x0a' is not a whole number, which --count needs", "-c", "\n");
}

TEST(a_wrong_value_leaves_the_old_one)
{
	struct values values = { .count = 4 };
	struct line line;

	assert_int_equal(PARSE(&values, &line, NULL, "-c", "1001"), -EINVAL);
	assert_int_equal(values.count, 4);
}

TEST(no_name_is_abbreviated)
{
	ASSERT_REFUSED("unknown option '--coun' (did you mean '--count'?)", "--coun", "3");
}

/* One line of a file, over values that it may change. */
static int read_line(struct values *values, const char *text, char *room, struct err *err)
{
	(void)snprintf(room, WORD_ROOM, "%s", text);
	return option_read_line(&table, values, room, err);
}

TEST(a_line_of_a_file_says_what_an_option_says)
{
	struct values values = { 0 };
	struct err err = { 0 };
	char first[WORD_ROOM], other[WORD_ROOM], room[WORD_ROOM];

	assert_int_equal(read_line(&values, "host a b = c", first, &err), 0);
	assert_string_equal(values.host, "a b = c");
	assert_int_equal(read_line(&values, "count 3", room, &err), 0);
	assert_int_equal(values.count, 3);
	assert_int_equal(read_line(&values, "count=4", room, &err), 0);
	assert_int_equal(values.count, 4);
	assert_int_equal(read_line(&values, "count \t= 5", room, &err), 0);
	assert_int_equal(values.count, 5);
	assert_int_equal(read_line(&values, "quiet", room, &err), 0);
	assert_true(values.quiet);
	assert_int_equal(read_line(&values, "allow ==", other, &err), 0);
	assert_string_equal(values.lists.items[0], "=");
}

TEST(a_line_that_is_wrong_changes_nothing_and_names_its_culprit)
{
	static const char *const lines[][2] = {
		{ "cuont 3", "unknown option '--cuont' (did you mean '--count'?)" },
		{ "count", "option '--count' needs a value (N)" },
		{ "count =", "'' is not a whole number, which --count needs" },
		{ "count 0", "'0' is out of range for --count (1 to 1000)" },
		{ "quiet no", "option '--quiet' takes no value ('no')" },
		{ "=", "unknown option '--' (see --help)" },
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct values values = { .count = 7 };
		struct err err = { 0 };
		char room[WORD_ROOM];

		assert_int_equal(read_line(&values, lines[i][0], room, &err), -EINVAL);
		assert_string_equal(err.text, lines[i][1]);
		assert_int_equal(values.count, 7);
		assert_false(values.quiet);
	}
}

TEST(lists_that_were_given_can_be_emptied_and_no_other)
{
	struct values one = { .count = 3 }, other = { .count = 4 };

	one.lists.items[one.lists.count++] = "a";
	other.lists.items[other.lists.count++] = "b";
	option_empty_lists(&table, &other, option_lists_given(&table, &(struct values){ 0 }));
	assert_int_equal(other.lists.count, 1);
	option_empty_lists(&table, &other, option_lists_given(&table, &one));
	assert_int_equal(other.lists.count, 0);
	assert_int_equal(other.count, 4);
}

TEST(values_that_differ_are_told_from_those_that_do_not)
{
	char host[] = "here"; /* the same text elsewhere */
	struct values one = { .quiet = true, .count = 1, .interval = 2, .host = "here" };
	struct values same = { .quiet = true, .count = 1, .interval = 2, .host = host };
	struct values other = { .count = 2, .interval = 3, .numeric = true };

	one.lists.items[one.lists.count++] = "a";
	same.lists.items[same.lists.count++] = "a";
	other.lists.items[other.lists.count++] = "b";
	for (size_t i = 0; i < table.count; i++) {
		assert_false(option_differs(&specs[i], &one, &same));
		assert_true(option_differs(&specs[i], &one, &other));
	}
	other.lists.items[0] = "a";
	other.lists.items[other.lists.count++] = "b";
	assert_true(option_differs(&specs[5], &one, &other));
	assert_false(option_differs(&specs[4], &other, &other)); /* neither was given */
}

TEST(help_lists_letter_name_and_meaning)
{
	assert_string_equal(option_help(&specs[2]).text,
	                    "  -c, --count N              how many");
	assert_string_equal(option_help(&specs[4]).text, "      --host HOST            who");
	assert_string_equal(option_help(&specs[0]).text,
	                    "  -q, --quiet                say less");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_words_may_be_mixed_in_any_order),
		cmocka_unit_test(letters_may_be_clustered_and_the_last_may_take_a_value),
		cmocka_unit_test(a_value_may_be_joined_or_follow),
		cmocka_unit_test(a_value_may_look_like_an_option),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(a_dash_alone_and_the_empty_word_are_words),
		cmocka_unit_test(nothing_at_all_is_a_line_too),
		cmocka_unit_test(a_list_keeps_all_and_has_a_written_end),
		cmocka_unit_test(an_unknown_option_proposes_the_nearest),
		cmocka_unit_test(a_missing_value_is_told_by_its_name),
		cmocka_unit_test(a_wrong_value_is_quoted),
		cmocka_unit_test(a_wrong_value_leaves_the_old_one),
		cmocka_unit_test(no_name_is_abbreviated),
		cmocka_unit_test(a_line_of_a_file_says_what_an_option_says),
		cmocka_unit_test(a_line_that_is_wrong_changes_nothing_and_names_its_culprit),
		cmocka_unit_test(lists_that_were_given_can_be_emptied_and_no_other),
		cmocka_unit_test(values_that_differ_are_told_from_those_that_do_not),
		cmocka_unit_test(help_lists_letter_name_and_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
