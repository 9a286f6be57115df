/* SPDX-License-Identifier: MIT */
/* sink -- whoever wants the facts of a session: text, the relay, later JSON and the archive.
 *
 * The session calls; all members are optional.  What it passes is borrowed for the call.
 */
#pragma once

#include "core/sample.h"

struct target;

enum notice_kind {
	NOTICE_OUTSTANDING, /* this sequence has no answer yet, and the next probe has left */
	NOTICE_RECONNECTED, /* the channel was closed and is open again */
	NOTICE_JUNK,        /* something came that answers nothing */
};

struct notice {
	enum notice_kind kind;
	uint64_t sequence;
	struct wall wall; /* a label; the session fills it in */
	int error;        /* of JUNK: what is wrong with it */
};

struct sink_ops {
	void (*start)(void *state, const struct target *target);
	void (*sample)(void *state, const struct target *target, const struct sample *sample);
	void (*interval)(void *state, struct target *target); /* how it stands so far */
	void (*event)(void *state, const struct target *target, const struct notice *notice);
	void (*summary)(void *state, struct target *target); /* how it ended */
	void (*done)(void *state);
};

struct sink {
	const struct sink_ops *ops;
	void *state;
};
