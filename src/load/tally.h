/* SPDX-License-Identifier: MIT */
/* tally -- what came of the requests of a load, of one thread or, added up, of all.
 *
 *   intended ----------> sent ------------> answered
 *   |<------------- corrected ------------->|           open loop: from the intended instant
 *                        |<-- uncorrected ->|           from the call that sent it
 *
 * Who waits for an answer before asking again (a closed loop) asks a stalled server little, and so sees little of
 * the stall: coordinated omission.  In an open loop the instants are fixed in advance, and a request that could
 * not leave on time has been waiting since its own.  In a closed loop there is no intended instant: corrected is
 * empty.
 *
 * Every request that was due within the measured time has one fate: answered, lost, refused, reset, corrupt or
 * unsent.  Late and duplicate answers are counted apart.  Constant memory, whatever the number.
 */
#pragma once

#include "core/histogram.h"

struct load_counts {
	uint64_t sent, answered;
	uint64_t lost;    /* no answer within the time-out */
	uint64_t refused; /* an ICMP error, or its connection could not be made */
	uint64_t reset;   /* its connection ended before the answer */
	uint64_t corrupt; /* what came back was not what was sent */
	uint64_t unsent;  /* due, but never sent: no room in flight, or the system said no */
	uint64_t late, duplicates;
	uint64_t connects, connect_failures;
	uint64_t bytes_out, bytes_in; /* payload */
};

/* Durations in ns, with their exact extremes and mean. */
struct load_times {
	struct histogram histogram; /* HISTOGRAM_FINE */
	int64_t min, max;           /* 0 of none */
	double sum;
};

struct load_tally {
	struct load_counts counts;
	struct load_times corrected, uncorrected;
	struct load_times
		lag; /* open loop: from the intended instant to the call, where a place in flight was free */
};

/* -ENOMEM; load_tally_done() may follow all the same. */
MUST_CHECK int load_tally_init(struct load_tally *tally);
void load_tally_done(struct load_tally *tally);
void load_times_add(struct load_times *times, int64_t ns);
double load_times_mean(const struct load_times *times); /* ns; 0 of none */

/* Adds from to into. */
void load_tally_merge(struct load_tally *into, struct load_tally *from);

/* All of them back to nothing. */
void load_tally_clear(struct load_tally *tally);

/* Requests with a fate, and those of them that were not answered. */
uint64_t load_counts_settled(const struct load_counts *counts);
uint64_t load_counts_failed(const struct load_counts *counts);
