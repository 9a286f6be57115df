/* SPDX-License-Identifier: MIT */
#include "service/streams.h"

#include <errno.h>
#include <stdlib.h>

#include "net/socket.h"
#include "service/conversation.h"

#define TICK (50 * NS_PER_MS)
#define LINGER (2 * NS_PER_SEC)
#define DRAIN_SILENCE (300 * NS_PER_MS)

enum { TICKS_MAX = INT32_MAX };

/* Ticks that are at least that span. */
static uint32_t ticks_of(int64_t span)
{
	return (uint32_t)span_min((span + TICK - 1) / TICK, TICKS_MAX);
}

int streams_init(struct streams *streams, struct loop *loop, struct limits *limits,
                 struct service *services, int watch_kind)
{
	*streams = (struct streams){
		.loop = loop,
		.limits = limits,
		.services = services,
		.watch_kind = watch_kind,
		.idle = slot_list_empty(),
		.lingering = slot_list_empty(),
		.due = MONO_NEVER,
	};
	streams->in = malloc(STREAM_IN_ROOM);
	streams->out = malloc(STREAM_OUT_ROOM);
	if (!streams->in || !streams->out)
		return -ENOMEM;
	return slots_init(&streams->slots, limits->room);
}

static void close_all(struct streams *streams, const struct slot_list *list)
{
	struct connection *connection;

	while ((connection = slots_at(&streams->slots, list->first)))
		streams_close(streams, connection, ENDING_DRAINED);
}

void streams_done(struct streams *streams)
{
	if (streams->slots.table) {
		close_all(streams, &streams->idle);
		close_all(streams, &streams->lingering);
	}
	slots_done(&streams->slots);
	free(streams->in);
	free(streams->out);
	streams->in = streams->out = NULL;
}

void streams_begin_turn(struct streams *streams, struct mono now)
{
	streams->now = now;
	streams->tick = (uint32_t)(now.ns / TICK);
	streams->wall = (struct wall){ 0 };
}

/* The list that the connection is in. */
static struct slot_list *list_of(struct streams *streams, const struct connection *connection)
{
	return connection->state & CONNECTION_LINGERING ? &streams->lingering : &streams->idle;
}

/* Full ticks since something moved. */
static uint32_t quiet_ticks(const struct streams *streams, const struct connection *connection)
{
	return streams->tick - connection->active;
}

static void sweep_at(struct streams *streams, const struct slot_list *list, uint32_t patience)
{
	const struct connection *oldest = slots_at(&streams->slots, list->first);

	if (!oldest)
		return;
	int64_t ticks = (int64_t)patience + 1 - quiet_ticks(streams, oldest);

	streams->due =
		mono_earlier(streams->due, mono_add(streams->now, span_max(ticks, 1) * TICK));
}

/* How long a peer that was told the end may take to end as well. */
static uint32_t linger_ticks(const struct streams *streams)
{
	return ticks_of(streams->draining ? DRAIN_SILENCE : LINGER);
}

static void plan_sweep(struct streams *streams)
{
	sweep_at(streams, &streams->idle, ticks_of(streams->limits->idle_timeout));
	sweep_at(streams, &streams->lingering, linger_ticks(streams));
	if (streams->draining)
		sweep_at(streams, &streams->idle, 0);
}

/* Whether a newcomer may stay: when all places are taken, one that has long been idle goes. */
static bool admit(struct streams *streams)
{
	struct limits *limits = streams->limits;
	struct connection *oldest = slots_at(&streams->slots, streams->idle.first);

	if (atomic_fetch_add(&limits->connections, 1) < limits->max_connections)
		return true;
	if (oldest && quiet_ticks(streams, oldest) > ticks_of(EVICTABLE_SECONDS * NS_PER_SEC)) {
		streams_close(streams, oldest, ENDING_EVICTED);
		return true;
	}
	atomic_fetch_sub(&limits->connections, 1);
	return false;
}

void streams_open(struct streams *streams, int fd, size_t service)
{
	struct connection *connection = admit(streams) ? slots_take(&streams->slots) : NULL;
	struct service_counters *counters = &streams->services[service].counters;

	if (!connection) {
		counter_add(&counters->turned_away, 1);
		socket_close(&fd);
		return;
	}
	counter_add(&counters->connections, 1);
	connection->watch = (struct watch){ .fd = fd, .kind = streams->watch_kind };
	connection->service = (uint8_t)service;
	connection->active = streams->tick;
	connection->interest = LOOP_READ;
	slots_append(&streams->slots, &streams->idle, connection);
	if (loop_watch(streams->loop, &connection->watch, LOOP_READ) < 0) {
		connection->state |= CONNECTION_BROKEN;
		streams_close(streams, connection, ENDING_BROKEN);
		return;
	}
	if (streams->idle.first == streams->idle.last)
		plan_sweep(streams);
}

void streams_touch(struct streams *streams, struct connection *connection)
{
	if (connection->active == streams->tick || connection->state & CONNECTION_LINGERING)
		return;
	connection->active = streams->tick;
	slots_remove(&streams->slots, &streams->idle, connection);
	slots_append(&streams->slots, &streams->idle, connection);
}

void streams_linger(struct streams *streams, struct connection *connection)
{
	socket_shutdown_write(connection->watch.fd);
	slots_remove(&streams->slots, &streams->idle, connection);
	slots_append(&streams->slots, &streams->lingering, connection);
	connection->state |= CONNECTION_LINGERING;
	connection->active = streams->tick;
	sweep_at(streams, &streams->lingering, linger_ticks(streams));
}

static void forget_busy(struct streams *streams, struct connection *connection)
{
	struct busy *busy = connection->busy;

	if (!busy)
		return;
	counter_take(&streams->owed, (uint64_t)busy->out.room + busy->kept.room);
	backlog_done(&busy->out);
	backlog_done(&busy->kept);
	free(busy);
	connection->busy = NULL;
}

void streams_close(struct streams *streams, struct connection *connection, enum ending ending)
{
	struct service *service = &streams->services[connection->service];
	struct conversation conversation = { streams, connection };

	counter_add(&service->counters.ended[ending], 1);
	if (connection->state & CONNECTION_PENDING && service->ops->cancelled)
		service->ops->cancelled(service->state, &conversation);
	slots_remove(&streams->slots, list_of(streams, connection), connection);
	forget_busy(streams, connection);
	/* We have lost something of it: an end in good order would say that this was all. */
	if (connection->state & CONNECTION_BROKEN)
		socket_reset_on_close(connection->watch.fd);
	socket_close(&connection->watch.fd); /* which ends the watching too */
	slots_give(&streams->slots, connection);
	atomic_fetch_sub(&streams->limits->connections, 1);
}

void streams_drain(struct streams *streams)
{
	streams->draining = true;
	streams->drain_tick = streams->tick;
	plan_sweep(streams);
}

/* Ends those of the list that were quiet for more than patience, a pending answer being no quiet. */
static void expire(struct streams *streams, const struct slot_list *list, uint32_t patience,
                   enum ending ending)
{
	struct connection *oldest;

	while ((oldest = slots_at(&streams->slots, list->first)) &&
	       quiet_ticks(streams, oldest) > patience) {
		if (oldest->state & CONNECTION_PENDING)
			streams_touch(streams, oldest);
		else
			streams_close(streams, oldest, ending);
	}
}

/* Ends those that are owed nothing and have been silent since the end began, or for long enough. */
static void end_silent(struct streams *streams)
{
	uint32_t patience = ticks_of(DRAIN_SILENCE), next;

	if (streams->tick - streams->drain_tick <= patience)
		return;
	for (uint32_t index = streams->idle.first; index != SLOT_NONE; index = next) {
		struct connection *connection = slots_at(&streams->slots, index);

		next = connection->next;
		if (quiet_ticks(streams, connection) <= patience)
			return;
		if (conversation_is_over(connection))
			streams_close(streams, connection, ENDING_DRAINED);
	}
}

void streams_sweep(struct streams *streams)
{
	expire(streams, &streams->idle, ticks_of(streams->limits->idle_timeout), ENDING_IDLE);
	expire(streams, &streams->lingering, linger_ticks(streams), ENDING_PEER);
	if (streams->draining)
		end_silent(streams);
	streams->due = MONO_NEVER;
	plan_sweep(streams);
}
