/* SPDX-License-Identifier: MIT */
/* peer -- one channel of a real kind, and the other end of it in the hands of the test. */
#pragma once

#include <stdlib.h>

#include "loopback.h"
#include "probe/probe.h"

enum { EVENTS_ROOM = 32, IN_FLIGHT = 64 };

struct peer {
	struct loop loop;
	struct probe_options options;
	struct channel channel;
	struct address address; /* where the channel asks */
	int fd;                 /* our end: of the connection, or a bound datagram socket */
	struct event events[EVENTS_ROOM];
};

static inline void peer_prepare(struct peer *peer, const struct probe_ops *ops, size_t size)
{
	*peer = (struct peer){
		.options = { .size = size,
		             .stamping = STAMPING_USER,
		             .socket = { .ttl = -1, .tos = -1, .pmtu = -1 } },
		.channel = { .ops = ops, .options = &peer->options, .loop = &peer->loop },
	};
	peer->channel.watch.fd = -1;
	peer->channel.state = calloc(1, ops->state_size + 1);
	assert_non_null(peer->channel.state);
	assert_int_equal(loop_init(&peer->loop), 0);
	assert_int_equal(inflight_reserve(&peer->channel.inflight, IN_FLIGHT), 0);
}

static inline void peer_open_channel(struct peer *peer)
{
	struct mono called;

	assert_int_equal(peer->channel.ops->open(&peer->channel, &peer->address, &called, NULL),
	                 0);
}

/* Waits for something to hear, and hears it; returns how many events. */
static inline int peer_hear(struct peer *peer)
{
	assert_true(wait_for(peer->channel.watch.fd, POLLIN | POLLERR));
	return peer->channel.ops->heard(&peer->channel, peer->events, EVENTS_ROOM);
}

/* A connection that stands, of one that is prepared. */
static inline void peer_stand(struct peer *peer)
{
	int listener = bound_socket(AF_INET, SOCK_STREAM, &peer->address);

	assert_int_equal(socket_listen(listener, 1), 0);
	peer_open_channel(peer);
	assert_true(wait_for(listener, POLLIN));
	peer->fd = socket_accept(listener, NULL);
	assert_true(peer->fd >= 0);
	socket_close(&listener);
	assert_true(wait_for(peer->channel.watch.fd, POLLOUT));
	assert_int_equal(peer->channel.ops->heard(&peer->channel, peer->events, EVENTS_ROOM),
	                 1);
	assert_int_equal(peer->events[0].kind, EVENT_READY);
}

static inline void peer_connect(struct peer *peer, const struct probe_ops *ops, size_t size)
{
	peer_prepare(peer, ops, size);
	peer_stand(peer);
}

/* A datagram socket on the other side, of one that is prepared. */
static inline void peer_face(struct peer *peer)
{
	peer->fd = bound_socket(AF_INET, SOCK_DGRAM, &peer->address);
	peer_open_channel(peer);
}

static inline void peer_bind(struct peer *peer, const struct probe_ops *ops, size_t size)
{
	peer_prepare(peer, ops, size);
	peer_face(peer);
}

static inline void peer_done(struct peer *peer)
{
	peer->channel.ops->close(&peer->channel);
	inflight_done(&peer->channel.inflight);
	free(peer->channel.state);
	socket_close(&peer->fd);
	loop_done(&peer->loop);
}

/* Sends one probe; returns its key. */
static inline uint64_t peer_ask(struct peer *peer)
{
	struct mono called = { 0 };
	uint64_t key = 0;
	struct flight *flight = inflight_open(&peer->channel.inflight, &key);

	assert_non_null(flight);
	inflight_find(&peer->channel.inflight, key)->nonce = key * UINT64_C(0x9e3779b97f4a7c15);
	assert_int_equal(peer->channel.ops->send(&peer->channel, &peer->address, key, &called),
	                 0);
	assert_true(mono_known(called));
	return key;
}

static inline void peer_say(struct peer *peer, const void *data, size_t length)
{
	assert_int_equal(socket_send(peer->fd, data, length), length);
}

/* What was asked, as it came; returns its length. */
static inline size_t peer_read(struct peer *peer, void *data, size_t room)
{
	assert_true(wait_for(peer->fd, POLLIN));
	int64_t got = socket_receive(peer->fd, data, room);

	assert_true(got >= 0);
	return (size_t)got;
}

/* The lie is junk for this reason, and the connection is at its end. */
static inline void assert_lied(struct peer *peer, int error)
{
	assert_int_equal(peer_hear(peer), 2);
	assert_int_equal(peer->events[0].kind, EVENT_JUNK);
	assert_int_equal(peer->events[0].error, error);
	assert_int_equal(peer->events[1].kind, EVENT_ENDED);
	assert_int_equal(peer->events[1].error, -EBADMSG);
}
