/* SPDX-License-Identifier: MIT */
/* lane -- one channel of a load: a socket of its own, whatever the kind's scope, and what is in flight on it.
 *
 *   closed --> opening --> ready [ depth places ] --> closed: opened again after a rest
 *
 * A lane that reconnects has a connection for each request: it is asked while it is closed, and closed as
 * soon as its request has its fate.
 */
#pragma once

#include "base/list.h"
#include "core/digest.h"
#include "load/driver.h"

struct lane_plan {
	const struct load_target *target;    /* borrowed, */
	const struct probe_options *options; /* likewise */
	size_t depth;
	bool reconnects;
	struct loop *loop;
	uint64_t identity; /* no other lane has it */
};

struct lane {
	struct channel channel;
	const struct load_target *target;
	size_t depth;
	bool stream, reconnects;
	size_t flying; /* requests in flight */
	size_t owed;   /* of a stream: answers to come, those to requests given up included */
	uint64_t answers; /* that were counted */
	uint64_t
		lost; /* the newest key of a request that was: those behind it were not, so far */
	bool blocked;       /* takes no more until something is heard of it */
	struct mono rest;   /* nothing is asked or opened before this */
	bool asking;        /* a connection is being made for a request */
	struct mono due;    /* of that request, */
	struct mono called; /* and when it began to connect */
	struct list
		queue; /* of those with a place, or those that want to be opened (load/lanes) */
	struct heap_node timer;
};

/* Most places in flight on one lane. */
enum { LANE_DEPTH_MAX = 1 << 20 };

/* -ENOMEM; lane_done() may follow all the same. */
MUST_CHECK int lane_init(struct lane *lane, const struct lane_plan *plan);
void lane_done(struct lane *lane);

/* Begins; a datagram lane is ready at once.  Negative errno: it is closed. */
MUST_CHECK int lane_open(struct lane *lane, struct mono now);
void lane_close(struct lane *lane);

/* Whether one more request may be asked on it now. */
bool lane_has_place(const struct lane *lane, struct mono now);

/* Sends a request that was due then; *called is when.  -ENOSPC, or of a stream -EAGAIN: not before something
 * is heard of it. */
MUST_CHECK int lane_send(struct lane *lane, const struct digest_key *nonces, struct mono due,
                         struct mono *called);

/* The request that was sent last. */
struct flight *lane_newest(const struct lane *lane);

/* The request that an event names, in flight or settled; NULL when it is forgotten or was never sent. */
struct flight *lane_named(const struct lane *lane, const struct event *event);

/* The one that an answer which names none rightly was meant for, by its nonce; NULL. */
struct flight *lane_meant(const struct lane *lane, const struct event *event);

/* Whether it comes from whom was asked; and is, besides, what this request has to be answered by. */
bool lane_is_asked(const struct lane *lane, const struct event *event);
bool lane_is_answer(const struct lane *lane, const struct flight *flight,
                    const struct event *event);

/* Whether a key that is in the ring no more was given out with this nonce. */
bool lane_remembers(const struct lane *lane, const struct digest_key *nonces,
                    const struct event *event);

/* When a request times out. */
static inline struct mono lane_expiry(const struct lane *lane, const struct flight *flight)
{
	return mono_add(flight->called, lane->channel.options->timeout);
}

/* Bytes of payload of a request. */
size_t lane_payload(const struct lane *lane);

struct load_room lane_room(const struct lane *lane);
