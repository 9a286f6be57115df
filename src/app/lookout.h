/* SPDX-License-Identifier: MIT */
/* lookout -- notices in the workers' counters what an operator should know, and logs it.
 *
 * Workers never log: they count, and the main thread looks once a second.  A flood of clients makes
 * one line a second at most, and costs the workers nothing.
 */
#pragma once

#include "app/journal.h"
#include "service/services.h"

#define LOOKOUT_EVERY NS_PER_SEC

struct server;

struct lookout {
	struct mono due;                    /* when to look next; 0 = at once */
	uint64_t turned_away[SERVICES_MAX]; /* as it was at the last look */
	uint64_t pauses;
	bool out_of_descriptors, out_of_memory;
};

/* Looks when it is time to; the server's workers have been made. */
void lookout_look(struct lookout *lookout, const struct server *server, struct journal *journal,
                  struct mono now);
