/* SPDX-License-Identifier: MIT */
/* era -- what all probes since one instant, with no step of the far clock between them, say together.
 *
 *   bounds   of theta, the far clock less ours: every probe has an upper one, T2 - T1 at T1, and a lower
 *            one, -(T4 - T3) at T4.  They are carried to any other instant by the least and the
 *            most rate, so a bound is true there if it was true where it was made.
 *   floors   the lower edge of either direction, by the likeliest rate: what variation is above.
 */
#pragma once

#include "core/skew.h"

/* What an edge rises by itself, as a rate: enough for a clock that wanders, and little beside queueing
 * that lasts for minutes (1.8 ms an hour). */
#define ERA_LEAK 0.5e-6

/* A probe as differences: T2 - T1 at T1, T4 - T3 at T4. */
struct era_pair {
	struct skew_point forward, reverse;
};

/* Bounds of theta at one instant, in ns. */
struct era_bounds {
	struct mono at;
	int64_t low, high;
	bool known;
};

/* The lowest edge of one direction, and how far above it probes are in the mean. */
struct era_floor {
	struct skew_point lowest;
	double excess; /* ns */
	uint64_t count;
};

struct era {
	struct era_bounds bounds;
	struct era_floor forward, reverse;
	struct mono since; /* when the first probe left */
};

/* The bounds at another instant, earlier or later. */
struct era_bounds era_bounds_at(struct era_bounds bounds, struct mono at,
                                const struct skew *skew);

/* What one probe says, at the instant of its arrival. */
struct era_bounds era_bounds_of(const struct era_pair *pair, const struct skew *skew);

/* No theta is within both. */
bool era_bounds_disjoint(struct era_bounds one, struct era_bounds other,
                         const struct skew *skew);

/* The intersection, at the later of their instants; of the unknown: the other. */
void era_bounds_tighten(struct era_bounds *bounds, struct era_bounds by,
                        const struct skew *skew);

/* The edge at an instant.  rate: of the far clock; its negative for reverse differences. */
int64_t era_floor_at(const struct era_floor *edge, struct mono at, double rate);

/* Lowers the edge to the point, if that is below. */
void era_floor_lower(struct era_floor *edge, struct skew_point point, double rate);

/* One more probe, into bounds and floors. */
void era_add(struct era *era, const struct era_pair *pair, const struct skew *skew);

/* The edges follow anew from all points that the skew remembers (at least one), by its present rate. */
void era_redraw(struct era *era, const struct skew *skew);
