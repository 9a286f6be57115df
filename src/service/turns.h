/* SPDX-License-Identifier: MIT */
/* turns -- how many turns a worker's loop has had, how long they take, and whether it is in one.
 *
 *   wait ...| turn |wait ...| a longer turn |wait ...
 *           begin  end      begin           end
 *
 * Whatever happens during a turn waits for its end, so this is how long an event may wait.  One
 * writer, any readers, as with all counters.  Timing costs a look at the clock each turn, so it is done
 * only where somebody asked for metrics; turns are counted in any case.
 */
#pragma once

#include "core/clock.h"
#include "service/counters.h"

/* Bucket i holds turns of at most 1.024 us << i, and above those of the bucket before it; the last
 * one those of over a second. */
enum { TURNS_EDGES = 21, TURNS_BUCKETS = TURNS_EDGES + 1 };

struct turns {
	struct counter count; /* complete, whether they are timed or not */
	struct counter within[TURNS_BUCKETS];
	struct counter total; /* ns */
	_Atomic int64_t
		since; /* when the turn under way began, by the monotonic clock; 0 = none is */
};

/* The upper edge of a bucket but the last, in ns. */
int64_t turns_edge(size_t bucket);

/* The bucket of a turn that took so long. */
size_t turns_bucket(int64_t span);

/* By the one writer. */
void turns_begin(struct turns *turns, struct mono now);
void turns_end(struct turns *turns, struct mono now);

/* How long the turn under way has taken already; 0 when there is none. */
int64_t turns_age(const struct turns *turns, struct mono now);
