/* SPDX-License-Identifier: MIT */
/* requests -- the simulated ways of asking under load: what becomes of a request between send() and heard(). */
#include <errno.h>

#include "sim/server.h"

enum { LATE_BY = 5 /* ms */ };

static struct answer *answer_new(struct channel *channel, struct mono arrival)
{
	struct server *server = server_of(channel);
	struct answer *answer = server->spare;

	assert_non_null(answer);
	server->spare = answer->next;
	*answer = (struct answer){
		.channel = channel,
		.generation = way_of(channel)->generation,
	};
	heap_put(&server->under_way, &answer->arrival, arrival.ns);
	return answer;
}

void answer_free(struct server *server, struct answer *answer)
{
	answer->next = server->spare;
	server->spare = answer;
}

static bool is_one_of(uint64_t number, uint64_t of)
{
	return of > 0 && number % of == 0;
}

static int open_datagrams(struct channel *channel, const struct address *to,
                          struct mono *called, struct err *err)
{
	struct server *server = server_of(channel);
	struct way *way = way_of(channel);

	(void)to;
	(void)err;
	*called = server->now;
	*way = (struct way){
		.generation = ++server->generations,
		.end = &way->first,
		.is_ready = way->is_ready, /* the server may still know it */
		.next_ready = way->next_ready,
		.last_arrival = server->now,
		.opened = server->now,
	};
	return 0;
}

static int open_stream(struct channel *channel, const struct address *to, struct mono *called,
                       struct err *err)
{
	struct server *server = server_of(channel);
	struct mono before = way_of(channel)->opened;
	int result = open_datagrams(channel, to, called, err);
	struct answer *answer =
		answer_new(channel, mono_add(server->now, server->settings.delay));

	if (mono_known(before))
		server->closest_open =
			span_min(server->closest_open, mono_since(server->now, before));
	server->connecting++;
	if (server->connecting > server->connecting_most)
		server->connecting_most = server->connecting;
	answer->event.kind = EVENT_READY;
	if (mono_since(server->now, server->start) < server->settings.dead_until) {
		answer->event.kind = EVENT_ENDED;
		answer->event.error = -ECONNREFUSED;
	}
	return result;
}

static void close_way(struct channel *channel)
{
	struct way *way = way_of(channel);

	while (way->first) {
		struct answer *answer = way->first;

		way->first = answer->next;
		answer_free(server_of(channel), answer);
	}
	way->generation = 0;
}

/* When the server is through with what arrives now, and its answer is here. */
static struct mono serve(struct server *server)
{
	const struct server_settings *settings = &server->settings;
	struct mono at = mono_add(server->now, settings->delay / 2);
	struct mono frozen = mono_add(server->start, settings->frozen_at);
	struct mono thawed = mono_add(frozen, settings->frozen_for);

	if (mono_before(at, server->busy_until))
		at = server->busy_until;
	if (!mono_before(at, frozen) && mono_before(at, thawed))
		at = thawed;
	server->busy_until = mono_add(at, settings->service);
	return mono_add(server->busy_until, settings->delay - settings->delay / 2);
}

static struct answer *reply(struct channel *channel, const struct address *to, uint64_t key,
                            struct mono arrival)
{
	struct answer *answer = answer_new(channel, arrival);

	answer->event = (struct event){
		.kind = EVENT_REPLY,
		.key = key & UINT32_MAX,
		.bytes = channel->options->size,
		.ttl = -1,
		.tos = -1,
		.nonce = channel_nonce(channel, key),
		.nonce_mask = UINT64_MAX,
		.from = *to,
		.target = *to,
	};
	return answer;
}

/* It leaves the server as another than it came there. */
static void spoil(struct server *server, struct answer *answer, uint64_t number)
{
	const struct mishaps *mishaps = &server->settings.mishaps;
	struct event *event = &answer->event;

	if (is_one_of(number, mishaps->spoilt)) {
		event->kind = EVENT_JUNK;
		event->error = -EBADMSG;
	} else if (is_one_of(number, mishaps->mistaken)) {
		event->key--; /* another's, and maybe that one's answer is still to come */
	} else if (is_one_of(number, mishaps->cut)) {
		event->bytes--;
	} else if (is_one_of(number, mishaps->refused)) {
		event->kind = EVENT_REFUSED;
		event->error = -ECONNREFUSED;
		server->truth.refused++;
		return;
	} else {
		server->truth.answered++;
		return;
	}
	server->truth.corrupt++;
}

static void answer_datagram(struct channel *channel, const struct address *to, uint64_t key)
{
	struct server *server = server_of(channel);
	const struct mishaps *mishaps = &server->settings.mishaps;
	struct mono arrival = serve(server);

	if (is_one_of(server->asked, mishaps->lost)) {
		server->truth.lost++;
		return;
	}
	if (is_one_of(server->asked, mishaps->late)) {
		arrival =
			mono_add(server->now, channel->options->timeout + LATE_BY * NS_PER_MS);
		server->truth.lost++;
		reply(channel, to, key, arrival)->late = true;
		return;
	}
	if (is_one_of(server->asked, mishaps->twice)) {
		server->truth.answered++;
		(void)reply(channel, to, key, arrival);
		reply(channel, to, key, mono_add(arrival, NS_PER_MS))->again = true;
		return;
	}
	spoil(server, reply(channel, to, key, arrival), server->asked);
}

static int send_datagram(struct channel *channel, const struct address *to, uint64_t key,
                         struct mono *called)
{
	struct server *server = server_of(channel);

	*called = server->now;
	server->asked++;
	server->sizes[(address_port(to) - 7) & 1][channel->options->size & 1]++;
	if (is_one_of(server->asked, server->settings.mishaps.unsent)) {
		server->truth.unsent++;
		return -EPERM;
	}
	server->truth.sent++;
	answer_datagram(channel, to, key);
	return 0;
}

static int send_request(struct channel *channel, const struct address *to, uint64_t key,
                        struct mono *called)
{
	struct server *server = server_of(channel);
	const struct mishaps *mishaps = &server->settings.mishaps;
	struct way *way = way_of(channel);
	struct mono arrival = serve(server);

	*called = server->now;
	server->asked++;
	server->truth.sent++;
	way->owed++;
	if (server->settings.swallows > 0 && way->served >= server->settings.swallows)
		return 0;
	way->served++;
	if (is_one_of(server->asked, mishaps->late))
		arrival =
			mono_add(server->now, channel->options->timeout + LATE_BY * NS_PER_MS);
	if (!mono_before(way->last_arrival, arrival))
		arrival = mono_add(way->last_arrival, 1);
	way->last_arrival = arrival;
	struct answer *answer = reply(channel, to, key, arrival);

	answer->event.nonce_mask = 0; /* order is all that a stream has */
	if (is_one_of(server->asked, mishaps->ended)) {
		answer->event.kind = EVENT_ENDED;
		answer->event.error = -ECONNRESET;
	} else if (is_one_of(server->asked, mishaps->lied)) {
		answer->event.kind = EVENT_ENDED;
		answer->event.error = -EBADMSG;
	}
	return 0;
}

/* What an event on a stream means for those that were sent before. */
static void witness(struct server *server, struct way *way, const struct event *event)
{
	if (event->kind == EVENT_READY || !way->connected)
		server->connecting--;
	if (event->kind == EVENT_READY) {
		way->connected = true;
		server->truth.connects++;
	} else if (event->kind == EVENT_REPLY) {
		way->owed--;
		server->truth.answered++;
	} else if (!way->connected) {
		server->truth.connect_failures++;
	} else {
		server->truth.corrupt += event->error == -EBADMSG;
		server->truth.reset += way->owed - (event->error == -EBADMSG);
	}
}

static int heard(struct channel *channel, struct event *events, int room)
{
	struct server *server = server_of(channel);
	struct way *way = way_of(channel);
	int count = 0;

	while (way->first && count < room) {
		struct answer *answer = way->first;

		way->first = answer->next;
		if (!way->first)
			way->end = &way->first;
		events[count] = answer->event;
		events[count].read = server->now;
		if (events[count].kind != EVENT_READY)
			events[count].key =
				inflight_unwrap(&channel->inflight, answer->event.key, 32);
		server->truth.late += answer->late;
		server->truth.duplicates += answer->again;
		if (channel->ops->scope == CHANNEL_PER_TARGET)
			witness(server, way, &events[count]);
		answer_free(server, answer);
		if (events[count++].kind == EVENT_ENDED)
			break;
	}
	return count;
}

const struct probe_ops server_datagrams = {
	.name = "datagrams",
	.port = 8888,
	.scope = CHANNEL_FOR_ALL,
	.key_bits = 32,
	.echoes = true,
	.key_in_payload = true,
	.state_size = sizeof(struct way),
	.open = open_datagrams,
	.send = send_datagram,
	.heard = heard,
	.close = close_way,
};

const struct probe_ops server_stream = {
	.name = "stream",
	.port = 8888,
	.scope = CHANNEL_PER_TARGET,
	.key_bits = 32,
	.echoes = true,
	.state_size = sizeof(struct way),
	.open = open_stream,
	.send = send_request,
	.heard = heard,
	.close = close_way,
};
