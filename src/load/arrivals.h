/* SPDX-License-Identifier: MIT */
/* arrivals -- the instants at which an open loop means to ask, whatever becomes of what it asked before.
 *
 *   rate  B                        .-----
 *                             .-'
 *         A ---------------.-'
 *           start   level      ramp        -->
 *
 * The k-th request is due where the integral of the rate reaches k, so distances stay even while the rate
 * changes.  Each instant is computed from its number and the start, none from the one before: rounding
 * never adds up, and is below 2 ns in 100 days.  In a Poisson process the integral grows by exponentially
 * distributed steps instead.
 */
#pragma once

#include "core/clock.h"
#include "core/random.h"

struct arrivals_plan {
	bool poisson;
	struct mono start;
	double from, to; /* requests a second, >= 0 */
	int64_t level;   /* ns at the rate `from`, */
	int64_t ramp;    /* then ns on the way to `to`, where it stays; 0 = `from` for ever */
};

struct arrivals {
	struct arrivals_plan plan;
	struct random random;
	uint64_t whole;   /* the integral of the rate at the next instant, */
	double part;      /* and its fraction */
	struct mono next; /* when the next request is due; MONO_NEVER when none is any more */
};

void arrivals_init(struct arrivals *arrivals, const struct arrivals_plan *plan, uint64_t seed);

/* Goes on to the one after. */
void arrivals_advance(struct arrivals *arrivals);

/* Leaves out all that are due before this instant; returns how many. */
uint64_t arrivals_skip(struct arrivals *arrivals, struct mono until);
