/* SPDX-License-Identifier: MIT */
/* counters -- what a worker has seen and done, for whoever asks from another thread.
 *
 * Each counter has one writer, its worker, and any number of readers: plain loads and stores that are
 * merely never torn, so that counting costs an addition and reading disturbs nobody.  They only ever
 * grow; what several workers have counted is added up by the reader.
 */
#pragma once

#include <stdatomic.h>

#include "base/base.h"

struct counter {
	_Atomic uint64_t value;
};

/* Why a datagram got no answer. */
enum drop {
	DROP_TRUNCATED,   /* longer than any datagram */
	DROP_TO_MANY,     /* sent to a broadcast or multicast address */
	DROP_SOURCE_PORT, /* from a port whose service would answer the answer */
	DROP_TTL,         /* has been on its way for too long: a loop */
	DROP_IDENTICAL,   /* one too many in a row that are the same: a loop */
	DROP_RATE,        /* its network sends too much */
	DROP_REFUSED,     /* the service says that silence is right */
	DROP_SHORT,       /* shorter than what it would have to be answered with */
	DROP_REFLECTED,   /* an answer to an answer would follow */
	DROP_UNAUTHENTIC, /* not of somebody whose key we have */
	DROP_UNSENT,      /* the system would not send the answer */
	DROPS,
	DROP_NONE = DROPS, /* it had its answer */
};

/* Why a connection ended. */
enum ending {
	ENDING_PEER,    /* its peer said so, or we after its peer had asked */
	ENDING_BROKEN,  /* reset, or out of memory */
	ENDING_IDLE,    /* silent for too long */
	ENDING_EVICTED, /* gave its place to a newcomer */
	ENDING_DRAINED, /* the server ends */
	ENDINGS,
};

/* Of one service at one worker. */
struct service_counters {
	struct counter datagrams; /* received */
	struct counter dropped[DROPS];
	struct counter connections; /* taken in */
	struct counter turned_away; /* for want of a place or a descriptor */
	struct counter ended[ENDINGS];
	struct counter received_bytes, sent_bytes; /* of payload */
	struct counter unplaced; /* answered without a session, for want of a place */
};

/* For logs and labels: lower case, words joined by "_". */
const char *drop_name(enum drop drop);
const char *ending_name(enum ending ending);

/* By the one writer alone. */
static inline void counter_add(struct counter *counter, uint64_t more)
{
	uint64_t before = atomic_load_explicit(&counter->value, memory_order_relaxed);

	atomic_store_explicit(&counter->value, before + more, memory_order_relaxed);
}

/* What goes down, too, is no count but is kept the same way. */
static inline void counter_take(struct counter *counter, uint64_t less)
{
	counter_add(counter, -less);
}

static inline uint64_t counter_read(const struct counter *counter)
{
	return atomic_load_explicit(&counter->value, memory_order_relaxed);
}
