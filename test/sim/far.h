/* SPDX-License-Identifier: MIT */
/* far -- a far end with a clock of its own, behind a network that queues; the truth is known.
 *
 * Probes leave on a schedule; each gets delays for either way, may be lost, and is answered with
 * stamps of a clock that runs at another rate and is set now and then.  The same seed makes the same
 * probes.  Nothing here knows anything of how the product estimates.
 */
#pragma once

#include "core/oneway.h"
#include "core/random.h"

struct far_way {
	int64_t least;   /* ns */
	double queueing; /* ns, the mean of an exponential distribution */
	double standing; /* ns more while a burst lasts */
	int64_t reroute; /* ns more after half of the run */
};

struct far_options {
	uint64_t seed;
	uint64_t probes;
	int64_t interval;
	struct far_way forward, reverse;
	double loss;       /* share of the probes */
	double bursts;     /* share of the time */
	int64_t burst;     /* ns that one lasts */
	int64_t residence; /* ns, at most */
	int64_t offset;    /* ns, far - ours, when the run begins */
	double skew;       /* ratio */
	double wander;     /* amplitude of the rate, with a period of an hour */
	int64_t step;      /* ns: at every step_every-th probe, signs taking turns */
	uint64_t step_every;
};

struct far_truth {
	int64_t forward, reverse; /* ns */
	bool lost;
	uint64_t steps; /* made until it left */
};

struct far {
	struct far_options options;
	struct random random;
	uint64_t next;
	int64_t stepped; /* ns so far */
	uint64_t steps;
	struct mono burst_until[2], quiet_until[2];
	double burst_size[2];
};

void far_init(struct far *far, const struct far_options *options);

/* The next probe; false when there are no more. */
bool far_next(struct far *far, struct oneway_probe *probe, struct far_truth *truth);

/* far - ours at an instant, since the last step. */
int64_t far_offset(const struct far *far, struct mono at);

double far_uniform(struct random *random);
