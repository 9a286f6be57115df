/* SPDX-License-Identifier: MIT */
/* output -- where records for machines go: a file, a pipe, a terminal.
 *
 * Measuring never waits for whoever reads.  Records are kept, up to OUTPUT_KEPT bytes, and given
 * away as far as the descriptor takes them at once; what comes while that is full is not written
 * but counted, and the count is told as soon as there is room again.  A file is always ready, so
 * none of its records are missing.
 *
 *   output_init(fd)      sinks: output_begin, output_put ...    loop: output_drain
 *   output_finish()      once, after the end: waits for the reader
 *
 * The first failure (a full disk, a closed pipe) is kept; nothing is written after it.
 */
#pragma once

#include "base/base.h"

enum { OUTPUT_KEPT = 1 << 20, OUTPUT_RECORD_MAX = 1 << 16 };

struct output {
	int fd;
	bool patient; /* a file: it takes everything at once */
	char *kept;   /* what is not yet written */
	size_t first, length;
	uint64_t missing; /* records that found no room, since it was last told */
	int error;        /* negative errno of the first write that failed; 0 = none did */
};

/* The descriptor stays the caller's.  -ENOMEM; output_done() may follow all the same. */
MUST_CHECK int output_init(struct output *output, int fd);
void output_done(struct output *output);

/* True when there is room for one more record; else it counts as missing and shall not be made. */
bool output_begin(struct output *output);

/* Makes room for a record that must not be missing: waits for the reader where there is none. */
void output_await(struct output *output);

/* Adds to the record that was begun; waits only where that is longer than OUTPUT_RECORD_MAX. */
void output_put(struct output *output, const char *bytes, size_t length);

/* Writes what can be written without waiting; costs nothing when nothing is kept. */
void output_drain(struct output *output);

/* Writes all that is kept, however long its reader takes.  The first failure ever, or 0. */
MUST_CHECK int output_finish(struct output *output);
