/* SPDX-License-Identifier: MIT */
/* session -- asking many targets on time and deciding what became of each probe.
 *
 * The session is told what time it is and never reads a clock; it waits for nothing and prints
 * nothing.  Whoever drives it -- a loop on real sockets (app/ping, relay), a simulation on a virtual
 * clock -- calls session_step() at the instant that it asked for, and session_heard() when a channel
 * has something to say.
 *
 *   schedule -> [due] -> send -> [in flight] -> LEFT + REPLY -> sample -> stats, sinks
 *                           `-> unsent             `-> time-out: lost
 */
#pragma once

#include "base/heap.h"
#include "core/random.h"
#include "probe/sink.h"
#include "probe/target.h"

enum { SESSION_SINKS = 4 };

struct session_options {
	int64_t count; /* probes per target; 0 = until stopped */
	struct probe_options probe;
	struct loop *loop; /* NULL in a simulation */
	bool seeded;       /* nonces from seed, so that a run can be repeated */
	uint64_t seed;
};

struct session_target {
	const struct probe_ops *ops;
	const char *name;                /* borrowed until the session ends */
	const struct address *addresses; /* with ports, the one to try first in front */
	unsigned count;
	struct mono start; /* when the first probe is due */
};

struct session {
	struct session_options options;
	struct random random;
	struct target **targets; /* NULL where one was removed */
	size_t target_count;
	struct channel **shared; /* channels FOR_ALL */
	size_t shared_count;
	size_t channel_count; /* of all scopes */
	struct heap due;      /* of target.next */
	struct heap expiry;   /* of channel.expiry */
	struct mono now;      /* as last told */
	int64_t wall_offset;  /* wall - mono, for labels; whoever drives keeps it fresh */
	struct sink sinks[SESSION_SINKS];
	size_t sink_count;
	size_t unfinished;
};

/* Copies options.  -ENOMEM. */
MUST_CHECK int session_new(struct session **out, const struct session_options *options);
void session_free(struct session *session);

void session_add_sink(struct session *session, const struct sink_ops *ops, void *state);

/* One more target; returns its index.  -EPERM when its kind may not be asked by this user, with
 * the reason, or what its channel says. */
MUST_CHECK int session_add(struct session *session, const struct session_target *target,
                           struct err *err);

/* Forgets a target and what it has in flight; its index may be used again. */
void session_remove(struct session *session, uint32_t index);

/* Does what is due by now; returns when there will be something to do again. */
struct mono session_step(struct session *session, struct mono now);

/* A channel's watch is ready: takes what it has to say. */
void session_heard(struct session *session, struct watch *watch, struct mono now);

/* No more probes; what is in flight stays awaited for ever. */
void session_stop(struct session *session);

/* True when no probe is to come and none is awaited. */
bool session_finished(const struct session *session);

/* Tells the sinks how each target stands (interval), or how it ended (summary, then done). */
void session_report(struct session *session);
void session_conclude(struct session *session);
