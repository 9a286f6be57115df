/* SPDX-License-Identifier: MIT */
/* udp-echo -- datagrams echoed (RFC 862), over one socket for all targets of a family. */
#include "probe/udp_echo.h"

#include <errno.h>
#include <stdlib.h>

#include "net/datagram.h"
#include "probe/stamps.h"
#include "wire/payload.h"

enum {
	RECEIVE_ROOM = 4 << 20,
	OPEN_TRIES = 8,
};

struct udp_echo {
	struct datagrams *batch;
	uint8_t *request; /* size bytes */
	uint16_t own_port;
};

static int prepare(struct channel *channel, struct udp_echo *echo, int family)
{
	struct address local;
	int fd = channel->watch.fd;
	int result = socket_configure(fd, family, &channel->options->socket);
	/* Bound before the first probe, so that the port is known. */
	struct address any = address_any(family);

	if (result == 0 && socket_local(fd, &local) == 0 && address_port(&local) == 0)
		result = socket_bind_to(fd, &any);
	if (result == 0)
		result = socket_local(fd, &local);
	if (result < 0)
		return result;
	echo->own_port = address_port(&local);
	(void)socket_receive_room(fd, RECEIVE_ROOM);
	result = socket_want_details(fd, family);
	return result < 0 ? result : socket_want_failures(fd, family);
}

/* A socket whose port is not the one that is asked: a server takes such a question for a loop. */
static int open_socket(struct channel *channel, struct udp_echo *echo, const struct address *to)
{
	bool chosen = channel->options->socket.source_port != 0;
	int result = 0;

	for (int i = 0; i < OPEN_TRIES; i++) {
		channel->watch.fd = socket_open(address_family(to), SOCK_DGRAM, 0);
		if (channel->watch.fd < 0)
			return channel->watch.fd;
		result = prepare(channel, echo, address_family(to));
		if (result < 0 || chosen || echo->own_port != address_port(to))
			return result;
		socket_close(&channel->watch.fd);
	}
	return -EADDRINUSE;
}

static int open_channel(struct channel *channel, const struct address *to, struct mono *called,
                        struct err *err)
{
	struct udp_echo *echo = channel->state;
	size_t size = channel->options->size;

	(void)called;
	(void)err;
	echo->request = malloc(size + 1);
	/* One byte more than is asked for, so that an answer too long shows. */
	if (!echo->request || datagrams_new(&echo->batch, size + 1, true) < 0)
		return -ENOMEM;
	int result = open_socket(channel, echo, to);

	if (result == 0)
		stamps_begin(channel, false);
	return result < 0 ? result : loop_watch(channel->loop, &channel->watch, LOOP_READ);
}

static void close_channel(struct channel *channel)
{
	struct udp_echo *echo = channel->state;

	loop_forget(channel->loop, &channel->watch);
	socket_close(&channel->watch.fd);
	datagrams_free(echo->batch);
	free(echo->request);
	*echo = (struct udp_echo){ 0 };
}

static int send_probe(struct channel *channel, const struct address *to, uint64_t key,
                      struct mono *called)
{
	struct udp_echo *echo = channel->state;
	size_t size = channel->options->size;

	if (echo->own_port == address_port(to))
		return -EADDRINUSE; /* a server takes the port it serves for a loop */
	payload_write(echo->request, size, (uint32_t)key, channel_nonce(channel, key));
	return socket_send_shared(channel->watch.fd, echo->request, size, to, called);
}

static struct event refusal(const struct channel *channel, const struct report *report,
                            struct mono read)
{
	struct event event = {
		.kind = EVENT_REFUSED,
		.key = KEY_UNKNOWN,
		.error = report->error,
		.read = read,
		.from = report->offender,
		.target = report->target,
	};
	struct payload quoted;

	/* Only the head is looked at: the quotation may end before the pattern does. */
	if (payload_read(report->quoted, size_min(report->quoted_length, PAYLOAD_HEAD_BYTES),
	                 &quoted) < 0 ||
	    !quoted.has_key)
		return event;
	event.key = inflight_unwrap(&channel->inflight, quoted.key, 32);
	event.nonce = quoted.nonce;
	event.nonce_mask = quoted.nonce_mask;
	return event;
}

static int take_reports(struct channel *channel, struct event *events, int room)
{
	struct report reports[REPORTS_MAX];
	struct stamps_taken taken = stamps_take(channel, 0, events, reports, room);
	int count = taken.events;

	for (int i = 0; i < taken.reports; i++)
		/* Without an offender it is this host's own complaint, and send() has said it. */
		if (address_family(&reports[i].offender) != AF_UNSPEC)
			events[count++] = refusal(channel, &reports[i], taken.read);
	return count;
}

static struct event reply(const struct channel *channel, const struct datagram *datagram,
                          struct stamps_receipt receipt)
{
	struct event event = {
		.kind = EVENT_REPLY,
		.key = KEY_UNKNOWN,
		.bytes = datagram->length + datagram->truncated,
		.ttl = datagram->ttl,
		.tos = datagram->tos,
		.from = datagram->peer,
	};
	struct payload payload;

	stamps_arrived(channel, receipt, &datagram->arrival, &event);
	if (payload_read(datagram->data, datagram->length, &payload) < 0) {
		event.kind = EVENT_JUNK;
		event.error = -EBADMSG;
		return event;
	}
	if (payload.has_key)
		event.key = inflight_unwrap(&channel->inflight, payload.key, 32);
	event.nonce = payload.nonce;
	event.nonce_mask = payload.nonce_mask;
	return event;
}

static int heard(struct channel *channel, struct event *events, int room)
{
	struct udp_echo *echo = channel->state;
	struct stamps_receipt receipt = { 0 };
	int count = take_reports(channel, events, room);
	int most = room - count < DATAGRAMS_MAX ? room - count : DATAGRAMS_MAX;
	int got = most > 0 ? datagrams_receive(echo->batch, channel->watch.fd, most) : 0;

	if (got > 0)
		receipt = stamps_received(channel);
	for (int i = 0; i < got; i++)
		events[count++] = reply(channel, datagrams_at(echo->batch, i), receipt);
	return count;
}

const struct probe_ops probe_udp_echo = {
	.name = "udp-echo",
	.help = "datagrams echoed (RFC 862)",
	.port = 8888,
	.scope = CHANNEL_FOR_ALL,
	.key_bits = 32,
	.echoes = true,
	.key_in_payload = true,
	.default_host = "127.0.0.1",
	.state_size = sizeof(struct udp_echo),
	.open = open_channel,
	.send = send_probe,
	.heard = heard,
	.close = close_channel,
};
