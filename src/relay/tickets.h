/* SPDX-License-Identifier: MIT */
/* tickets -- the requests that wait for their last line.
 *
 * A request gets a ticket when it is taken from its desk and keeps it until its last line is left
 * there: exactly one, whatever happens.  A desk never has more than DESK_TICKETS under way, so the
 * table can never be full.
 */
#pragma once

#include "base/list.h"
#include "relay/question.h"
#include "service/desk.h"

struct run; /* relay/runs.h */

/* Of one client at all desks together: else one alone could keep all the others from asking. */
enum { TICKETS_OF_CLIENT = 16 };

struct ticket {
	struct list link;  /* among the watchers of its run, the free ones, or nowhere */
	struct desk *desk; /* NULL = free */
	uint64_t id;       /* at that desk */
	struct address client;
	struct run *run; /* NULL = none yet */
	struct question question;
	char text[DESK_TARGET_MAX + 1]; /* the target as it was typed */
};

struct tickets {
	struct ticket *all;
	size_t count;
	struct list free;
};

/* Room for all that the desks can have under way.  -ENOMEM. */
MUST_CHECK int tickets_init(struct tickets *tickets, size_t desks);
void tickets_done(struct tickets *tickets);

struct ticket *ticket_take(struct tickets *tickets, struct desk *desk,
                           const struct desk_request *request);

/* The ticket of that name at that desk, NULL when it has had its last line. */
struct ticket *ticket_find(struct tickets *tickets, const struct desk *desk, uint64_t id);

/* True when the tickets are of one client: an address of IPv4, a /64 of IPv6, for who has one address
 * of that has them all. */
bool tickets_same_client(const struct address *a, const struct address *b);

size_t tickets_of_client(const struct tickets *tickets, const struct address *client);

/* A line for the client. */
void ticket_say(const struct ticket *ticket, const char *format, ...) PRINTF_LIKE(2, 3);

/* The last line for the client; the ticket is free then. */
void ticket_end(struct tickets *tickets, struct ticket *ticket, const char *format, ...)
	PRINTF_LIKE(3, 4);
