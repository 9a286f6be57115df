/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 32 };

/* How many bytes the first one announces, and the least code point that needs so many. */
static size_t utf8_announced(uint8_t first, uint32_t *least)
{
	static const struct {
		uint8_t from, to;
		uint32_t least;
	} lengths[] = {
		{ 0x00, 0x7f, 0 },
		{ 0xc2, 0xdf, 0x80 },
		{ 0xe0, 0xef, 0x800 },
		{ 0xf0, 0xf4, 0x10000 },
	};

	for (size_t i = 0; i < COUNT(lengths); i++) {
		*least = lengths[i].least;
		if (first >= lengths[i].from && first <= lengths[i].to)
			return i + 1;
	}
	return 0;
}

/* Length of the well-formed UTF-8 character at s (RFC 3629), 0 when there is none. */
static size_t utf8_length(const uint8_t *s, size_t left, uint32_t *point)
{
	uint32_t least = 0;
	size_t length = utf8_announced(s[0], &least);

	if (length == 0 || length > left)
		return 0;
	*point = length == 1 ? s[0] : s[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (s[i] & 0x3fU);
	}
	bool surrogate = *point >= 0xd800 && *point < 0xe000;

	return *point < least || *point > 0x10ffff || surrogate ? 0 : length;
}

/* Characters that move the cursor, turn the direction of the text around or cannot be seen: Unicode's
 * control, format, line and paragraph separator and private use characters. */
static bool is_unsafe(uint32_t point)
{
	static const struct {
		uint32_t from, to;
	} unsafe[] = {
		{ 0x00, 0x1f },        { 0x7f, 0x9f },       { 0xad, 0xad },
		{ 0x600, 0x605 },      { 0x61c, 0x61c },     { 0x6dd, 0x6dd },
		{ 0x70f, 0x70f },      { 0x890, 0x891 },     { 0x8e2, 0x8e2 },
		{ 0x180e, 0x180e },    { 0x200b, 0x200f },   { 0x2028, 0x202e },
		{ 0x2060, 0x206f },    { 0xe000, 0xf8ff },   { 0xfeff, 0xfeff },
		{ 0xfff0, 0xffff },    { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd },
		{ 0x13430, 0x1345f },  { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
		{ 0xe0000, 0x10ffff },
	};

	for (size_t i = 0; i < COUNT(unsafe); i++)
		if (point >= unsafe[i].from && point <= unsafe[i].to)
			return true;
	return false;
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

struct shown text_shown(const char *raw, size_t length)
{
	const uint8_t *s = (const uint8_t *)raw;
	uint32_t point = 0;
	size_t whole = is_plain(s[0]) ? 1 : utf8_length(s, length, &point);
	struct shown shown = { .length = 4, .raw = 1 };

	if (is_plain(s[0]) || (whole > 0 && !is_unsafe(point))) {
		memcpy(shown.text, raw, whole);
		shown.length = shown.raw = (uint8_t)whole;
	} else {
		(void)snprintf(shown.text, sizeof(shown.text), "\\x%02x", s[0]);
	}
	return shown;
}

struct quoted quote_bytes(const char *raw, size_t length)
{
	struct quoted quoted = { 0 };
	size_t most = size_min(length, QUOTE_BYTES);
	size_t used = 0;

	for (size_t i = 0; i < most;) {
		struct shown shown = text_shown(raw + i, most - i);

		memcpy(quoted.text + used, shown.text, shown.length);
		used += shown.length;
		i += shown.raw;
	}
	if (length > most)
		memcpy(quoted.text + used, "...", 4);
	return quoted;
}

struct quoted quote(const char *raw)
{
	return quote_bytes(raw, strlen(raw));
}

struct span_text span_text(int64_t span)
{
	static const struct {
		int64_t size;
		const char *name;
	} units[] = {
		{ INT64_C(3600000000000), "h" },
		{ INT64_C(60000000000), "m" },
		{ 1000000000, "s" },
		{ 1000000, "ms" },
		{ 1000, "us" },
		{ 1, "ns" },
	};
	struct span_text out = { 0 };
	int64_t rest = span;
	size_t i = 0;

	/* Hours and minutes only where nothing is left over: "90s" reads better than "1.5m". */
	while (i + 1 < COUNT(units) &&
	       (span < units[i].size || (i < 2 && span % units[i].size)))
		i++;
	int used = snprintf(out.text, sizeof(out.text), "%" PRId64, rest / units[i].size);
	rest %= units[i].size;
	if (rest > 0 && used > 0 && (size_t)used < sizeof(out.text) - 12) {
		out.text[used++] = '.';
		for (int64_t unit = units[i].size / 10; rest > 0; unit /= 10) {
			out.text[used++] = (char)('0' + rest / unit);
			rest %= unit;
		}
	}
	(void)snprintf(out.text + used, sizeof(out.text) - (size_t)used, "%s", units[i].name);
	return out;
}

/* Optimal string alignment distance: what a slip of the fingers costs. */
static size_t distance(const char *a, size_t m, const char *b, size_t n)
{
	uint8_t row[WORD_MAX + 1][WORD_MAX + 1] = { 0 };

	for (size_t i = 0; i <= m; i++)
		row[i][0] = (uint8_t)i;
	for (size_t j = 0; j <= n; j++)
		row[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= m; i++) {
		for (size_t j = 1; j <= n; j++) {
			size_t best = row[i - 1][j - 1] + (size_t)(a[i - 1] != b[j - 1]);

			best = size_min(best, (size_t)row[i - 1][j] + 1);
			best = size_min(best, (size_t)row[i][j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = size_min(best, (size_t)row[i - 2][j - 2] + 1);
			row[i][j] = (uint8_t)best;
		}
	}
	return row[m][n];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
	const char *nearest = NULL;
	size_t length = strlen(word), best = 3;

	if (length == 0 || length > WORD_MAX)
		return NULL;
	for (size_t i = 0; length > 1 && candidates[i]; i++)
		if (strncmp(candidates[i], word, length) == 0)
			return candidates[i]; /* only begun */
	for (; *candidates; candidates++) {
		size_t other = strlen(*candidates);
		size_t d =
			other <= WORD_MAX ? distance(word, length, *candidates, other) : best;

		if (d < best && d < (length > other ? length : other)) {
			best = d;
			nearest = *candidates;
		}
	}
	return nearest;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

char *text_words(char *line)
{
	while (is_blank(*line))
		line++;
	char *end = line;

	while (*end && !(*end == '#' && (end == line || is_blank(end[-1]))))
		end++;
	while (end > line && is_blank(end[-1]))
		end--;
	*end = '\0';
	return line;
}
