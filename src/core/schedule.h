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
#include "core/random.h"

struct schedule {
	struct mono next;
	int64_t interval;
};

/* The first probe is due at start, the others one interval (> 0) after another. */
void schedule_init(struct schedule *schedule, struct mono start, int64_t interval);

/* Returns the next due instant and moves on to the one after it. */
struct mono schedule_next(struct schedule *schedule);

/* The same, but what follows is at an exponentially distributed distance that averages the interval:
 * a Poisson process (RFC 2330 11.1.1), which no periodic network can hide from. */
struct mono schedule_next_poisson(struct schedule *schedule, struct random *random);
