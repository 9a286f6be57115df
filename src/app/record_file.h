/* SPDX-License-Identifier: MIT */
/* record_file -- where records go: a file that a person names, or stdout. */
#pragma once

#include "base/err.h"
#include "report/output.h"

/* The path as -o takes it: NULL and "-" are stdout, for which NULL is returned. */
const char *record_path(const char *path);

/* Opens, and empties, what record_path() returned.  Negative errno with the reason;
 * record_file_close() may follow all the same. */
MUST_CHECK int record_file_open(struct output *output, const char *path, struct err *err);
void record_file_close(struct output *output);

/* Says on stderr that it could not be written; returns EXIT_TROUBLE. */
int record_file_broken(const struct output *output, const char *command, const char *path);
