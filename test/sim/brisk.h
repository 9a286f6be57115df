/* SPDX-License-Identifier: MIT */
/* brisk -- an unmodified session and a network that costs next to nothing.
 *
 * Where world knows the truth of each probe, this remembers only what is on its way: what is measured
 * here is the session's own time and memory, over as many probes as one likes.
 */
#pragma once

#include "core/random.h"
#include "probe/session.h"

struct brisk_reply {
	uint64_t key;
	struct mono called, due;
	const struct address *from; /* the target's own */
};

struct brisk {
	struct loop loop; /* never waited on: by it the kind finds the rest */
	struct session *session;
	struct channel *channel;
	struct random random;
	struct mono now, next;
	int64_t delay,
		spread; /* a round trip takes delay + [0, spread), none overtaking another */
	uint64_t lose;  /* of so many probes in a row the first two are lost; 0 = none */
	bool stamped;   /* the kernel's stamps come along */
	uint64_t sent;
	struct event answer;
	struct brisk_reply *ring; /* a power of two */
	size_t room, first, count;
};

extern const struct probe_ops brisk_ops;

/* Room for so many probes on their way; the session is the caller's to make, with brisk->loop and
 * brisk_ops, and to free. */
MUST_CHECK int brisk_init(struct brisk *brisk, size_t room);
void brisk_done(struct brisk *brisk);

/* One more target, with an address of its own, whose first probe is due after wait ns.  As
 * session_add(). */
MUST_CHECK int brisk_add(struct brisk *brisk, uint32_t i, int64_t wait);

/* Lets time pass until so many probes have been sent in all, or the session has finished. */
void brisk_run(struct brisk *brisk, uint64_t sent);
