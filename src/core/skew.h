/* SPDX-License-Identifier: MIT */
/* skew -- how much faster the far clock runs than ours, from one-way differences alone.
 *
 *   T2 - T1   .  . :.  .      .              forward: its lower edge climbs with the far clock's rate
 *             ._____.___..____:___.          (what lies above the edge is queueing)
 *
 *   T4 - T3   ._  .  :  .     .  .           reverse: its lower edge falls by the same rate
 *               `-.___.__ .____
 *
 * Time is cut into buckets; each keeps its lowest point of either direction (Moon, Skelly, Towsley,
 * "Estimation and Removal of Clock Skew from Network Delay Measurements", INFOCOM 1999; Paxson, "On
 * Calibrating Measurements of Packet Transit Times", SIGMETRICS 1998, whose pairs of minima these
 * are).  There are never more than SKEW_BUCKETS: when they are used up neighbours are merged, until a
 * bucket is as wide as SKEW_WIDEST; from then on the oldest is forgotten.  A week takes what a minute
 * takes.
 *
 * Two answers come out of the buckets:
 *
 *   rate        the best guess: the median slope between any two lowest points of one direction, of
 *               both directions together (Theil and Sen).  A route that changes for good in one
 *               direction moves a quarter of the slopes at most, so it does not move their median.
 *   low, high   what the rate cannot leave.  No packet arrives before it was sent, so a forward point
 *               is never below the true offset and a reverse point, its sign turned, never above
 *               it.  The true offset passes below one and above the other, so its mean slope between
 *               them is bounded by theirs.  This assumes nothing of the queues and routes.
 *
 * What is assumed of the far clock: its rate is within SKEW_PRIOR of ours, and during the
 * SKEW_BUCKETS * SKEW_WIDEST that are remembered it stays within +- wander of one value.  When the
 * points contradict that, the older ones are forgotten, the wander allowed is made four times as large and
 * the memory as short.
 *
 * Rates are ratios: 1e-6 is 1 ppm, positive where the far clock gains on ours.  Differences of
 * clocks are int64_t ns, instants are ours.
 */
#pragma once

#include "core/clock.h"

enum { SKEW_BUCKETS = 32 };

#define SKEW_WIDEST (128 * NS_PER_SEC)
#define SKEW_PRIOR 500e-6 /* crystals stay within 100 ppm, NTP slews by at most 500 */
#define SKEW_WANDER 2e-6  /* at first: what a crystal does as a room warms */

/* A one-way difference and when it was anchored: T1 (forward) or T4 (reverse). */
struct skew_point {
	struct mono at;
	int64_t raw; /* ns: T2 - T1 or T4 - T3 */
};

struct skew_bucket {
	struct mono start;
	struct skew_point forward, reverse; /* the lowest of each */
};

struct skew {
	struct skew_bucket buckets[SKEW_BUCKETS]; /* oldest first */
	size_t count;
	int64_t width; /* ns of a bucket; 0 = one probe each */
	double rate, low, high;
	double wander;
	int64_t widest; /* ns that a bucket may become */
	int64_t grain;
	uint64_t contradictions; /* how often the wander had to be made larger */
};

/* grain: ns by which a stamp may be off for being rounded or converted, >= 0. */
void skew_init(struct skew *skew, int64_t grain);

/* One answered probe, in order of arrival.  True when rate, low and high may have changed. */
bool skew_add(struct skew *skew, struct skew_point forward, struct skew_point reverse);

/* The far clock was set: no slope reaches across.  The rate stays the best guess until there is a
 * better one; low and high are the prior's again. */
void skew_forget(struct skew *skew);

/* ns from the oldest bucket remembered to the newest. */
int64_t skew_span(const struct skew *skew);
