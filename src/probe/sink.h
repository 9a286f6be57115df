/* SPDX-License-Identifier: MIT */
/* sink -- whoever wants the facts of a session: text, the relay, later JSON and the archive.
 *
 * The session calls; all members are optional.  What it passes is borrowed for the call.
 */
#pragma once

#include "core/sample.h"

struct followed;
struct target;
struct interval;

enum notice_kind {
	NOTICE_OUTSTANDING, /* this sequence has no answer yet, and the next probe has left */
	NOTICE_RECONNECTED, /* the channel was closed and is open again */
	NOTICE_JUNK,        /* something came that answers nothing */
	NOTICE_ADDRESS, /* its name has other addresses now: it is asked at `to`, no more at `from` */
	NOTICE_UNRESOLVED, /* its name could not be resolved again: `reason`; the address stays */
	NOTICE_SUSPENDED, /* this machine slept for `span` */
	NOTICE_CLOCK_SET, /* the far clock was put forward by `span` (back: negative) */
	NOTICE_RESTARTED, /* the reflector began to count anew: it, or its session, was restarted */
	NOTICE_OUTAGE, /* `length` probes in a row were lost, from `sequence` on, for `span` */
};

struct notice {
	enum notice_kind kind;
	uint64_t sequence;
	struct wall wall; /* a label; the session fills it in */
	int error;        /* of JUNK: what is wrong with it */
	int64_t span;     /* ns */
	uint64_t length;
	const struct address *from, *to;
	const char *reason;
};

/* One who could not be asked at all: no address, no permission ... */
struct sink_failure {
	const char *name, *label; /* label may be NULL */
	const char *reason;
	struct wall wall;
};

struct sink_ops {
	void (*start)(void *state, const struct target *target);
	void (*sample)(void *state, const struct target *target, const struct sample *sample);
	/* When the answer to a probe really left the far end is known now (probe/reflection). */
	void (*followed)(void *state, const struct target *target,
	                 const struct followed *followed);
	void (*interval)(void *state, const struct target *target, struct interval *interval);
	void (*standing)(void *state, struct target *target); /* how it stands so far */
	void (*event)(void *state, const struct target *target, const struct notice *notice);
	void (*failed)(void *state, const struct sink_failure *failure);
	void (*summary)(void *state, struct target *target); /* how it ended */
	void (*done)(void *state);
};

struct sink {
	const struct sink_ops *ops;
	void *state;
};
