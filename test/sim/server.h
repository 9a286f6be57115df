/* SPDX-License-Identifier: MIT */
/* server -- an unmodified driver of a load on a virtual clock, against a simulated server.
 *
 *   driver  --send()-->  way to the server  ->  served one after the other  ->  back: heard()
 *
 * The server can be frozen for a while, and of so many requests one meets with a mishap: what became of each is
 * counted here, and nothing here asks the driver what it thinks.  Everything follows from the settings.
 */
#pragma once

#include "load/driver.h"
#include "unit.h"

/* Of so many requests one; 0 = none.  Where two would meet the first has its way. */
struct mishaps {
	uint64_t lost, late, twice, spoilt, mistaken, cut, refused, ended, lied, unsent;
};

struct server_settings {
	int64_t delay;                 /* ns of a round trip, */
	int64_t service;               /* and for which one request keeps the server busy */
	int64_t frozen_at, frozen_for; /* ns after the start; 0 = never */
	int64_t dead_until; /* ns after the start, before which it refuses connections */
	struct mishaps mishaps;
	size_t swallows; /* so many requests on each connection are taken, and nothing answered then */
	int64_t lag; /* each waking of the driver is late by this */
	size_t room; /* answers under way at once */
};

/* What became of the requests; corrupt, lost ... as load_counts has them. */
struct server {
	struct loop loop; /* never waited on: by it the kinds find the rest */
	struct server_settings settings;
	struct driver *driver;
	struct mono start, now, next, busy_until;
	struct heap under_way;
	struct answer *answers, *spare;
	struct channel *ready;
	uint64_t asked, generations;
	uint64_t sizes[2][2]; /* how often the port 7 or 8 was asked with 64 or 65 bytes */
	struct load_counts truth;
	size_t connecting, connecting_most; /* at once */
	struct mono last_open;              /* of connections, */
	int64_t closest_open;               /* and the least time between two of one channel */
};

/* On its way to a channel. */
struct answer {
	struct heap_node arrival;
	struct answer *next;
	struct channel *channel;
	uint64_t generation;
	struct event event;
	bool late, again; /* another than the first in time */
};

/* What a kind keeps for its channel. */
struct way {
	uint64_t generation; /* 0 = closed */
	struct answer *first, **end;
	struct channel *next_ready;
	bool is_ready, connected;
	struct mono last_arrival; /* a stream keeps its order */
	struct mono opened;
	uint64_t owed, served;
};

static inline struct server *server_of(const struct channel *channel)
{
	return CONTAINER_OF(channel->loop, struct server, loop);
}

static inline struct way *way_of(const struct channel *channel)
{
	return channel->state;
}

void answer_free(struct server *server, struct answer *answer);

extern const struct probe_ops server_datagrams, server_stream;

void server_init(struct server *server, const struct server_settings *settings);
void server_done(struct server *server);

/* A plan to load it; the targets and options are the caller's. */
struct load_plan server_plan(struct server *server);

/* Runs the plan until the instant, or until the driver has finished. */
void server_begin(struct server *server, const struct load_plan *plan);
void server_run(struct server *server, struct mono until);
const struct load_tally *server_finish(struct server *server);
