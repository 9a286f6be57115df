/* SPDX-License-Identifier: MIT */
/* network -- parcels on their way to a channel, and the inbox in which they wait to be read. */
#pragma once

#include "sim/world.h"

enum { FAR_MAX = 32 };

/* Something on its way to a channel. */
struct parcel {
	struct heap_node arrival;
	struct parcel *next;
	struct channel *channel;
	uint64_t generation;
	struct event event;
	uint64_t wire; /* the key, as far as the wire carries it */
	struct truth *truth;
	struct mono stamp; /* LEFT: when it did */
	int64_t error;     /* ns by which the stamp is wrong */
	bool lie;
	bool stray;                    /* about a probe of a target that was removed */
	bool there;                    /* on its way to a mirror */
	struct mono reached, returned; /* when it got there, and left there */
	struct far far;
};

/* What waits to be read. */
struct queue {
	struct parcel *first, **end;
};

/* What a simulated kind keeps for its channel. */
struct line {
	uint64_t generation;            /* 0 = closed */
	struct queue departures, inbox; /* as a socket has an error queue of its own */
	struct channel *next_ready;
	bool is_ready;
	bool stands;              /* a connection that was made and has not ended */
	bool fresh;               /* no step of the wall clock since the reading before, */
	struct mono last_reading; /* then; */
	struct mono stepped;      /* the last one that saw a step */
	struct mono last_arrival; /* a stream keeps its order */
	struct far far[FAR_MAX];  /* of the replies that were given last */
	struct {
		uint32_t number;
		struct wall left;
	} before; /* of a mirror: the reply that left last */
};

static inline struct world *world_of(const struct channel *channel)
{
	return CONTAINER_OF(channel->loop, struct world, loop);
}

static inline struct line *line_of(const struct channel *channel)
{
	return channel->state;
}

/* A parcel that arrives after a delay; the event in it is to be filled in. */
struct parcel *parcel_new(struct world *world, struct channel *channel, int64_t delay);
void parcel_free(struct world *world, struct parcel *parcel);

/* How long a round trip takes; what the wire then says of the probe with this key; and what somebody
 * says who was not asked. */
int64_t network_delay(struct world *world);
struct parcel *network_reply(struct channel *channel, const struct address *to, uint64_t key,
                             struct truth *truth, int64_t delay);
void network_forge(struct channel *channel, const struct address *to, uint64_t key,
                   struct truth *truth);

/* A kind that asks a mirror: the truth of the probe with this key, its stamp of departure, its events. */
struct truth *network_depart(struct channel *channel, const struct address *to, uint64_t key);
void network_stamp_departure(struct channel *channel, const struct address *to, uint64_t key,
                             struct truth *truth, int64_t reply);
int network_open(struct channel *channel, const struct address *to, struct mono *called,
                 struct err *err);
int network_heard(struct channel *channel, struct event *events, int room);
void network_close(struct channel *channel);

/* A request has got to its mirror. */
void mirror_reflect(struct world *world, struct parcel *request);

/* What is under way to this channel will find it gone. */
void network_drop(struct world *world, const struct channel *channel);

struct parcel *queue_take(struct queue *queue);
void queue_empty(struct world *world, struct queue *queue);

/* Puts down what the truth is (sim/witness): now that the clocks are read, that the session gets this
 * to read, that it closes the channel, that it tells of this answer. */
void witness_reading(struct world *world, struct line *line);
void witness(struct world *world, struct parcel *parcel);
void witness_close(struct world *world, const struct channel *channel);
void witness_told(const struct world *world, struct truth *truth, enum taker tx);

/* What is in flight for this target is given up. */
void witness_abandoned(const struct world *world, uint32_t target, int error);
