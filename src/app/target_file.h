/* SPDX-License-Identifier: MIT */
/* target_file -- who is to be asked, one a line.
 *
 *   # the data centre
 *   tcp://10.0.0.1:443   web 1        an endpoint, then a blank and what a person calls it
 *   10.0.0.2                          # a comment also at the end of a line, behind a blank
 *
 * Lines end in LF or CRLF, the last one perhaps in neither; blanks around them are ignored.
 */
#pragma once

#include "base/err.h"

enum { TARGET_LINE_MAX = 1024 }; /* bytes, without its end */

/* What a line says; both are NULL of one that says nothing, label also of one without. */
struct target_line {
	const char *word, *label;
};

/* Takes a line (its end included, which may be missing) apart, in place; there is room for a NUL
 * behind it.  -EINVAL with the reason
 * when it is none. */
MUST_CHECK int target_line_read(char *line, size_t length, struct target_line *out,
                                struct err *err);

/* Hears of each target; negative with the reason where it is none: then reading ends. */
typedef int target_file_take(void *state, const struct target_line *line, struct err *err);

/* Reads a file ("-": standard input) to its end.  -EINVAL, or what opening or reading it says, with a
 * sentence that names it and the line. */
MUST_CHECK int target_file_read(const char *path, target_file_take *take, void *state,
                                struct err *err);
