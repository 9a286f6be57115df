/* SPDX-License-Identifier: MIT */
/* load_progress -- how a load stands, in one line that is written over again and again.
 *
 * Only for a terminal: whether there is one, and when a second has passed, is the caller's to know.
 */
#pragma once

#include <stdio.h>

#include "load/tally.h"

struct load_progress {
	const struct load_tally *tally; /* since the progress before (driver_take_progress) */
	int64_t span;                   /* ns since then */
	int64_t elapsed;                /* ns since the load began */
};

/* Answers a second. */
double load_progress_rate(const struct load_progress *progress);

/* Writes it in the place of the line before: "12s: 9998/s, p50 0.034 p99 0.120 ms, errors 0", the
 * corrected durations where there are any; and takes it away. */
void load_progress_print(FILE *out, const struct load_progress *progress);
void load_progress_erase(FILE *out);
