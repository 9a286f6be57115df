/* SPDX-License-Identifier: MIT */
/* reports -- what a socket's error queue holds about things that were sent earlier.
 *
 * Two sorts wait there, in the order in which they became known: what the network said (RFC 1122: an
 * ICMP error), and the stamps of departure that the socket was told to take (net/timestamp).  A queue
 * that is not read fills the receive buffer, and replies are dropped.
 */
#pragma once

#include "net/address.h"
#include "net/timestamp.h"

struct report {
	int error;   /* negative errno; 0: this is a stamp of what has */
	uint32_t id; /* this number, or this offset of its last byte: */
	bool queued; /* of when it was handed to its device's queue; else of when it left that */
	struct stamp stamp;
	struct address target;   /* to whom it was sent */
	struct address offender; /* who says so; family 0 = this host itself */
	uint8_t quoted[64];      /* the start of what was sent, as far as the error quotes it */
	size_t quoted_length;
};

enum { REPORTS_MAX = 32 };

/* Takes up to room (at most REPORTS_MAX) reports off the queue; returns how many. */
int reports_take(int fd, struct report *reports, int room);
