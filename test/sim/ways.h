/* SPDX-License-Identifier: MIT */
/* ways -- a stateful reflector behind a network that loses, duplicates and reorders on either way.
 *
 * Makes the replies that arrive and, apart from them, the truth of each probe.  The same seed makes the
 * same replies.
 */
#pragma once

#include "core/clock.h"
#include "core/random.h"

struct ways_options {
	uint64_t seed;
	uint64_t probes;  /* closing ones too */
	uint64_t closing; /* of them: they leave when all else is over */
	int64_t interval; /* ns */
	double forward_loss, reverse_loss;
	double forward_twice, reverse_twice;
	int64_t spread; /* ns by which a delay varies: what is larger than interval reorders */
	uint64_t
		restart; /* the reflector begins anew before it answers this probe; 0 = never */
	bool copies;     /* it counts nothing */
	uint32_t first;  /* its first number */
};

struct ways_reply {
	int64_t at;
	uint32_t probe, reflector;
};

enum ways_truth { WAYS_LOST_FORWARD, WAYS_LOST_REVERSE, WAYS_RECEIVED };

struct ways {
	struct ways_options options;
	struct ways_reply *replies; /* in order of arrival */
	size_t count;
	uint8_t *truth;  /* enum ways_truth of each probe */
	uint64_t masked; /* replies to duplicates that were lost */
	int64_t slowest; /* ns from a probe to its reply, at most */
};

void ways_init(struct ways *ways, const struct ways_options *options);
void ways_done(struct ways *ways);

/* When a probe leaves. */
int64_t ways_leaves(const struct ways *ways, uint64_t probe);
