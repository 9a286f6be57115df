/* SPDX-License-Identifier: MIT */
/* schedule -- when the next probe is due.
 *
 *   start    +interval   +2         +3         +4
 *     |---------|---------|----------|----------|-->   due
 *     .x        .x        .    x     .x         .x     sent
 *
 * A schedule fixes its instants in advance: it never reads a clock and never learns when a probe
 * really left, so neither a slow sender nor a slow network can stretch it.  Whoever sends late
 * still knows the due instant, and so how late; the probes after it keep theirs.  That is how the
 * tool stays clear of drift and of coordinated omission.
 */
#pragma once

#include "core/clock.h"

struct schedule {
	struct mono start;
	int64_t interval;
	int64_t next; /* how many instants have been handed out */
};

/* The first probe is due at start, the others one interval (> 0) after another. */
void schedule_init(struct schedule *schedule, struct mono start, int64_t interval);

/* Returns the next due instant and moves on to the one after it. */
struct mono schedule_next(struct schedule *schedule);
