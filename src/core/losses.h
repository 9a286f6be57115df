/* SPDX-License-Identifier: MIT */
/* losses -- losses in a row: where the network was away, and for how long (RFC 3357).
 *
 *   1 2 3 # # # 7 8 # 10        # lost: a run of 3, a run of 1
 *
 * Probes are known by their ordinal among those that left (1, 2, 3 ...): one that was never sent
 * neither makes nor ends a run.  Losses are told in the order of their ordinals -- a time-out passes
 * for the older probe first -- but what is not lost may be told at any time, before or after.  A run
 * of OUTAGE_LENGTH probes or more is an outage; the newest LOSSES_KEPT are kept, all are counted.
 *
 * Each run has exactly the probes that were lost.  It is over when the probe after it is known not
 * to be lost; with more than LOSSES_WINDOW probes in flight that may have been forgotten, and then
 * it is over when the next loss is told, or all ends.
 */
#pragma once

#include "core/clock.h"

enum { OUTAGE_LENGTH = 2, LOSSES_KEPT = 1000, LOSSES_WINDOW = 64 };

struct loss_run {
	uint64_t first;    /* sequence of the first probe lost */
	uint64_t length;   /* probes */
	struct mono start; /* when the first was sent */
	int64_t span;      /* ns from then until the last was sent, and one interval more */
};

/* Made when the first probe is lost; without memory for it no run is known. */
struct loss_book;

struct losses {
	uint64_t newest_kept; /* the newest ordinal known not to be lost, */
	uint64_t kept;        /* and those before it: bit i for newest_kept - i */
	struct loss_book *book;
};

struct loss_counts {
	uint64_t runs, outages; /* ended ones */
	uint64_t longest;       /* probes, of any run, ended or not */
};

/* All zero is how it begins. */
void losses_done(struct losses *losses);

struct loss_counts losses_counts(const struct losses *losses);

/* The most memory it may come to hold besides itself when so many probes are sent at the most (0 = no
 * end in sight), in bytes. */
size_t losses_bytes(uint64_t probes);

/* The probe with this ordinal was lost / was not.  True when a run ended that was an outage: *ended
 * is then that run.  interval: ns, the pace of sending.  A loss that is not newer than the newest is
 * left out. */
bool losses_lost(struct losses *losses, uint64_t ordinal, uint64_t sequence, struct mono sent,
                 int64_t interval, struct loss_run *ended);
bool losses_kept(struct losses *losses, uint64_t ordinal, struct loss_run *ended);

/* No more probes: ends the run that lasts. */
bool losses_end(struct losses *losses, struct loss_run *ended);

/* Outage i of losses_count(), oldest first; borrowed until the next outage ends. */
size_t losses_count(const struct losses *losses);
const struct loss_run *losses_at(const struct losses *losses, size_t i);
