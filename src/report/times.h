/* SPDX-License-Identifier: MIT */
/* times -- what the reports of a load take from its durations: the same quantiles everywhere. */
#pragma once

#include "load/tally.h"

struct times_quantile {
	double q;
	const char *name; /* "p99.9" */
	const char *key;  /* "p99_9_ns" */
};

enum { TIMES_QUANTILES = 5 };

/* p50, p90, p99, p99.9 and p99.99. */
extern const struct times_quantile times_quantiles[TIMES_QUANTILES];

/* How many of them so many durations support. */
size_t times_supported(const struct load_times *times);

/* The q-quantile (0 < q <= 1) in ns, never beyond the extremes; 0 of none. */
int64_t times_quantile(const struct load_times *times, double q);

/* The corrected durations where there are any, else the uncorrected; borrowed. */
const struct load_times *times_told(const struct load_tally *tally);
