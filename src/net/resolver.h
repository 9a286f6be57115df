/* SPDX-License-Identifier: MIT */
/* resolver -- names to addresses, off the path of whoever measures or answers.
 *
 * getaddrinfo() cannot be cancelled, loads modules and opens files, so it never runs in a thread
 * that has something else to do.  Answers come back in any order by a descriptor:
 *
 *   resolver_ask(id, "example.com") --> thread, or a child of the helper process
 *   resolver_take(&answer)          <-- watch.fd is readable
 *
 * ping asks by threads of its own, started only when there is a name; a server that lives long asks
 * by a helper process, forked before anything else, which gives each name a child of its own: one
 * that hangs is killed and delays no other.  Above the helper stands a keeper, which replaces it should
 * it be killed; should the keeper be, its helper takes that place.
 */
#pragma once

#include "base/err.h"
#include "net/address.h"
#include "net/loop.h"

enum { RESOLVED_MAX = 8 };

struct resolver_answer {
	uint32_t id;
	int error; /* 0, or what a negative errno says of it */
	uint32_t count;
	struct address addresses[RESOLVED_MAX]; /* ports 0, in the order to try them */
	char reason[64];                        /* why there is none, for a person */
};

struct resolver {
	struct watch watch; /* our end */
	int far;            /* their end; -1 when a helper process holds it */
};

/* Asks by threads. */
MUST_CHECK int resolver_init_threads(struct resolver *resolver);

/* Forks the helper process, which calls confine before its first question and ends when that fails
 * (NULL: nothing is called); must come before the first thread. */
MUST_CHECK int resolver_init_helper(struct resolver *resolver, int (*confine)(void));
void resolver_done(struct resolver *resolver);

/* family: AF_UNSPEC, AF_INET or AF_INET6.  -EAGAIN when too many are under way. */
MUST_CHECK int resolver_ask(struct resolver *resolver, uint32_t id, const char *host,
                            int family);

/* The next answer; -EAGAIN when there is none yet. */
MUST_CHECK int resolver_take(struct resolver *resolver, struct resolver_answer *answer);
