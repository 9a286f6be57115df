/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "app/load_options.h"
#include "probe/kinds.h"
#include "unit.h"

enum { WORDS_MOST = 16 };

/* A command line, in one text; each blank parts two words. */
struct line {
	struct load_options options;
	struct err err;
	char text[256];
	char *argv[WORDS_MOST];
	int result;
};

static void read_line(struct line *line, const char *text)
{
	int argc = 0;

	*line = (struct line){ 0 };
	memcpy(line->text, text, strlen(text));
	for (char *rest = line->text, *word; (word = strsep(&rest, " "));)
		line->argv[argc++] = word;
	line->result = load_options_read(&line->options, argc, line->argv, &line->err);
}

static struct load_plan plan_of(const char *text)
{
	struct line line;

	read_line(&line, text);
	assert_int_equal(line.result, 1);
	struct load_plan plan = load_options_plan(&line.options, NULL, 0);

	plan.probe = NULL; /* they are on this stack */
	load_options_done(&line.options);
	return plan;
}

TEST(nothing_said_is_a_closed_loop_of_64)
{
	struct load_plan plan = plan_of("tcp-echo://h");

	assert_int_equal(plan.pace, LOAD_CLOSED);
	assert_int_equal(plan.connections, 64);
	assert_int_equal(plan.depth, 1);
	assert_int_equal(plan.duration, 10 * NS_PER_SEC);
	assert_int_equal(plan.warmup, NS_PER_SEC);
	assert_int_equal(plan.probe_count, 1);
	assert_false(plan.reconnect);
}

TEST(a_rate_makes_an_open_loop_with_ample_room)
{
	struct load_plan plan = plan_of("-R 20000 -c 8 tcp-echo://h");

	assert_int_equal(plan.pace, LOAD_CONSTANT);
	assert_int_equal(plan.connections, 8);
	assert_int_equal(plan.depth, 8192);
	assert_true(plan.rate_from >= 20000 && plan.rate_from <= plan.rate_to);
	assert_int_equal(plan_of("-R 1 -c 100000 tcp-echo://h").depth, 1);
	assert_int_equal(plan_of("-R 1 --depth 7 tcp-echo://h").depth, 7);
	assert_int_equal(plan_of("-R 1 --poisson tcp-echo://h").pace, LOAD_POISSON);
}

TEST(a_ramp_has_two_rates)
{
	struct load_plan plan = plan_of("--ramp 5..700 --duration=3s tcp-echo://h");

	assert_int_equal(plan.pace, LOAD_CONSTANT);
	assert_int_equal((int)plan.rate_from, 5);
	assert_int_equal((int)plan.rate_to, 700);
	assert_int_equal(plan.duration, 3 * NS_PER_SEC);
}

TEST(a_search_takes_short_steps_from_a_low_rate)
{
	struct load_plan plan = plan_of("--find p99<1ms tcp-echo://h");

	assert_int_equal(plan.pace, LOAD_CONSTANT);
	assert_int_equal((int)plan.rate_from, 100);
	assert_true(plan.duration < 10 * NS_PER_SEC);
	assert_int_equal((int)plan_of("--find p99<1ms -R 7 tcp-echo://h").rate_from, 7);
}

TEST(idle_connections_alone_are_no_load_unless_one_is_described)
{
	assert_int_equal(plan_of("--hold 1000 tcp-echo://h").connections, 0);
	assert_int_equal(plan_of("--hold 1000 -c 5 tcp-echo://h").connections, 5);
	assert_int_equal(plan_of("--hold 1000 -R 5 tcp-echo://h").connections, 64);
}

TEST(sizes_are_one_or_a_list)
{
	struct line line;

	read_line(&line, "-s 64,512,1400 tcp-echo://h");
	assert_int_equal(line.result, 1);
	assert_int_equal(line.options.size_count, 3);
	assert_int_equal(line.options.probe[0].size, 64);
	assert_int_equal(line.options.probe[2].size, 1400);
	assert_true(line.options.probe[1].size_given);
	read_line(&line, "tcp-echo://h");
	assert_int_equal(line.options.size_count, 1);
	assert_int_equal(line.options.probe[0].size, 56);
	assert_false(line.options.probe[0].size_given);
}

TEST(a_seed_that_is_given_is_kept_and_else_one_is_drawn)
{
	assert_int_equal(plan_of("--seed 42 tcp-echo://h").seed, 42);
	assert_true(plan_of("tcp-echo://h").seed != plan_of("tcp-echo://h").seed);
}

TEST(wrong_lines_give_one_sentence_with_the_culprit)
{
	static const struct {
		const char *line, *culprit;
	} wrong[] = {
		{ "-R 5 --ramp 1..2 h", "'--ramp' and '--rate'" },
		{ "--find p99<1ms --ramp 1..2 h", "'--ramp' and '--find'" },
		{ "--poisson h", "'--poisson'" },
		{ "--ramp 1..2 -d 0 h", "'--ramp' needs a duration" },
		{ "-t 9 -c 8 h", "'-t 9'" },
		{ "--ramp 1.2 h", "'1.2'" },
		{ "--ramp ..2 h", "'..2'" },
		{ "--ramp 0..0 h", "'0..0'" },
		{ "--ramp 1..2..3 h", "'1..2..3'" },
		{ "--ramp 1111111111111111111111111..2 h", "'1111111111111111111111111..2'" },
		{ "-s 1, h", "'1,'" },
		{ "-s , h", "','" },
		{ "-s 65508 h", "'65508'" },
		{ "-s 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17 h", "too many sizes" },
		{ "--find jitter<1ms h", "'jitter'" },
		{ "--fail-if p99 h", "'p99'" },
		{ "-k tpc h", "'tpc'" },
		{ "-4 -6 h", "'-4' and '-6'" },
		{ "-c 0 h", "'0'" },
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct line line;

		read_line(&line, wrong[i].line);
		assert_int_equal(line.result, -EINVAL);
		assert_non_null(strstr(line.err.text, wrong[i].culprit));
		assert_null(strchr(line.err.text, '\n'));
		load_options_done(&line.options);
	}
}

static int check(const char *text, const char *kind)
{
	struct line line;
	struct err err = { 0 };

	read_line(&line, text);
	assert_int_equal(line.result, 1);
	int result = load_options_check(&line.options, kind_by_name(kind), &err);

	assert_int_equal(result == 0, err.text[0] == '\0');
	load_options_done(&line.options);
	return result;
}

TEST(not_every_kind_can_be_asked_by_a_load)
{
	static const char *const kinds[] = { "tcp-echo", "udp-echo", "pong", "stamp", "line" };

	for (size_t i = 0; i < COUNT(kinds); i++)
		assert_int_equal(check("h", kinds[i]), 0);
	assert_int_equal(check("h", "icmp"), -EINVAL);
	assert_int_equal(check("h", "tcp"), -EINVAL);
}

TEST(who_has_no_connections_holds_none)
{
	assert_int_equal(check("--hold 1 h", "tcp-echo"), 0);
	assert_int_equal(check("--hold 1 h", "udp-echo"), -EINVAL);
	assert_int_equal(check("--reconnect h", "stamp"), -EINVAL);
}

TEST(each_size_of_a_list_has_to_fit)
{
	assert_int_equal(check("-s 44,100 h", "stamp"), 0);
	assert_int_equal(check("-s 100,43 h", "stamp"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_is_a_closed_loop_of_64),
		cmocka_unit_test(a_rate_makes_an_open_loop_with_ample_room),
		cmocka_unit_test(a_ramp_has_two_rates),
		cmocka_unit_test(a_search_takes_short_steps_from_a_low_rate),
		cmocka_unit_test(idle_connections_alone_are_no_load_unless_one_is_described),
		cmocka_unit_test(sizes_are_one_or_a_list),
		cmocka_unit_test(a_seed_that_is_given_is_kept_and_else_one_is_drawn),
		cmocka_unit_test(wrong_lines_give_one_sentence_with_the_culprit),
		cmocka_unit_test(not_every_kind_can_be_asked_by_a_load),
		cmocka_unit_test(who_has_no_connections_holds_none),
		cmocka_unit_test(each_size_of_a_list_has_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
