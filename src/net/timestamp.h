/* SPDX-License-Identifier: MIT */
/* timestamp -- when the kernel, or the network card, saw a packet leave and another arrive.
 *
 *   application --> kernel --> [stamp] ~~~~ wire ~~~~ [stamp] --> kernel --> application
 *                                 |                      |
 *                   error queue, known by its id         control message of what was received
 *
 * SO_TIMESTAMPING (Documentation/networking/timestamping.rst).  Software stamps are of the wall clock
 * and are converted here (core/bridge); those of a network card are of its own clock, which can be
 * compared with nothing but itself.  A card is asked only where the socket is bound to an interface
 * that stamps all packets already: its settings are the administrator's.
 */
#pragma once

#include <time.h> /* linux/errqueue.h lacks it */

#include "core/bridge.h"
#include "core/sample.h"

struct cmsghdr;

/* As the kernel gives it; 0 = unknown. */
struct stamp {
	struct wall kernel;
	int64_t hardware; /* ns of the card's own clock */
};

struct timestamps {
	unsigned flags;    /* what the socket was told; 0 = nothing */
	enum taker tx, rx; /* who takes them: what was asked for, and granted */
	struct bridge bridge;
};

/* Of what a socket is to be stamped. */
enum timestamps_of {
	TIMESTAMPS_OF_NONE,
	TIMESTAMPS_OF_RECEIPT,   /* what arrives */
	TIMESTAMPS_OF_DATAGRAMS, /* and what leaves: the ids count datagrams */
	TIMESTAMPS_OF_STREAM, /* a connection that stands, with nothing unacknowledged: the ids
	                          * are the offsets of the last bytes */
};

/* device: the interface that the socket is bound to, NULL = any.  queueing: what leaves is stamped also
 * when it is handed to the queue of its device.  Where the kernel refuses, tx and rx say TAKEN_USER. */
void timestamps_enable(struct timestamps *timestamps, int fd, enum timestamps_of what,
                       bool queueing, const char *device);

/* For servers, whose stamps stay of the wall clock: what arrives is stamped, and of what leaves that
 * which asks for it (net/datagram: a ticket); the ids count those, from 0. */
void timestamps_enable_on_request(struct timestamps *timestamps, int fd);

/* The next datagram that leaves has id 0 again: after a send that failed nobody knows whether it
 * took an id. */
void timestamps_restart(const struct timestamps *timestamps, int fd);

/* Reads the stamp in a control message; false when it is of another kind. */
bool timestamp_read(const struct cmsghdr *message, struct stamp *out);

/* The clock of the kernel's stamps. */
struct wall timestamps_wall(void);

/* Reads the clocks, once what was stamped is in hand.  False: there are no stamps, or the wall clock
 * has stepped and they are of no use. */
bool timestamps_check(struct timestamps *timestamps, struct mono *after);
