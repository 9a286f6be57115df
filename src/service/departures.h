/* SPDX-License-Identifier: MIT */
/* departures -- when answers that have a ticket really left, by the kernel's stamps of one socket.
 *
 *   send --> departures_note(ticket) ... error queue --> departures_take() --> ticket, instant
 *
 * Stamps carry ids that the kernel counts.  The server that handed the socket over, and still sends
 * by it for a while, counts along; so a stamp is believed only if it was awaited and is not
 * older than the answer itself, and otherwise both begin to count anew.  Where that happens again and
 * again nobody asks for stamps any more.
 */
#pragma once

#include "net/datagram.h"
#include "net/timestamp.h"

enum { DEPARTURES_AWAITED = 64 }; /* at most; older ones are given up */

struct departure {
	uint64_t ticket;
	struct wall when; /* it was sealed; once taken: it left */
};

struct departures {
	struct timestamps stamps;
	unsigned distrust;     /* how often they began anew because of foreign stamps */
	uint32_t asked, taken; /* ids are below asked; those below taken are settled */
	unsigned fruitless;    /* looks in a row that found nothing */
	struct departure awaited[DEPARTURES_AWAITED];
};

/* Has what arrives at the socket stamped, and what leaves where it has a ticket. */
void departures_open(struct departures *departures, int fd);

/* Whether a ticket may be given to an answer at all. */
bool departures_work(const struct departures *departures);

/* An answer with a ticket, sealed then, was sent; or was not, and may have used up an id. */
void departures_note(struct departures *departures, int fd, uint64_t ticket, struct wall sealed,
                     int result);

/* Whether it is worth while to look. */
bool departures_are_due(const struct departures *departures);

enum { DEPARTURES_MAX = 32 };

/* Takes what the error queue holds, DEPARTURES_MAX at most; returns how many departures are told. */
int departures_take(struct departures *departures, int fd, struct departure *out);
