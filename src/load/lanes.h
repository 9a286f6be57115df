/* SPDX-License-Identifier: MIT */
/* lanes -- all lanes of a driver: which has a place, which wants to be opened, which is next to time out.
 *
 * Those with a place stand in a queue and take turns.  So many thousands can be opened that a listener would
 * not keep up: a few hundred connect at a time, the others wait for their turn.
 *
 * A lane is in the heap of timers for the first thing that can come to pass on it, or for one that came to
 * nothing: as answers come the instant of the next time-out changes all the time, and is looked at only when
 * the one that was known goes by.
 */
#pragma once

#include "load/lane.h"

enum { CONNECTING_MOST = 256 };

struct lanes {
	struct lane *all;
	size_t count;
	struct list ready;   /* with a place, whose turn is next in front */
	struct list waiting; /* to be opened */
	struct mono free;    /* since when there has been a place without a break */
	struct heap timers;
	size_t open, connecting;
	size_t flying; /* requests on their way, those whose connection is being made included */
};

/* Room for count lanes, which are then to be filled in.  -ENOMEM; lanes_done() may follow all the same. */
MUST_CHECK int lanes_init(struct lanes *lanes, size_t count);
void lanes_done(struct lanes *lanes);

/* The lane whose turn it is; NULL when none has a place. */
struct lane *lanes_first(const struct lanes *lanes);

/* It has had its turn. */
void lanes_turn(struct lanes *lanes, struct lane *lane, struct mono now);

/* It may have won a place, or lost one. */
void lanes_update(struct lanes *lanes, struct lane *lane, struct mono now);

/* As those of a lane, and counted. */
MUST_CHECK int lanes_open(struct lanes *lanes, struct lane *lane, struct mono now);
void lanes_opened(struct lanes *lanes, struct lane *lane);
void lanes_close(struct lanes *lanes, struct lane *lane);

/* It wants to be opened. */
void lanes_await_opening(struct lanes *lanes, struct lane *lane);

/* The next that wants to, and may; NULL. */
struct lane *lanes_next_to_open(const struct lanes *lanes);

/* Its time has come, or may be earlier than is known. */
void lanes_rearm(struct lanes *lanes, struct lane *lane, struct mono now);
