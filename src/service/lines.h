/* SPDX-License-Identifier: MIT */
/* lines -- splitting what comes into lines, without keeping any of it.
 *
 * Lines end in LF or CRLF.  One that is longer than PONG_LINE_MAX is handed over once, cut and
 * marked, and then skipped to its end however long it is: the only state is one bool.
 */
#pragma once

#include "wire/pong.h"

struct line {
	const char *text; /* borrowed from the data; NULL = there is no line to answer */
	size_t length;    /* without its end */
	bool overlong;
};

/* Takes the next line off data and returns how many bytes that consumed: 0 when the line is not
 * complete, so that more must come.  ended: nothing follows, and what is left is a line.  What is
 * left incomplete is never longer than PONG_LINE_MAX + 1 bytes. */
size_t lines_take(bool *skipping, const uint8_t *data, size_t length, bool ended,
                  struct line *out);
