/* SPDX-License-Identifier: MIT */
/* comparison -- two runs of a target held against each other, and what follows from it in one sentence.
 *
 * The speakers are comparison_text and comparison_json.
 */
#pragma once

#include "base/err.h"
#include "report/harvest.h"
#include "report/limit.h"

/* What shows of the round trips. */
enum comparison_verdict {
	COMPARISON_SAME,
	COMPARISON_SLOWER,
	COMPARISON_FASTER,
	COMPARISON_MIXED
};

struct comparison {
	const struct crop *a, *b;            /* borrowed */
	struct shift metrics[LIMIT_METRICS]; /* as limit_metric() names them */
	struct shift_side side_a, side_b;
};

/* The same seed gives the same result.  -ENOMEM. */
MUST_CHECK int comparison_make(struct comparison *comparison, const struct crop *a,
                               const struct crop *b, uint64_t seed);

enum comparison_verdict comparison_verdict(const struct comparison *comparison);

/* The metric whose shift up (down) is the least likely to be an accident, quantiles before the mean;
 * LIMIT_METRICS: all may be. */
size_t comparison_surest(const struct comparison *comparison, bool up);

/* One sentence, with its full stop. */
struct comparison_sentence {
	char text[768];
};

struct comparison_sentence comparison_sentence(const struct comparison *comparison);

/* True when the limit is broken, or nobody can tell; then finding says the limit and the values. */
bool comparison_breaks(const struct comparison *comparison, const struct limit *limit,
                       struct err *finding);

/* A value of a metric, with the digits that its shift gives sense to: "1.210 ms", "0.5%"; with a sign it is a
 * difference: "+0.200 ms", "+0.4 points". */
struct comparison_value {
	char text[64];
};

struct comparison_value comparison_value(const struct comparison *comparison, size_t metric,
                                         double value, bool difference);
