/* SPDX-License-Identifier: MIT */
/* load_ping -- latency under load: what a gentle probe of the same host met before and during it.
 *
 *   probes    |  |  |  |  |  |  |  |  |  |  |  |
 *             '--- idle ---'     '-- loaded --'
 *                          from               until
 *
 * A sink of an ordinary ping session.  A probe belongs to the side on which it was sent, whenever
 * its answer comes.  A late answer is a loss: where queues are long, so must the time-out be.
 *
 * Where the far end reflects (STAMP), the variation of each direction is told, above its least delay:
 * which of the two queues was filled.  Neither needs synchronised clocks.
 */
#pragma once

#include <stdio.h>

#include "load/tally.h"
#include "probe/sink.h"

struct load_ping_side {
	uint64_t sent, lost;                /* lost: no answer in time, or refused */
	struct load_times rtt;              /* ns */
	struct load_times forward, reverse; /* ns above the least delay of that direction */
};

struct load_ping {
	const char *target;      /* as it was given; borrowed */
	struct mono from, until; /* the load ran; set by the caller as soon as it is known */
	struct load_ping_side idle, loaded;
};

/* All is idle until `from` is set.  -ENOMEM; load_ping_done() may follow all the same. */
MUST_CHECK int load_ping_init(struct load_ping *ping, const char *target);
void load_ping_done(struct load_ping *ping);

/* Its state is the struct load_ping. */
extern const struct sink_ops load_ping_sink;

/* 60 s / mean round trip, as in draft-ietf-ippm-responsiveness, over this probe alone; 0 of none. */
double load_ping_rpm(const struct load_ping_side *side);

/* Lost of sent; -1 of none. */
double load_ping_loss(const struct load_ping_side *side);

/* Both sides, side by side. */
void load_ping_print(FILE *out, const struct load_ping *ping);
