/* SPDX-License-Identifier: MIT */
/* limit -- by how much a run may be worse than the one before it (--fail-if of compare).
 *
 *   p99 +5%    p50+200us    avg +0.1ms    loss +1%
 *
 * METRIC +VALUE, blanks between them allowed: p50 p90 p99 p99.9 avg by per cent of A or by a duration (a bare
 * number is seconds), loss by percentage points.
 */
#pragma once

#include "base/err.h"
#include "core/shift.h"

/* The metrics: those of the shifts, in their order, and the losses. */
enum { LIMIT_LOSS = SHIFTS, LIMIT_METRICS };

struct limit {
	const char *text; /* borrowed */
	size_t metric;
	bool relative; /* value is a share of A; else ns, and of losses a share of probes */
	double value;
};

/* "p50", "p90", "p99", "p99.9", "avg", "loss". */
const char *limit_metric(size_t metric);

/* -EINVAL with the reason, *out untouched. */
MUST_CHECK int limit_parse(const char *text, struct limit *out, struct err *err);

/* True when B is worse than A by more than the limit, and that is no accident. */
bool limit_is_broken(const struct limit *limit, const struct shift *shift);
