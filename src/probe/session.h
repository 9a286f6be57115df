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
#include "probe/join.h"
#include "probe/sink.h"
#include "probe/target.h"

enum { SESSION_SINKS = 6 };

/* When the next probe of a target is due. */
enum session_pace {
	PACE_PERIODIC, /* one interval after another, from a start instant */
	PACE_POISSON,  /* at gaps that average the interval (RFC 2330 11.1.1) */
	PACE_ANSWERS,  /* when the one before has its answer, at the latest after an interval */
};

struct session_options {
	int64_t count; /* probes per target; 0 = until stopped */
	struct probe_options probe;
	struct loop *loop; /* NULL in a simulation */
	bool seeded; /* nonces and Poisson gaps from seed, so that a run can be repeated */
	uint64_t seed;
	enum session_pace pace;
	int64_t least_gap; /* ns; of PACE_ANSWERS: two probes of one target never leave closer */
	int64_t report;    /* ns of an interval that is told by itself; 0 = none */
	enum stats_thrift thrift;
};

struct session_target {
	const struct probe_ops *ops;
	const char *name, *label; /* borrowed until the session ends; label may be NULL */
	const struct address *addresses; /* with ports, the one to try first in front */
	unsigned count;
	struct mono start; /* when the first probe is due */
};

struct session {
	struct session_options options;
	struct random random;
	struct target **targets; /* NULL where one was removed */
	size_t target_count, target_room;
	size_t first_free;       /* no place before it is free */
	struct channel **shared; /* channels FOR_ALL */
	size_t shared_count;
	size_t channel_count; /* of all scopes */
	uint64_t
		next_identity; /* of the next channel; identifiers come from it, so that few are alike */
	struct heap due;     /* of target.next */
	struct heap expiry;  /* of channel.expiry */
	struct mono now;     /* as last told */
	int64_t wall_offset; /* wall - mono, for labels; whoever drives keeps it fresh */
	struct mono resumed; /* when the machine last awoke */
	struct mono origin;  /* of the intervals that are told, */
	uint64_t ticks;      /* and how many of them are over */
	struct join join;
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

/* Does what is due by now, but sends so many at the most that what comes can be read meanwhile;
 * returns when there will be something to do again: an instant that has passed, if there is more. */
struct mono session_step(struct session *session, struct mono now);

/* A channel's watch is ready: takes what it has to say. */
void session_heard(struct session *session, struct watch *watch, struct mono now);

/* No more probes; what is in flight stays awaited for ever. */
void session_stop(struct session *session);

/* True when no probe is to come and none is awaited. */
bool session_finished(const struct session *session);

/* Its name has these addresses now.  Where the one that is asked is still among them nothing
 * changes; else the target is asked at the first of them from the next probe on, and the sinks hear
 * of it. */
void session_readdress(struct session *session, uint32_t index, const struct address *addresses,
                       unsigned count);

/* Its name was asked for again, in vain: the sinks hear why. */
void session_unresolved(struct session *session, uint32_t index, const char *reason);

/* The machine has slept for span ns until now: nobody can tell the round trips that this cut. */
void session_suspended(struct session *session, int64_t span, struct mono now);

/* Somebody could not even be added: the sinks hear of it. */
void session_failed(struct session *session, const struct sink_failure *failure);

/* The most memory that the session's targets and channels may come to take, in bytes. */
size_t session_memory(const struct session *session);

/* Tells the sinks how each target stands (standing), or how it ended (summary, then done). */
void session_report(struct session *session);
void session_conclude(struct session *session);
