/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "core/random.h"
#include "unit.h"

TEST(what_is_harmless_is_shown_as_it_is)
{
	static const char *const words[] = { "",     "host", "a b\\c", "größe",
		                             "日本", "€",    "🙂",   "'quoted'" };

	for (size_t i = 0; i < COUNT(words); i++)
		assert_string_equal(quote(words[i]).text, words[i]);
}

TEST(control_and_bidirectional_characters_are_escaped)
{
	static const struct {
		const char *raw, *shown;
	} cases[] = {
		{ "a\nb", "a\\x0ab" },
		{ "\r", "\\x0d" },
		{ "\x1b[2J", "\\x1b[2J" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x85", "\\xc2\\x85" },          /* NEL, of the second control set */
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" }, /* right-to-left override */
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" }, /* left-to-right isolate */
		{ "\xd8\x9c", "\\xd8\\x9c" },          /* Arabic letter mark */
		{ "\xe2\x80\x8b", "\\xe2\\x80\\x8b" }, /* zero width space */
		{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" }, /* line separator */
		{ "\xef\xbb\xbf", "\\xef\\xbb\\xbf" }, /* byte order mark */
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(quote(cases[i].raw).text, cases[i].shown);
}

TEST(bytes_that_are_not_utf8_are_escaped_one_by_one)
{
	static const struct {
		const char *raw, *shown;
	} cases[] = {
		{ "\x80", "\\x80" },                            /* a continuation alone */
		{ "\xc3", "\\xc3" },                            /* half a character */
		{ "\xc3(", "\\xc3(" },                          /* and one interrupted */
		{ "\xc0\xaf", "\\xc0\\xaf" },                   /* overlong "/" */
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },          /* the same in three bytes */
		{ "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf" }, /* and in four */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },          /* a surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* beyond U+10FFFF */
		{ "\xff", "\\xff" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(quote(cases[i].raw).text, cases[i].shown);
}

TEST(a_long_word_is_cut_and_says_so)
{
	char word[200];
	char shown[QUOTE_BYTES + 4];

	memset(word, 'x', sizeof(word));
	word[QUOTE_BYTES] = '\0';
	assert_string_equal(quote(word).text, word);
	word[QUOTE_BYTES] = 'x';
	(void)snprintf(shown, sizeof(shown), "%.*s...", QUOTE_BYTES, word);
	assert_string_equal(quote_bytes(word, sizeof(word)).text, shown);
}

TEST(a_character_cut_in_two_is_escaped)
{
	char word[QUOTE_BYTES + 4];

	memset(word, 'x', sizeof(word));
	memcpy(word + QUOTE_BYTES - 2, "€", 3);
	struct quoted shown = quote_bytes(word, sizeof(word));

	assert_string_equal(shown.text + QUOTE_BYTES - 2, "\\xe2\\x82...");
}

TEST(a_nul_within_is_escaped)
{
	assert_string_equal(quote_bytes("a\0b", 3).text, "a\\x00b");
	assert_string_equal(quote_bytes("abc", 0).text, "");
}

TEST(the_worst_word_fits)
{
	char word[1000];

	memset(word, 0x01, sizeof(word));
	assert_int_equal(strlen(quote_bytes(word, sizeof(word)).text), QUOTE_BYTES * 4 + 3);
}

TEST(nothing_shown_can_move_a_cursor)
{
	struct random random;

	random_seed(&random, 3);
	for (int i = 0; i < 20000; i++) {
		uint64_t raw = random_next(&random);
		struct quoted shown = quote_bytes((const char *)&raw, sizeof(raw));

		for (const char *c = shown.text; *c; c++)
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
	}
}

TEST(a_span_is_read_in_the_unit_that_suits_it)
{
	static const struct {
		int64_t span;
		const char *text;
	} cases[] = {
		{ 0, "0ns" },
		{ 1, "1ns" },
		{ 999, "999ns" },
		{ 200000, "200us" },
		{ 1500000, "1.5ms" },
		{ 1000000000, "1s" },
		{ 1500000000, "1.5s" },
		{ 1000000001, "1.000000001s" },
		{ INT64_C(60000000000), "1m" },
		{ INT64_C(90000000000), "90s" },
		{ INT64_C(3600000000000), "1h" },
		{ INT64_C(86400000000000), "24h" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(span_text(cases[i].span).text, cases[i].text);
}

TEST(a_span_survives_being_written_and_read)
{
	struct random random;

	random_seed(&random, 4);
	for (int i = 0; i < 20000; i++) {
		int64_t span =
			(int64_t)(random_next(&random) >> (1 + random_next(&random) % 63));
		int64_t back = -1;

		assert_int_equal(parse_duration(span_text(span).text, INT64_MAX, &back), 0);
		assert_int_equal(back, span);
	}
}

TEST(a_slip_of_the_fingers_finds_the_word_that_was_meant)
{
	static const char *const words[] = { "count",    "interval", "timeout",
		                             "tcp-echo", "udp-echo", NULL };

	assert_string_equal(text_nearest("cuont", words), "count");
	assert_string_equal(text_nearest("intervall", words), "interval");
	assert_string_equal(text_nearest("timout", words), "timeout");
	assert_string_equal(text_nearest("tcpecho", words), "tcp-echo");
	assert_string_equal(text_nearest("udp-ehco", words), "udp-echo");
	assert_string_equal(text_nearest("count", words), "count");
}

TEST(a_word_that_is_nothing_like_them_finds_none)
{
	static const char *const words[] = { "ab", "count", NULL };
	static const char *const none[] = { NULL };
	char longest[100];

	memset(longest, 'c', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(text_nearest("frobnicate", words));
	assert_null(text_nearest("", words));
	assert_null(text_nearest("xy", words)); /* every letter wrong is no slip */
	assert_null(text_nearest(longest, words));
	assert_null(text_nearest("count", none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_harmless_is_shown_as_it_is),
		cmocka_unit_test(control_and_bidirectional_characters_are_escaped),
		cmocka_unit_test(bytes_that_are_not_utf8_are_escaped_one_by_one),
		cmocka_unit_test(a_long_word_is_cut_and_says_so),
		cmocka_unit_test(a_character_cut_in_two_is_escaped),
		cmocka_unit_test(a_nul_within_is_escaped),
		cmocka_unit_test(the_worst_word_fits),
		cmocka_unit_test(nothing_shown_can_move_a_cursor),
		cmocka_unit_test(a_span_is_read_in_the_unit_that_suits_it),
		cmocka_unit_test(a_span_survives_being_written_and_read),
		cmocka_unit_test(a_slip_of_the_fingers_finds_the_word_that_was_meant),
		cmocka_unit_test(a_word_that_is_nothing_like_them_finds_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
