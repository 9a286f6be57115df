/* SPDX-License-Identifier: MIT */
/* lookups -- names on their way to addresses: few at a time, and none for long.
 *
 * Each look-up ends by the resolver's answer or after two seconds, whichever is first.  Its place
 * stays taken until then even when its client has gone: who asks and leaves, again and again, gets
 * no more of them than who waits.
 */
#pragma once

#include "net/resolver.h"
#include "relay/tickets.h"

enum {
	LOOKUPS_MAX = 16,      /* in all */
	LOOKUPS_OF_CLIENT = 2, /* see tickets_same_client() */
};

struct lookup {
	uint32_t id; /* 0 = a free place */
	struct mono deadline;
	struct address client;
	struct ticket *ticket; /* NULL when its client has gone */
};

struct lookups {
	struct resolver resolver;
	struct lookup places[LOOKUPS_MAX];
	uint32_t last_id;
};

/* Forks the resolver's helper process, confined or not: must come before the first thread. */
MUST_CHECK int lookups_init(struct lookups *lookups, bool confined);
void lookups_done(struct lookups *lookups);

/* Starts looking up the host of the ticket's question.  -EBUSY when there are enough
 * under way, -EPIPE when the helper process has ended. */
MUST_CHECK int lookups_start(struct lookups *lookups, struct ticket *ticket, struct mono now);

/* The client has gone. */
void lookups_forget(struct lookups *lookups, const struct ticket *ticket);

/* The next ticket whose look-up has ended, and how; NULL when there is none.  What the answer
 * says comes from outside: its reason is safe to show, its addresses are not judged yet. */
struct ticket *lookups_next(struct lookups *lookups, struct mono now,
                            struct resolver_answer *answer);

/* When the next of them is given up. */
struct mono lookups_deadline(const struct lookups *lookups);
