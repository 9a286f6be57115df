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

TEST(control_characters_are_escaped)
{
	assert_string_equal(quote("a\nb").text, "a\\x0ab");
	assert_string_equal(quote("\r").text, "\\x0d");
	assert_string_equal(quote("\x1b[2J").text, "\\x1b[2J");
	assert_string_equal(quote("\x7f").text, "\\x7f");
}

/* The character in UTF-8, and its bytes as they must be shown. */
static void write_character(uint32_t point, char *raw, size_t raw_room, char *shown,
                            size_t shown_room)
{
	bool three = point >= 0x800;
	unsigned first = three ? 0xe0U | point >> 12 : 0xc0U | point >> 6;
	unsigned middle = 0x80U | (point >> 6 & 0x3fU), last = 0x80U | (point & 0x3fU);

	if (three) {
		(void)snprintf(raw, raw_room, "%c%c%c", (int)first, (int)middle, (int)last);
		(void)snprintf(shown, shown_room, "\\x%02x\\x%02x\\x%02x", first, middle, last);
		return;
	}
	(void)snprintf(raw, raw_room, "%c%c", (int)first, (int)last);
	(void)snprintf(shown, shown_room, "\\x%02x\\x%02x", first, last);
}

TEST(characters_that_turn_or_hide_the_text_are_escaped)
{
	static const uint32_t points[] = {
		0x80,   0x85,   0x9f,                   /* the second control set */
		0x61c,  0x200e, 0x200f,                 /* marks of direction */
		0x202a, 0x202b, 0x202c, 0x202d, 0x202e, /* embedding, override */
		0x2066, 0x2067, 0x2068, 0x2069,         /* isolates */
		0x200b, 0x200c, 0x200d, 0x2060, 0xfeff, /* what has no width */
		0x2028, 0x2029,                         /* ends of lines */
	};

	for (size_t i = 0; i < COUNT(points); i++) {
		char raw[8], shown[16];

		write_character(points[i], raw, sizeof(raw), shown, sizeof(shown));
		assert_string_equal(quote(raw).text, shown);
	}
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

	(void)snprintf(word, sizeof(word), "%0*d€x", QUOTE_BYTES - 2, 0);
	struct quoted shown = quote(word);

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

TEST(a_line_is_its_words_without_comment_and_blanks)
{
	static const char *const lines[][2] = {
		{ " \ta b\t ", "a b" }, { "a # b", "a" }, { "#", "" }, { " # a", "" },
		{ "a#b", "a#b" },       { "a\t#", "a" },  { "", "" },  { "  ", "" },
		{ "a #b # c", "a" },
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		char line[16];

		(void)snprintf(line, sizeof(line), "%s", lines[i][0]);
		assert_string_equal(text_words(line), lines[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_harmless_is_shown_as_it_is),
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(characters_that_turn_or_hide_the_text_are_escaped),
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
		cmocka_unit_test(a_line_is_its_words_without_comment_and_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
