/* SPDX-License-Identifier: MIT */
/* tcp-echo -- bytes echoed on one kept connection (RFC 862).
 *
 * A stream has no messages: what comes back may come in any pieces, and answer k ends with byte
 * k * size.  Each byte is held against the one that was sent. */
#include "probe/tcp_echo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/stream.h"
#include "wire/payload.h"

struct tcp_echo {
	struct stream stream;
	uint8_t *request, *expected; /* size bytes each */
	size_t heard;                /* bytes of the expected answer that have come */
	uint8_t buffer[16384];
};

static int open_channel(struct channel *channel, const struct address *to, struct mono *called,
                        struct err *err)
{
	struct tcp_echo *echo = channel->state;
	size_t size = channel->options->size;

	(void)err;
	echo->heard = 0;
	echo->request = malloc(size);
	echo->expected = malloc(size);
	if (!echo->request || !echo->expected)
		return -ENOMEM;
	return stream_open(channel, &echo->stream, to, called, size);
}

static void close_channel(struct channel *channel)
{
	struct tcp_echo *echo = channel->state;

	free(echo->request);
	free(echo->expected);
	echo->request = echo->expected = NULL;
	stream_close(channel, &echo->stream);
}

static int send_probe(struct channel *channel, const struct address *to, uint64_t key,
                      struct mono *called)
{
	struct tcp_echo *echo = channel->state;
	size_t size = channel->options->size;

	(void)to;
	payload_write(echo->request, size, (uint32_t)key, channel_nonce(channel, key));
	return stream_send(channel, &echo->stream, echo->request, size, called);
}

/* Holds bytes against those expected, up to the end of one answer; returns how many it took, or
 * -EBADMSG. */
static int64_t compare(struct channel *channel, struct tcp_echo *echo, const uint8_t *data,
                       size_t length)
{
	size_t size = channel->options->size;
	uint64_t key = echo->stream.next_key;
	size_t part = size_min(length, size - echo->heard);

	if (key >= channel->inflight.next)
		return -ENOMSG; /* more than was ever asked */
	if (echo->heard == 0)
		payload_write(echo->expected, size, (uint32_t)key, channel_nonce(channel, key));
	if (memcmp(data, echo->expected + echo->heard, part) != 0)
		return -EBADMSG;
	echo->heard += part;
	return (int64_t)part;
}

static int take_bytes(struct channel *channel, struct tcp_echo *echo,
                      const struct stream_read *read, struct event *events)
{
	size_t size = channel->options->size, length = (size_t)read->got;
	int count = 0;

	for (size_t at = 0; at < length;) {
		int64_t part = compare(channel, echo, echo->buffer + at, length - at);

		if (part < 0)
			return count + stream_lied(events + count, (int)part);
		at += (size_t)part;
		if (echo->heard < size)
			continue;
		stream_answered(channel, &echo->stream, read, at == length, size,
		                &events[count++]);
		echo->heard = 0;
	}
	return count;
}

static int heard(struct channel *channel, struct event *events, int room)
{
	struct tcp_echo *echo = channel->state;
	size_t size = channel->options->size;
	int count = 0;

	if (!stream_ready(channel, &echo->stream, events, room, &count))
		return count;
	while (count < room - EVENTS_MARGIN) {
		/* Never more answers than there is room to tell of. */
		size_t want =
			size_min((size_t)(room - EVENTS_MARGIN - count) * size - echo->heard,
		                 sizeof(echo->buffer));
		struct stream_read read =
			stream_read(channel, &echo->stream, echo->buffer, want);

		if (read.got == -EAGAIN || read.got == -EINTR)
			break;
		if (read.got <= 0)
			return count + stream_ended(events + count, (int)read.got);
		count += take_bytes(channel, echo, &read, events + count);
		if (read.whole || (count > 0 && events[count - 1].kind == EVENT_ENDED))
			break;
	}
	return count;
}

const struct probe_ops probe_tcp_echo = {
	.name = "tcp-echo",
	.help = "bytes echoed on one kept connection (RFC 862)",
	.port = 8888,
	.scope = CHANNEL_PER_TARGET,
	.key_bits = 32,
	.size_min = 1,
	.echoes = true,
	.default_host = "127.0.0.1",
	.state_size = sizeof(struct tcp_echo),
	.open = open_channel,
	.send = send_probe,
	.heard = heard,
	.close = close_channel,
};
