/* SPDX-License-Identifier: MIT */
/* config -- options from a file, one a line, by the very table that reads the command line.
 *
 *   # who is served
 *   listen tcp-echo://[::]:7         a line is what follows "--" on a command line
 *   rate=500                         '=' or blanks before the value
 *   relay                            # a comment also at the end of a line, behind a blank
 */
#pragma once

#include <limits.h>

#include "base/option.h"

enum { CONFIG_FILE_MAX = 64 << 10 };

/* Stores what the file says into values, which then borrow *text; it is to be freed, also after a
 * failure: -EINVAL, or what opening or reading says, with a sentence that names file and line. */
MUST_CHECK int config_read(const char *path, const struct option_table *table, void *values,
                           char **text, struct err *err);

/* The same for what was read already; there is room for a NUL behind it. */
MUST_CHECK int config_parse(const char *path, char *text, size_t length,
                            const struct option_table *table, void *values, struct err *err);

struct config_directory {
	char path[PATH_MAX];
};

/* Where it stands: whoever may read it again must be able to read what is there, since a file that
 * is replaced is another. */
struct config_directory config_directory(const char *path);
