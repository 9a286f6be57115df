/* SPDX-License-Identifier: MIT */
/* verdict -- what a person does not put up with (--fail-if), held against how a target ended.
 *
 *   loss>1%   p99>5ms   jitter >= 200us   duplicates>0   reordered>0.5%
 *
 * METRIC OP VALUE, blanks between them allowed.  Metrics: loss (per cent of the probes whose fate is
 * known), p50 p90 p95 p99 p99.9 p99.99 avg max min jitter (durations; a bare number is seconds),
 * reordered and duplicates (a count, or per cent of the answers).  A promise that cannot be measured
 * is not kept: without an answer every expression about durations is violated, and says why.
 */
#pragma once

#include "base/err.h"
#include "probe/target.h"

enum verdict_relation { ABOVE, AT_LEAST, BELOW, AT_MOST };

struct verdict_metric;

struct verdict {
	const char *text; /* the expression as it was given; borrowed */
	const struct verdict_metric *metric;
	enum verdict_relation relation;
	bool ratio;    /* value is in millionths of a per cent */
	int64_t value; /* else ns, or a count */
};

/* Understands an expression.  -EINVAL with the reason, *out untouched. */
MUST_CHECK int verdict_parse(const char *text, struct verdict *out, struct err *err);

/* True when the target violates it; then finding says which target, expression and value. */
bool verdict_violated(const struct verdict *verdict, struct target *target,
                      struct err *finding);
