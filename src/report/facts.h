/* SPDX-License-Identifier: MIT */
/* facts -- how it ended, as a table of figures that expressions can be about (report/verdict).
 *
 * A target of ping and a load fill in what they know of; whoever judges need not know which it was.
 */
#pragma once

#include "load/result.h"
#include "probe/target.h"

enum metric {
	METRIC_LOSS,
	METRIC_P50,
	METRIC_P90,
	METRIC_P95,
	METRIC_P99,
	METRIC_P99_9,
	METRIC_P99_99,
	METRIC_AVG,
	METRIC_MAX,
	METRIC_MIN,
	METRIC_JITTER,
	METRIC_REORDERED,
	METRIC_DUPLICATES,
	METRIC_RATE,
	METRIC_ERRORS,
	METRIC_LAG,
	METRICS,
};

struct fact {
	const char
		*untold; /* "cannot be told from no answers": it has no value; NULL = it has */
	double value;    /* ns; a second */
	uint64_t count, of; /* of counts, and what a share of it is a part of */
	bool is_by_few;     /* a quantile of so few answers that it is the nearest rank */
};

struct facts {
	const char *name; /* whose they are, for people; borrowed */
	uint64_t answers; /* that durations rest on */
	struct fact of[METRICS];
};

/* The quantile of a metric that is one; else 0. */
double metric_quantile(enum metric metric);

struct facts facts_of_target(struct target *target);

/* Errors are requests that failed and connections that could not be made; durations are the corrected ones
 * where there are any.  lag is its 99th percentile: what makes the
 * generator the bottleneck (load/result.h). */
struct facts facts_of_load(const struct load_result *result);

/* The same, but with quantiles of all requests: those that failed have taken longer than any that was answered,
 * and where they reach down to a quantile it is the longest. */
struct facts facts_of_requests(const struct load_result *result);
