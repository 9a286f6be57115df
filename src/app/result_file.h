/* SPDX-License-Identifier: MIT */
/* result_file -- a file of records, read line by line into a harvest.
 *
 * A run that was cut off leaves half a line at the end: that is told, and the rest is used.
 */
#pragma once

#include "report/harvest.h"

enum { RESULT_LINE_MAX = 4 << 20 }; /* bytes, its end included */

/* Reads a file ("-": standard input) to its end into a harvest that was zeroed; harvest_done() may follow in any
 * case.  Negative with a sentence that names the file and the line.  cut: where the last line is half a line, a
 * sentence about it, else empty. */
MUST_CHECK int result_file_read(const char *path, struct harvest *harvest, struct err *cut,
                                struct err *err);
