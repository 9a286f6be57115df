/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/log.h"
#include "unit.h"

#define AT INT64_C(1795878566123456789) /* 2026-11-28T15:09:26.123456789Z */

static const struct log_field fields[] = {
	{ "service", "udp-echo", 0 },
	{ "reason", "no route to host", 0 },
	{ "count", NULL, -3 },
	{ 0 },
};

static const struct log_event event = { LOG_LEVEL_WARNING, "it happened", fields };

/* The text line of a message without fields, from its message on. */
static const char *message_of(struct log_line *line, const char *message)
{
	*line = log_as_text(&(struct log_event){ LOG_LEVEL_INFO, message, NULL }, AT);
	return strstr(line->text, "msg=");
}

TEST(a_text_line_is_logfmt)
{
	assert_string_equal(log_as_text(&event, AT).text,
	                    "t=2026-11-28T15:09:26.123456Z level=warning msg=\"it happened\" "
	                    "service=udp-echo reason=\"no route to host\" count=-3\n");
}

TEST(a_json_line_is_an_object)
{
	assert_string_equal(log_as_json(&event, AT).text,
	                    "{\"t\":1795878566123456789,\"level\":\"warning\","
	                    "\"msg\":\"it happened\",\"service\":\"udp-echo\","
	                    "\"reason\":\"no route to host\",\"count\":-3}\n");
}

TEST(dates_are_those_of_the_calendar)
{
	static const struct {
		int64_t seconds;
		const char *date;
	} known[] = {
		{ 0, "1970-01-01T00:00:00" },          { 951782400, "2000-02-29T00:00:00" },
		{ 951868799, "2000-02-29T23:59:59" },  { 951868800, "2000-03-01T00:00:00" },
		{ 1709164799, "2024-02-28T23:59:59" }, { 1709164800, "2024-02-29T00:00:00" },
		{ 1735689599, "2024-12-31T23:59:59" }, { 1735689600, "2025-01-01T00:00:00" },
		{ 4107542400, "2100-03-01T00:00:00" }, { -5, "1970-01-01T00:00:00" },
	};

	for (size_t i = 0; i < COUNT(known); i++) {
		struct log_line line = log_as_text(&event, known[i].seconds * 1000000000);

		assert_memory_equal(line.text + 2, known[i].date, strlen(known[i].date));
	}
}

TEST(nobody_forges_a_line_or_a_field)
{
	struct log_line line;

	assert_string_equal(message_of(&line, "a\nlevel=error"),
	                    "msg=\"a\\\\x0alevel=error\"\n");
	assert_string_equal(message_of(&line, "a\" b=\"c"), "msg=\"a\\\" b=\\\"c\"\n");
	assert_string_equal(message_of(&line, "a\\"), "msg=\"a\\\\\"\n");
	assert_string_equal(message_of(&line, "\x1b[2J"), "msg=\"\\\\x1b[2J\"\n");
	assert_string_equal(message_of(&line, "\xe2\x80\x8f<"),
	                    "msg=\"\\\\xe2\\\\x80\\\\x8f<\"\n");
	assert_string_equal(message_of(&line, "gr\u00f6\u00dfe"), "msg=\"gr\u00f6\u00dfe\"\n");
}

TEST(a_value_is_quoted_unless_it_is_one_plain_word)
{
	static const struct {
		const char *value, *shown;
	} known[] = {
		{ "tcp-echo://[::1]:7", " k=tcp-echo://[::1]:7\n" },
		{ "", " k=\"\"\n" },
		{ "a b", " k=\"a b\"\n" },
		{ "a=b", " k=\"a=b\"\n" },
		{ "\"", " k=\"\\\"\"\n" },
	};

	for (size_t i = 0; i < COUNT(known); i++) {
		const struct log_field one[] = { { "k", known[i].value, 0 }, { 0 } };
		struct log_line line =
			log_as_text(&(struct log_event){ LOG_LEVEL_INFO, "m", one }, AT);

		assert_string_equal(strstr(line.text, " k="), known[i].shown);
	}
}

TEST(a_long_text_is_cut)
{
	char text[LOG_TEXT_MAX + 100];
	struct log_line line;

	memset(text, 'x', sizeof(text));
	text[LOG_TEXT_MAX] = '\0';
	assert_null(strstr(message_of(&line, text), "..."));
	text[LOG_TEXT_MAX] = 'x';
	text[sizeof(text) - 1] = '\0';
	const char *said = message_of(&line, text);

	assert_int_equal(strlen(said), strlen("msg=\"...\"\n") + LOG_TEXT_MAX);
	assert_non_null(strstr(said, "x...\"\n"));
}

TEST(a_field_that_finds_no_room_is_left_out_whole)
{
	char control[LOG_TEXT_MAX + 1];
	struct log_field many[6] = { 0 };

	memset(control, '\1', LOG_TEXT_MAX);
	control[LOG_TEXT_MAX] = '\0';
	for (size_t i = 0; i < 4; i++)
		many[i] = (struct log_field){ "wide", control, 0 };
	many[4] = (struct log_field){ "last", NULL, 7 };
	const struct log_event wide = { LOG_LEVEL_ERROR, "m", many };
	struct log_line text = log_as_text(&wide, AT), json = log_as_json(&wide, AT);

	assert_true(strlen(text.text) <= LOG_LINE_MAX && strlen(json.text) <= LOG_LINE_MAX);
	assert_non_null(strstr(text.text, " wide=\"\\\\x01"));
	assert_non_null(strstr(text.text, "\\\\x01\" last=7\n"));
	assert_non_null(strstr(json.text, "\\\\x01\",\"last\":7}\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_line_is_logfmt),
		cmocka_unit_test(a_json_line_is_an_object),
		cmocka_unit_test(dates_are_those_of_the_calendar),
		cmocka_unit_test(nobody_forges_a_line_or_a_field),
		cmocka_unit_test(a_value_is_quoted_unless_it_is_one_plain_word),
		cmocka_unit_test(a_long_text_is_cut),
		cmocka_unit_test(a_field_that_finds_no_room_is_left_out_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
