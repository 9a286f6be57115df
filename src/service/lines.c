/* SPDX-License-Identifier: MIT */
#include "service/lines.h"

#include <string.h>

/* Bytes of the line without its end, of which a CR is part. */
static size_t without_end(const char *text, size_t length)
{
	return length > 0 && text[length - 1] == '\r' ? length - 1 : length;
}

size_t lines_take(bool *skipping, const uint8_t *data, size_t length, bool ended,
                  struct line *out)
{
	const uint8_t *newline = length > 0 ? memchr(data, '\n', length) : NULL;
	size_t whole = newline ? (size_t)(newline - data) : length;
	size_t consumed = whole + (newline ? 1 : 0);
	struct line line = { .text = (const char *)data };

	*out = (struct line){ 0 };
	if (*skipping) {
		*skipping = !newline;
		return consumed;
	}
	line.length = without_end(line.text, whole);
	line.overlong = line.length > PONG_LINE_MAX;
	if (!newline && !line.overlong && !ended)
		return 0;
	if (line.overlong)
		line.length = PONG_LINE_MAX;
	*skipping = line.overlong && !newline;
	if (consumed > 0)
		*out = line;
	return consumed;
}
