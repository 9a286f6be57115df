/* SPDX-License-Identifier: MIT */
/* ledger -- where the requests of a driver are counted, once the warm-up is over.
 *
 * What belongs to the warm-up is decided by the instant at which a request was due, in a closed loop by the
 * one at which it was sent: whatever comes of it later counts nowhere.
 */
#pragma once

#include "core/inflight.h"
#include "load/tally.h"

struct ledger {
	struct load_tally recent;          /* not yet added to the others */
	struct load_tally total, progress; /* of all the time; since it was last taken */
	bool open_loop;
	struct mono from; /* what belongs before it is not counted */
};

/* -ENOMEM; ledger_done() may follow all the same. */
MUST_CHECK int ledger_init(struct ledger *ledger);
void ledger_done(struct ledger *ledger);

static inline bool ledger_is_counted(const struct ledger *ledger, struct mono instant)
{
	return !mono_before(instant, ledger->from);
}

/* The instant by which a request is inside or outside the measured time. */
static inline struct mono ledger_instant(const struct ledger *ledger, struct mono due,
                                         struct mono called)
{
	return ledger->open_loop ? due : called;
}

/* One more of what *count counts (of recent.counts), if that instant is inside. */
static inline void ledger_count(const struct ledger *ledger, struct mono instant,
                                uint64_t *count)
{
	*count += ledger_is_counted(ledger, instant);
}

/* A request left, with so many bytes of payload. */
void ledger_sent(struct ledger *ledger, struct mono due, struct mono called, size_t bytes);
/* And late by so much, where a place in flight had been free since it was due. */
void ledger_lag(struct ledger *ledger, struct mono due, struct mono called);

/* It was answered. */
void ledger_answered(struct ledger *ledger, const struct flight *flight, struct mono read,
                     size_t bytes);

/* Brings total and progress up to date. */
void ledger_post(struct ledger *ledger);
