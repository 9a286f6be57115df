/* SPDX-License-Identifier: MIT */
/* oneway -- what four stamps of two clocks say about each direction (RFC 7679, 8762).
 *
 *   far wall   ------- T2 === T3 --------------->   far(t) = t + theta(t): may step, runs at its own rate
 *                     /         \
 *   our mono   -- T1 ------------- T4 ---------->   t: never steps
 *
 *   T2 - T1 = forward + theta        T4 - T3 = reverse - theta
 *
 * Neither difference is a delay: theta is unknown.  What is known for certain is that no packet
 * arrives before it was sent, so far(T1) <= T2 and T3 <= far(T4):
 *
 *   theta(T1) <= T2 - T1             theta(T4) >= -(T4 - T3)
 *
 * Every answered probe bounds theta from both sides, and the width of that is its round trip less
 * the residence.  From probe to probe the bounds are carried on by the least and most rate that
 * core/skew allows, so the lowest of each direction counts for long and no rate within the prior
 * takes the truth out of the bounds.  Each direction's delay follows within +- half the minimum round
 * trip, nearly; where both ends declare their clocks synchronised (S of the Error Estimate, RFC 4656
 * 4.1.2), theta is also our own wall - mono within the sum of both errors, and the two are
 * intersected.  If nothing is left of that, one of the declarations is wrong, and neither is used.
 *
 * A delay is told as low <= estimate <= high within 0 and the round trip, never as a bare negative
 * number.
 *
 * The variation of a direction needs no offset: the difference above the lowest edge of that
 * direction (PDV, RFC 5481 4.2), with the rate removed, and the difference between consecutive
 * probes (IPDV, RFC 3393).  The edge rises by ERA_LEAK, so that it follows a clock that wanders.
 *
 * Steps.  When the far clock is set (or our machine slept), one direction falls below its edge and
 * the other rises by as much, while the round trip stays what it was.  The first such probe makes a
 * suspicion: from then on bounds come from the probes since alone, and no variation is told.  The
 * probes that follow refute it (the other direction was not raised at all) or, once their number
 * leaves no room for coincidence, confirm it: a step is told, and all but the rate begins anew.  A
 * step larger than the minimum round trip is certain; a smaller one is recognised when it exceeds
 * ONEWAY_STEP_LEAST and a quarter of the mean queueing, and is as good as queueing otherwise: then the
 * bounds may be off by that much.
 *
 * The probes are told in order of arrival.  Constant memory, no allocation, no clock of its own.
 */
#pragma once

#include "core/era.h"

#define ONEWAY_STEP_LEAST (50 * NS_PER_US)

/* What one end says of its clock. */
struct oneway_claim {
	bool synchronised; /* S: to UTC, by an external source */
	int64_t error;     /* ns: its Error Estimate; > 0 */
};

/* One answered probe. */
struct oneway_probe {
	uint64_t sequence;          /* of the target: consecutive ones make an IPDV */
	struct mono left, arrived;  /* T1, T4 */
	struct wall received, sent; /* T2, T3; 0 = not given */
	struct oneway_claim own, far;
	int64_t own_offset; /* ns: our wall - our mono; 0 = not known */
};

struct oneway_delay {
	int64_t estimate, low,
		high; /* ns, 0 <= low <= estimate <= high; high is at most the rtt,
	                              * give or take its rounding and the rate over the residence */
	int64_t pdv;  /* ns above the lowest edge of this direction; -1 = not known */
	int64_t ipdv; /* ns, signed; where has_ipdv */
	bool has_ipdv;
};

enum oneway_verdict {
	ONEWAY_MEASURED,   /* all of the result is known */
	ONEWAY_SUSPICIOUS, /* a step may just have been made: bounds are wide, no variations */
	ONEWAY_STEPPED,    /* it has: step tells its size; else as ONEWAY_MEASURED */
	ONEWAY_IMPOSSIBLE, /* a stamp is missing or absurd, or T3 before T2, or the residence longer
	                    * than the round trip: nothing of the result is known */
};

struct oneway_result {
	enum oneway_verdict verdict;
	int64_t residence; /* ns: T3 - T2 */
	int64_t rtt;       /* ns: (T4 - T1) - (T3 - T2) */
	struct oneway_delay forward, reverse;
	int64_t step;           /* ns by which the far clock was put forward, against ours */
	struct mono step_since; /* when the first probe after it left */
};

/* What is known of the two clocks: a sentence for each is written by who speaks. */
enum oneway_knowledge {
	ONEWAY_NOTHING, /* no probe had four stamps that can be */
	ONEWAY_BY_ROUND_TRIP, /* the clocks are not both declared synchronised: each direction is known
	                        * within +- half the minimum round trip */
	ONEWAY_BY_DECLARATION, /* both are, and the stamps agree: within the sum of their errors */
	ONEWAY_CONTRADICTED, /* both are, and the stamps disprove it: by the round trip, then */
	ONEWAY_AFTER_STEP,   /* the clock was set lately: by the few round trips since */
	ONEWAY_UNSTEADY, /* the far clock's rate changes more than clocks do: bounds are wider */
};

struct oneway_clock {
	enum oneway_knowledge knowledge;
	int64_t offset;        /* ns: far wall - our wall, at the newest probe; the middle */
	int64_t bound;         /* ns: the truth is within offset +- bound */
	double skew_ppm;       /* the far clock gains so much on ours */
	double skew_bound_ppm; /* the truth is within +- that, at the most */
	uint64_t steps;
	int64_t last_step;                       /* ns; 0 = none */
	bool own_synchronised, far_synchronised; /* as declared by the newest probe */
	uint64_t impossible;                     /* probes whose stamps could not be */
};

struct oneway_last {
	uint64_t sequence;
	struct skew_point forward, reverse;
	bool known;
};

struct oneway {
	int64_t grain;
	struct skew skew;
	struct era era;
	struct era suspect; /* since a step is suspected; count 0 = none is */
	double evidence;
	struct oneway_last last;
	struct oneway_probe newest;
	bool contradicted;
	uint64_t probes, steps, impossible;
	int64_t last_step;
};

/* grain: ns by which a stamp of either end may be off for being rounded or converted, >= 0. */
void oneway_init(struct oneway *oneway, int64_t grain);

struct oneway_result oneway_add(struct oneway *oneway, const struct oneway_probe *probe);

/* Our machine slept: its monotonic clock stood still.  All but the rate begins anew, and no step is
 * told. */
void oneway_renew(struct oneway *oneway);

struct oneway_clock oneway_clock(const struct oneway *oneway);
