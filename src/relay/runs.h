/* SPDX-License-Identifier: MIT */
/* runs -- four probes, a second apart, to one target, for all who want them just then.
 *
 *          join            done             join
 *    [resting] --> [asked] ----> [resting] ------> [asked] ...
 *        |    at rest             until rest, a second behind its last packet
 *        `--> forgotten when nobody waits
 *
 * A target (kind, address and port) is asked by one run at a time, so it gets at most one probe per
 * second, whoever asks and however often.  Who joins a run under way is told at once what came of
 * its first probes, then hears the rest: all get the same lines, in the order of the probes, and
 * the last line agrees with them.  A run that nobody watches any more ends at once.
 */
#pragma once

#include "probe/session.h"
#include "relay/tickets.h"

enum { RUN_PROBES = 4 };

struct line {
	char text[192];
	size_t length; /* 0 = nothing to tell */
};

struct run {
	struct list link; /* among the asked, the resting or the free */
	struct list watchers;
	const struct probe_ops *ops;
	struct address address; /* with port */
	uint32_t target;        /* its index in the session while it is asked */
	struct mono rest;       /* no probe leaves before this instant */
	struct line lines[RUN_PROBES];
	size_t told; /* how many of them, from the first */
};

struct runs {
	struct session *session;
	struct tickets *tickets;
	struct run *all, **of_target; /* by the session's index */
	struct list asked, resting, free;
};

/* Probes are sent and heard on loop.  -ENOMEM. */
MUST_CHECK int runs_init(struct runs *runs, struct loop *loop, struct tickets *tickets);
void runs_done(struct runs *runs);

/* The ticket watches the run of its target, whose address was judged; a new one if there is none.
 * Ends the ticket when there is no room for that. */
void runs_join(struct runs *runs, struct ticket *ticket, const struct address *address);

/* The ticket, which is about to end, watches no more. */
void runs_leave(struct runs *runs, struct ticket *ticket);

/* Does what is due by now; returns when there will be something to do again. */
struct mono runs_step(struct runs *runs, struct mono now);

/* A channel of the session is ready. */
void runs_heard(struct runs *runs, struct watch *watch, struct mono now);

/* Ends the runs that are complete: to be called when nothing of what loop_wait() told is left to
 * do, because their channels go with them. */
void runs_settle(struct runs *runs);
