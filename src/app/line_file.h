/* SPDX-License-Identifier: MIT */
/* line_file -- a file, or standard input, read line by line. */
#pragma once

#include "base/err.h"

struct line {
	char *text; /* its end included, which the last one may lack; room for a NUL behind it; */
	size_t length; /* in bytes, no more than the room: what fills it without an end is cut */
	size_t number; /* in its file, from 1 */
};

/* Hears of each line, which it may write to and keeps none of; negative with the reason where it is none: then
 * reading ends. */
typedef int line_file_take(void *state, const struct line *line, struct err *err);

/* Reads a file ("-": standard input) to its end, lines of at most room bytes (what is longer comes in pieces).
 * -ENOMEM, or what opening, reading or take says, with a sentence that names the file, and the line where it is
 * a line's. */
MUST_CHECK int line_file_read(const char *path, size_t room, line_file_take *take, void *state,
                              struct err *err);
