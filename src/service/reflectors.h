/* SPDX-License-Identifier: MIT */
/* reflectors -- the datagram sockets of a worker, and the room that they share.
 *
 * Those that have left the loop (hot) have a turn in every turn of the worker; those that the system
 * fails have one now and then.  Where the worker spins all of them are hot, always.
 */
#pragma once

#include "service/reflector.h"

struct datagrams;

struct reflectors {
	struct loop *loop;
	const struct judge *judge;
	bool bursts; /* datagrams of one flow may come as one (UDP GRO) */
	bool spins;
	struct reflector *first;
	struct datagrams *plain, *detailed; /* made when first needed */
};

void reflectors_done(struct reflectors *reflectors);

/* Takes fd, which is bound, for the service; its watch is of that kind.  many_addresses: it is bound to more
 * than one. */
MUST_CHECK int reflectors_add(struct reflectors *reflectors, int fd, struct service *service,
                              bool many_addresses, int kind);

/* Whether somebody needs a turn at once; and when somebody does who waits for better times. */
bool reflectors_any_hot(const struct reflectors *reflectors);
struct mono reflectors_next(const struct reflectors *reflectors, struct mono now);

/* A turn for those whom the loop does not tell of. */
void reflectors_turn(struct reflectors *reflectors, struct mono now);

/* Answers all that has come already, then closes. */
void reflectors_close(struct reflectors *reflectors, struct mono now);

/* Bytes that the room of one worker may take. */
size_t reflectors_size(void);
