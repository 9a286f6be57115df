/* SPDX-License-Identifier: MIT */
/* watchdog -- when the service manager may be told that we are well.
 *
 *   half of its patience:  all workers asked for a turn  -->  half of it later: all had one?  -->  fed
 *
 * A process whose main thread is well may have a worker that hangs.  So the watchdog is fed only when
 * every worker has turned its loop since it was fed last; each is asked to, for an idle one has no
 * reason of its own.
 */
#pragma once

#include "core/clock.h"

enum { WATCHDOG_WORKERS_MAX = 256 };

struct watchdog {
	int64_t half;    /* of the manager's patience; 0: there is no watchdog */
	struct mono due; /* when watchdog_feeds() is to be asked next */
	uint64_t seen
		[WATCHDOG_WORKERS_MAX]; /* turns that each worker had when it was fed last */
};

/* patience: the manager's; 0 = it has no watchdog, and nothing is ever due. */
void watchdog_init(struct watchdog *watchdog, int64_t patience, struct mono now);

/* turns: how many each of count workers has had by now.  True: feed it, and ask them all for another. */
bool watchdog_feeds(struct watchdog *watchdog, struct mono now, const uint64_t *turns,
                    size_t count);
