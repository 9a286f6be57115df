/* SPDX-License-Identifier: MIT */
/* pong -- the line protocol: "ping" asks, "pong EPOCH" answers (docs/protocol.md). */
#include "probe/pong.h"

#include <errno.h>
#include <string.h>

#include "probe/stream.h"
#include "wire/pong.h"

static const uint8_t request[] = { 'p', 'i', 'n', 'g', '\n' };

struct pong {
	struct stream stream;
	char line[PONG_LINE_MAX]; /* what has come of the line under way */
	size_t length;
};

static int open_channel(struct channel *channel, const struct address *to, struct mono *called,
                        struct err *err)
{
	struct pong *pong = channel->state;

	(void)err;
	pong->length = 0;
	return stream_open(channel, &pong->stream, to, called, sizeof(request));
}

static void close_channel(struct channel *channel)
{
	struct pong *pong = channel->state;

	stream_close(channel, &pong->stream);
}

static int send_probe(struct channel *channel, const struct address *to, uint64_t key,
                      struct mono *called)
{
	struct pong *pong = channel->state;

	(void)to;
	(void)key;
	return stream_send(channel, &pong->stream, request, sizeof(request), called);
}

/* One whole line has come. */
static int take_line(struct channel *channel, struct pong *pong, const struct stream_read *read,
                     bool last, struct event *events)
{
	uint64_t epoch = 0;

	if (pong->stream.next_key >= channel->inflight.next)
		return stream_lied(events, -ENOMSG); /* nobody asked */
	if (pong_read_answer(pong->line, pong->length, &epoch) < 0)
		return stream_lied(events, -EBADMSG);
	stream_answered(channel, &pong->stream, read, last, pong->length + 1, events);
	pong->length = 0;
	return 1;
}

/* Moves bytes into the line, up to its end; -1 while there is none, -EMSGSIZE when too long. */
static int64_t fill_line(struct pong *pong, const char *data, size_t length, bool *whole)
{
	const char *end = memchr(data, '\n', length);
	size_t part = end ? (size_t)(end - data) : length;

	if (part > sizeof(pong->line) - pong->length)
		return -EMSGSIZE;
	memcpy(pong->line + pong->length, data, part);
	pong->length += part;
	*whole = end != NULL;
	return (int64_t)part + (end != NULL);
}

static int take_bytes(struct channel *channel, struct pong *pong, const char *data,
                      const struct stream_read *read, struct event *events)
{
	size_t length = (size_t)read->got;
	int count = 0;

	for (size_t at = 0; at < length;) {
		bool whole = false;
		int64_t part = fill_line(pong, data + at, length - at, &whole);

		if (part < 0)
			return count + stream_lied(events + count, (int)part);
		at += (size_t)part;
		if (whole)
			count += take_line(channel, pong, read, at == length, events + count);
		if (count > 0 && events[count - 1].kind == EVENT_ENDED)
			break;
	}
	return count;
}

static int heard(struct channel *channel, struct event *events, int room)
{
	struct pong *pong = channel->state;
	char buffer[PONG_LINE_MAX];
	int count = 0;

	if (!stream_ready(channel, &pong->stream, events, room, &count))
		return count;
	while (count < room - EVENTS_MARGIN) {
		/* A line has at least its LF, so there is room to tell of all that are read. */
		size_t want = size_min((size_t)(room - EVENTS_MARGIN - count), sizeof(buffer));
		struct stream_read read = stream_read(channel, &pong->stream, buffer, want);

		if (read.got == -EAGAIN || read.got == -EINTR)
			break;
		if (read.got <= 0)
			return count + stream_ended(events + count, (int)read.got);
		count += take_bytes(channel, pong, buffer, &read, events + count);
		if (read.whole || (count > 0 && events[count - 1].kind == EVENT_ENDED))
			break;
	}
	return count;
}

const struct probe_ops probe_pong = {
	.name = "pong",
	.help = "line protocol: ping -> pong EPOCH",
	.asks_by = "line protocol",
	.port = 42422,
	.scope = CHANNEL_PER_TARGET,
	.key_bits = 32,
	.default_host = "127.0.0.1",
	.state_size = sizeof(struct pong),
	.open = open_channel,
	.send = send_probe,
	.heard = heard,
	.close = close_channel,
};
