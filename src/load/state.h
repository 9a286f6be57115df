/* SPDX-License-Identifier: MIT */
/* state -- what a driver consists of: for the rooms that make it up. */
#pragma once

#include "load/arrivals.h"
#include "load/lanes.h"
#include "load/ledger.h"

enum {
	EVENTS = 64,
	TURN = 64,                           /* requests until what has come is read again */
	REOPENING_PAUSE = 100 * 1000 * 1000, /* ns from one connection of a lane to the next */
};

struct driver {
	struct load_plan plan; /* its targets and options are these copies */
	struct load_target *targets;
	struct probe_options *probe;
	struct lanes lanes;
	struct ledger ledger;
	struct arrivals arrivals;
	struct digest_key nonces;
	struct mono now; /* as last told, or known by a request since */
	struct mono end; /* of the measured time; MONO_NEVER */
	bool ended;
	struct event events[EVENTS]; /* as they are heard */
};

static inline struct load_counts *driver_counts(struct driver *driver)
{
	return &driver->ledger.recent.counts;
}
