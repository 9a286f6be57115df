/* SPDX-License-Identifier: MIT */
/* network -- parcels on their way to a channel, and the inbox in which they wait to be read. */
#pragma once

#include "sim/world.h"

/* Something on its way to a channel. */
struct parcel {
	struct heap_node arrival;
	struct parcel *next;
	struct channel *channel;
	uint64_t generation;
	struct event event;
	uint64_t wire; /* the key, as far as the wire carries it */
	struct truth *truth;
	bool lie;
	bool stray; /* about a probe of a target that was removed */
};

/* What a simulated kind keeps for its channel. */
struct line {
	uint64_t generation; /* 0 = closed */
	struct parcel *inbox, **inbox_end;
	struct channel *next_ready;
	bool is_ready;
	struct mono last_arrival; /* a stream keeps its order */
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

/* Puts down what the truth is, now that the session gets this to read (sim/witness). */
void witness(struct world *world, struct parcel *parcel);
