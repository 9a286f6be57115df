/* SPDX-License-Identifier: MIT */
/* fates -- what becomes of requests: each gets one fate, and is counted for it once. */
#pragma once

#include "load/state.h"

void fates_answered(struct driver *driver, struct lane *lane, struct flight *flight,
                    const struct event *event);

/* One of the others: *count counts it (of recent.counts).  fate: how a later answer will find it. */
void fates_settle(struct driver *driver, struct lane *lane, struct flight *flight,
                  enum fate fate, uint64_t *count);

/* An answer to a request that has its fate already. */
void fates_answered_again(struct driver *driver, struct flight *flight);

/* Requests whose time-out has passed are lost. */
void fates_expire(struct driver *driver, struct lane *lane);

/* The connection of a lane has ended, or could not be made: what was in flight on it is reset, but what was
 * being answered by a lie is corrupt. */
void fates_end(struct driver *driver, struct lane *lane, int error);
