/* SPDX-License-Identifier: MIT */
/* verdict -- what a person does not put up with (--fail-if), or wishes for (--find), held against
 * how it ended.
 *
 *   loss>1%   p99>5ms   jitter >= 200us   duplicates>0   reordered>0.5%   rate<10000
 *
 * METRIC OP VALUE, blanks between them allowed.  Metrics of both ping and load: loss (per cent of
 * those whose fate is known), p50 p90 p95 p99 p99.9 p99.99 avg max min (durations; a bare number is
 * seconds).  Of ping: jitter, reordered and duplicates (a count, or per cent of the answers).  Of
 * load: rate (answers a second), errors (a count, or per cent), lag (a duration).  A promise that
 * cannot be measured is not kept: without an answer every expression about durations is violated,
 * and says why; and no wish about them is fulfilled.
 */
#pragma once

#include "base/err.h"
#include "report/facts.h"

enum verdict_relation { ABOVE, AT_LEAST, BELOW, AT_MOST };

/* What expressions are about, so which metrics there are. */
enum verdict_about { VERDICT_PING = 1, VERDICT_LOAD = 2 };

struct verdict_metric;

struct verdict {
	const char *text; /* the expression as it was given; borrowed */
	const struct verdict_metric *metric;
	enum verdict_relation relation;
	bool ratio;    /* value is in millionths of a per cent */
	int64_t value; /* else ns, a count, or millionths a second */
};

/* Understands an expression.  -EINVAL with the reason, *out untouched. */
MUST_CHECK int verdict_parse(const char *text, enum verdict_about about, struct verdict *out,
                             struct err *err);

/* True when the facts violate it; then finding says whose they are, the expression and the value.
 * The facts are of what the expression is about. */
bool verdict_violated(const struct verdict *verdict, const struct facts *facts,
                      struct err *finding);

/* True when the relation is known to hold, as a wish; finding says the value either way. */
bool verdict_holds(const struct verdict *verdict, const struct facts *facts,
                   struct err *finding);

/* The share of requests that may fail while it still can hold as a wish about durations, for those that
 * failed have taken longer than any: of "p99<1ms" a hundredth, of "max<1ms" none.  Never more than
 * a twentieth; 1 where it is not about durations. */
double verdict_failed_most(const struct verdict *verdict);
