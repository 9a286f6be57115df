/* SPDX-License-Identifier: MIT */
/* finder -- from those who are to be asked to the targets of a session: at the start, and again.
 *
 * An address is asked at once, a name when it has been found; LOOKUPS_AT_ONCE names are looked for
 * side by side, and those that cannot be found neither stop nor delay the others.  Of many targets
 * each begins at an instant of its own, spread over the first interval.
 *
 * Names change.  Once a second the finder looks how those that were found by name stand, and looks a
 * name up again that has had no answer to its latest FAILURES probes or more, but no sooner than
 * after LOOKUP_PAUSE or an interval, whichever is longer; by option also every so often.  In a run
 * without end a name that could not be found at the start is looked up again, too.
 */
#pragma once

#include "app/ping_options.h"
#include "app/ping_target.h"
#include "net/resolver.h"
#include "probe/session.h"

enum { LOOKUPS_AT_ONCE = 16, FAILURES = 3 };

#define LOOKUP_PAUSE (5 * NS_PER_SEC)

struct finder_name;

struct finder {
	/* Set by whoever owns it. */
	struct session *session;
	const struct ping_options *options;
	const struct ping_targets *targets;
	struct loop *loop;
	int watch_kind; /* the mark of its watch */
	bool spread;    /* the targets' starts, over the first interval */

	/* Its own. */
	struct mono start;
	size_t begun;   /* how many targets it has begun with, */
	size_t settled; /* and of how many it is known whether they can be asked */
	size_t failed;  /* targets that cannot be asked */
	size_t unfound; /* among them: names that will be looked up again */
	size_t looking; /* look-ups under way */
	bool denied;    /* this user may not send ICMP, which was said */
	struct resolver resolver;
	bool resolver_open;
	struct finder_name *names;
	size_t name_count, name_room;
	struct mono next;      /* when there is something to do again, */
	struct mono next_look; /* and when to look how the names stand */
	size_t look_from;      /* the name to begin with: those behind have their turn, too */
};

void finder_begin(struct finder *finder, struct mono now);
void finder_done(struct finder *finder);

/* Does what is to be done by now, but not for long: to be called when finder->next has come. */
void finder_step(struct finder *finder, struct mono now);

/* Its watch is ready. */
void finder_heard(struct finder *finder);

/* True when nobody is left who may yet become a target of the session. */
bool finder_finished(const struct finder *finder);
