/* SPDX-License-Identifier: MIT */
/* udp-echo -- datagrams echoed (RFC 862), over one socket for all targets of a family. */
#include "probe/udp_echo.h"

#include <errno.h>

#include "probe/udp.h"
#include "wire/payload.h"

struct udp_echo {
	struct udp udp;
};

static int open_channel(struct channel *channel, const struct address *to, struct mono *called,
                        struct err *err)
{
	struct udp_echo *echo = channel->state;
	size_t size = channel->options->size;

	(void)called;
	(void)err;
	return udp_open(channel, &echo->udp, to, size, size);
}

static void close_channel(struct channel *channel)
{
	struct udp_echo *echo = channel->state;

	udp_close(channel, &echo->udp);
}

static int send_probe(struct channel *channel, const struct address *to, uint64_t key,
                      struct mono *called)
{
	struct udp_echo *echo = channel->state;

	payload_write(echo->udp.request, echo->udp.length, (uint32_t)key,
	              channel_nonce(channel, key));
	return udp_send(channel, &echo->udp, to, called);
}

static void read_quote(const struct channel *channel, const struct report *report,
                       struct event *event)
{
	struct payload quoted;

	/* Only the head is looked at: the quotation may end before the pattern does. */
	if (payload_read(report->quoted, size_min(report->quoted_length, PAYLOAD_HEAD_BYTES),
	                 &quoted) < 0 ||
	    !quoted.has_key)
		return;
	event->key = inflight_unwrap(&channel->inflight, quoted.key, 32);
	event->nonce = quoted.nonce;
	event->nonce_mask = quoted.nonce_mask;
}

static void read_reply(struct channel *channel, const struct datagram *datagram, int at,
                       struct event *event)
{
	struct payload payload;

	(void)at;
	if (payload_read(datagram->data, datagram->length, &payload) < 0) {
		event->kind = EVENT_JUNK;
		event->error = -EBADMSG;
		/* Whose answer it was is told all the same, by the head, which has no pattern. */
		if (payload_read(datagram->data, PAYLOAD_HEAD_BYTES, &payload) < 0)
			return;
	}
	if (payload.has_key)
		event->key = inflight_unwrap(&channel->inflight, payload.key, 32);
	event->nonce = payload.nonce;
	event->nonce_mask = payload.nonce_mask;
}

static int heard(struct channel *channel, struct event *events, int room)
{
	struct udp_echo *echo = channel->state;

	return udp_heard(channel, &echo->udp, events, room, read_reply, read_quote);
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
