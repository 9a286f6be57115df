/* SPDX-License-Identifier: MIT */
/* target -- who is asked, and what has come of it so far. */
#pragma once

#include "core/schedule.h"
#include "core/stats.h"
#include "net/resolver.h"
#include "probe/probe.h"

/* Every probe that left is exactly one of received, lost, refused -- or still awaited. */
struct tally {
	uint64_t transmitted, received, lost, refused;
	uint64_t unsent; /* never left */
	uint64_t late, duplicates, junk;
	uint64_t reordered;       /* answered after a probe that was sent later (RFC 4737) */
	uint64_t retransmissions; /* by TCP */
	uint64_t unmeasured;      /* received, but their round trip is not known */
	uint64_t syn_lost;        /* lost, because their SYN had to be sent again */
	int64_t worst_lag;        /* ns */
};

enum target_phase {
	TARGET_WAITING,   /* for its start */
	TARGET_OPENING,   /* trying its addresses: no probe is due before one stands */
	TARGET_RUNNING,   /* probes are due by the schedule */
	TARGET_HOLDING,   /* a probe is due, and waits for its channel */
	TARGET_FINISHING, /* all have left; some are awaited */
	TARGET_FINISHED,
};

struct target {
	uint32_t index;
	const char *name; /* as a person should see it; owned by whoever added it */
	const struct probe_ops *ops;
	struct address addresses[RESOLVED_MAX]; /* with ports */
	unsigned count, current;

	struct tally tally;
	struct stats stats;
	struct mono first,
		last; /* when the first probe was due, when something last happened */

	/* The session's. */
	enum target_phase phase;
	struct schedule schedule;
	struct heap_node next; /* when there is something to do */
	struct mono start, due, called;
	uint64_t sequence, awaited;
	uint64_t newest;              /* sequence of the latest probe that was answered */
	struct channel *last_channel; /* of the probe before, */
	uint64_t last_key;            /* and its key there */
	int failure;                  /* why the channel is not open */
	struct channel **channels;
	size_t channel_count;
};

static inline const struct address *target_address(const struct target *target)
{
	return &target->addresses[target->current];
}

/* Lost among those whose fate is known; -1 when there is none such (RFC 7680). */
static inline double tally_loss(const struct tally *tally)
{
	uint64_t settled = tally->received + tally->lost + tally->refused;

	return settled ? (double)(settled - tally->received) / (double)settled : -1;
}
