/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "core/random.h"
#include "unit.h"
#include "wire/pong.h"

static void assert_request(const char *line, enum pong_command command, const char *word)
{
	struct pong_request request = pong_read_request(line, strlen(line));

	assert_int_equal(request.command, command);
	assert_int_equal(request.length, strlen(word));
	assert_int_equal(memcmp(request.length ? request.word : "", word, request.length), 0);
}

TEST(words_are_case_insensitive_and_blanks_around_them_mean_nothing)
{
	assert_request("ping", PONG_PING, "");
	assert_request("PING", PONG_PING, "");
	assert_request(" \t PiNg \t ", PONG_PING, "");
	assert_request("help", PONG_HELP, "");
	assert_request("QUIT", PONG_QUIT, "");
}

TEST(a_line_may_end_in_crlf)
{
	assert_request("ping\r", PONG_PING, "");
	assert_request("ping localhost\r", PONG_PING_TARGET, "localhost");
	assert_request("\r", PONG_NOTHING, "");
}

TEST(an_empty_or_blank_line_asks_nothing)
{
	assert_request("", PONG_NOTHING, "");
	assert_request(" \t \r", PONG_NOTHING, "");
}

TEST(ping_with_a_word_asks_for_that_target)
{
	assert_request("ping tcp://[::1]:80", PONG_PING_TARGET, "tcp://[::1]:80");
	assert_request("Ping \t Example.COM ", PONG_PING_TARGET, "Example.COM");
	assert_request("ping ping", PONG_PING_TARGET, "ping");
}

TEST(what_follows_ping_is_one_target_blanks_and_all)
{
	assert_request("ping a b", PONG_PING_TARGET, "a b");
}

TEST(anything_else_is_unknown_and_told_whole)
{
	assert_request("pong", PONG_UNKNOWN, "pong");
	assert_request("pingu", PONG_UNKNOWN, "pingu");
	assert_request("help me", PONG_UNKNOWN, "help me");
	assert_request(" foo bar ", PONG_UNKNOWN, "foo bar");
	assert_request("\xff", PONG_UNKNOWN, "\xff");
}

TEST(a_nul_byte_hides_nothing)
{
	struct pong_request request = pong_read_request("ping\0x", 6);

	assert_int_equal(request.command, PONG_UNKNOWN);
	assert_int_equal(request.length, 6);
}

TEST(every_line_has_a_meaning_and_its_word_lies_within)
{
	static const char letters[] = "pingPONGhelpquit \t\r\0\xff";
	struct random random;

	random_seed(&random, 1);
	for (int i = 0; i < 100000; i++) {
		char line[12];
		size_t length = random_next(&random) % sizeof(line);

		for (size_t at = 0; at < length; at++)
			line[at] = letters[random_next(&random) % (sizeof(letters) - 1)];
		struct pong_request request = pong_read_request(line, length);

		if (request.length == 0)
			continue;
		assert_true(request.word >= line);
		assert_true(request.word + request.length <= line + length);
	}
}

static void assert_answer(const char *line, int result, uint64_t expected)
{
	uint64_t epoch = 42;

	assert_int_equal(pong_read_answer(line, strlen(line), &epoch), result);
	assert_int_equal(epoch, expected);
}

TEST(an_answer_is_pong_and_an_epoch)
{
	assert_answer("pong 1700000000", 0, 1700000000);
	assert_answer("PONG 0\r", 0, 0);
	assert_answer("  pong \t 1 ", 0, 1);
	assert_answer("pong 9999999999999999999", 0, UINT64_C(9999999999999999999));
}

TEST(any_other_answer_is_refused)
{
	static const char *const wrong[] = {
		"",
		"pong",
		"pong ",
		"pong x",
		"pong 1x",
		"pong -1",
		"pong +1",
		"pong 1.5",
		"pong 1 2",
		"pongs 1",
		"ping 1",
		"error busy",
		"1",
		"pong 0x10",
		"pong 10000000000000000000",
		"pong 99999999999999999999999999",
		"pong \xff",
		"pong1",
	};

	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_answer(wrong[i], -EBADMSG, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			words_are_case_insensitive_and_blanks_around_them_mean_nothing),
		cmocka_unit_test(a_line_may_end_in_crlf),
		cmocka_unit_test(an_empty_or_blank_line_asks_nothing),
		cmocka_unit_test(ping_with_a_word_asks_for_that_target),
		cmocka_unit_test(what_follows_ping_is_one_target_blanks_and_all),
		cmocka_unit_test(anything_else_is_unknown_and_told_whole),
		cmocka_unit_test(a_nul_byte_hides_nothing),
		cmocka_unit_test(every_line_has_a_meaning_and_its_word_lies_within),
		cmocka_unit_test(an_answer_is_pong_and_an_epoch),
		cmocka_unit_test(any_other_answer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
