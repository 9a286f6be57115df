/* SPDX-License-Identifier: MIT */
/* target -- who is asked, and what has come of it so far. */
#pragma once

#include "core/direction.h"
#include "core/losses.h"
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

	/* What the round trips rest on: the kernel's stamps as far as they were asked for, the network
	 * card's, else user space.  distrusted: a stamp contradicted the monotonic clock. */
	uint64_t by_user, by_kernel, by_hardware, distrusted;
};

/* What came of the probes that were due within [from, to); told once all of them have their fate. */
struct interval {
	uint64_t number; /* from 1 */
	struct mono from, to;
	struct wall wall; /* of from: a label */
	struct tally tally;
	struct stats stats;
	struct direction_counts direction; /* of a reflector; where direction_told */
	bool direction_told;
	uint64_t awaited; /* the session's */
};

enum target_phase {
	TARGET_WAITING,   /* for its start */
	TARGET_OPENING,   /* trying its addresses: no probe is due before one stands */
	TARGET_RUNNING,   /* probes are due by the schedule */
	TARGET_HOLDING,   /* a probe is due, and waits for its channel */
	TARGET_FINISHING, /* all have left; some are awaited */
	TARGET_CLOSING, /* all have their fate; the direction of the last losses is asked for */
	TARGET_FINISHED,
};

struct intervals;
struct reflection;

/* Where probes went until the name changed. */
struct former {
	uint64_t last; /* sequence */
	struct address address;
};

/* Ten thousand of these are to be had for a few megabytes: rare things stand behind pointers. */
struct target {
	uint32_t index;
	uint8_t count, current; /* addresses; the one that is asked */
	uint8_t tx, rx;         /* enum taker: who is to take the stamps; a header says so */
	const char *name;       /* as a person should see it; owned by whoever added it */
	const char *label;      /* as a person called it; NULL = has none; owned likewise */
	const struct probe_ops *ops;
	struct address *addresses; /* with ports */

	struct tally tally;
	struct stats stats;
	struct losses losses;
	struct mono first; /* when the first probe was due, */
	struct mono last;  /* and when something last happened */

	/* The session's. */
	enum target_phase phase;
	int failure;           /* why the channel is not open */
	struct heap_node next; /* when there is something to do */
	struct schedule schedule;
	struct mono due, called;
	int64_t gap; /* ns from the instant at which the probe before was due */
	uint64_t sequence;
	uint64_t newest;   /* sequence of the latest probe that was answered */
	uint64_t last_key; /* of the probe before, */
	uint32_t last_in;  /* and its place in the pool */
	uint32_t awaited;
	uint32_t lost_in_a_row;
	uint8_t closings;               /* requests behind the last probe (probe/closing) */
	struct channel *channel;        /* PER_PROBE: the pool's first */
	struct channel **pool;          /* PER_PROBE: one for each probe in flight, then NULL */
	struct intervals *intervals;    /* NULL: none are told */
	struct reflection *reflection;  /* NULL: the far end says nothing of its own */
	struct former *former;          /* NULL: the name has not changed */
	struct address own_addresses[]; /* as given when it was added */
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
