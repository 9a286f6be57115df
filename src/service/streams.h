/* SPDX-License-Identifier: MIT */
/* streams -- the stream connections of one worker: who comes, who stays, who goes.
 *
 * A connection ends when its peer has gone, its service says so, or nothing has moved for the idle
 * time-out.  What moves is noted in ticks, coarse enough that a busy connection changes its place
 * in the order of activity a few times a second at most.
 */
#pragma once

#include "service/counters.h"
#include "service/limits.h"
#include "service/service.h"
#include "service/slots.h"

/* A service that this worker has opened. */
struct service {
	const struct service_ops *ops;
	void *state;
	struct service_counters counters;
};

struct streams {
	struct loop *loop;
	struct limits *limits;
	struct service *services;
	int watch_kind; /* of the watches of connections */

	struct slots slots;
	struct slot_list idle;      /* oldest activity first */
	struct slot_list lingering; /* first to linger first */

	uint8_t *in;  /* what is being read; not kept over a turn */
	uint8_t *out; /* what is being said; sent within the turn */
	size_t out_used;
	struct counter owed; /* memory of all backlogs, in bytes */

	uint32_t tick;    /* of this turn */
	struct mono now;  /* the same, exactly */
	struct wall wall; /* 0 = nobody has asked in this turn */
	struct mono due;  /* when streams_sweep() is needed next */

	bool draining;
	uint32_t drain_tick;
};

enum {
	STREAM_IN_ROOM = 64 << 10,
	STREAM_LAST_ROOM =
		4 << 10, /* the answers to one request more, when nothing more may be owed */
	STREAM_OUT_ROOM = OWED_BY_ONE + STREAM_LAST_ROOM,
};

/* services is borrowed, as is all else.  -ENOMEM. */
MUST_CHECK int streams_init(struct streams *streams, struct loop *loop, struct limits *limits,
                            struct service *services, int watch_kind);

/* Ends all connections. */
void streams_done(struct streams *streams);

/* A turn of the worker begins. */
void streams_begin_turn(struct streams *streams, struct mono now);

/* Takes a connection that was accepted, or closes it when there is no place. */
void streams_open(struct streams *streams, int fd, size_t service);

/* Something moved. */
void streams_touch(struct streams *streams, struct connection *connection);

/* Sends FIN, then drops what still comes until the peer's FIN: closing at once would send an RST
 * that destroys answers on their way. */
void streams_linger(struct streams *streams, struct connection *connection);

void streams_close(struct streams *streams, struct connection *connection, enum ending ending);

/* From now on connections end as soon as nothing is owed and their peers are silent. */
void streams_drain(struct streams *streams);

/* Ends the connections whose time is over; sets due. */
void streams_sweep(struct streams *streams);
