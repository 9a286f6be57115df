/* SPDX-License-Identifier: MIT */
#include "probe/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int stream_open(struct channel *channel, struct stream *stream, const struct address *to,
                struct mono *called, size_t request_bytes)
{
	int fd = socket_open(address_family(to), SOCK_STREAM, 0);

	if (fd < 0)
		return fd;
	channel->watch.fd = fd;
	stream->request_bytes = request_bytes;
	stream->unsent = malloc(request_bytes);
	int result = stream->unsent ? socket_configure(fd, address_family(to),
	                                               &channel->options->socket)
	                            : -ENOMEM;

	if (result == 0)
		result = socket_connect(fd, to, called);
	if (result == 0)
		result = loop_watch(channel->loop, &channel->watch, LOOP_READ | LOOP_WRITE);
	return result;
}

void stream_close(struct channel *channel, struct stream *stream)
{
	if (channel->options->socket.source_port)
		socket_reset_on_close(channel->watch.fd);
	loop_forget(channel->loop, &channel->watch);
	socket_close(&channel->watch.fd);
	free(stream->unsent);
	*stream = (struct stream){ 0 };
}

/* Readiness to write is only of interest while something is left to be written. */
static void watch_for(struct channel *channel, const struct stream *stream)
{
	loop_rewatch(channel->loop, &channel->watch,
	             stream->unsent_length ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

int stream_send(struct channel *channel, struct stream *stream, const uint8_t *data,
                size_t length, struct mono *called)
{
	if (stream->unsent_length > 0)
		return -EAGAIN;
	if (channel->inflight.next - stream->next_key > channel->inflight.room)
		return -ENOBUFS;
	int64_t sent = socket_send_stamped(channel->watch.fd, data, length, called);

	if (sent < 0)
		return (int)sent;
	stream->unsent_at = 0;
	stream->unsent_length = length - (size_t)sent;
	if (stream->unsent_length == 0)
		return 0;
	memcpy(stream->unsent, data + sent, stream->unsent_length);
	watch_for(channel, stream);
	return 0;
}

static int write_rest(struct channel *channel, struct stream *stream)
{
	int64_t sent = socket_send(channel->watch.fd, stream->unsent + stream->unsent_at,
	                           stream->unsent_length);

	if (sent < 0)
		return sent == -EAGAIN ? 0 : (int)sent;
	stream->unsent_at += (size_t)sent;
	stream->unsent_length -= (size_t)sent;
	if (stream->unsent_length == 0)
		watch_for(channel, stream);
	return 0;
}

static int finish_connecting(struct channel *channel, struct stream *stream,
                             struct event *event)
{
	struct mono read;
	int result = socket_connected(channel->watch.fd, &read);

	if (result == 0)
		return 0;
	if (result < 0)
		return stream_ended(event, result);
	stream->connected = true;
	stream->next_key = channel->inflight.next;
	if (!channel->options->bare)
		stream->retransmissions =
			socket_state(channel->watch.fd).retransmissions; /* of the SYN */
	stamps_begin(channel, true);
	watch_for(channel, stream);
	*event = (struct event){ .kind = EVENT_READY, .read = read };
	return 1;
}

bool stream_ready(struct channel *channel, struct stream *stream, struct event *events,
                  int room, int *count)
{
	struct report reports[REPORTS_MAX];
	int result = 0;

	*count = 0;
	if (!stream->connected) {
		*count = finish_connecting(channel, stream, events);
		return false;
	}
	/* A stream's error queue holds departures alone. */
	if (channel->timestamps.tx != TAKEN_USER)
		*count = stamps_take(channel, stream->request_bytes, events, reports,
		                     room - EVENTS_MARGIN)
		                 .events;
	if (stream->unsent_length > 0)
		result = write_rest(channel, stream);
	if (result < 0)
		*count += stream_ended(events + *count, result);
	return result == 0;
}

/* What TCP has to send again holds back all that was sent after it, and then all comes at once. */
static void note_retransmissions(struct channel *channel, struct stream *stream)
{
	int total = socket_state(channel->watch.fd).retransmissions;

	if (total == stream->retransmissions)
		return;
	stream->untold += total - stream->retransmissions;
	stream->retransmissions = total;
	stream->held_back = channel->inflight.next;
}

struct stream_read stream_read(struct channel *channel, struct stream *stream, void *data,
                               size_t room)
{
	struct stream_read read = { 0 };
	bool bare = channel->options->bare;

	read.got = bare ? socket_receive(channel->watch.fd, data, room)
	                : socket_receive_stamped(channel->watch.fd, data, room, &read.arrival);
	if (read.got <= 0)
		return read;
	read.receipt = stamps_received(channel);
	read.whole = (size_t)read.got < room;
	if (!bare)
		note_retransmissions(channel, stream);
	return read;
}

/* Of several that had piled up before anybody read, only the last is known to have come when the stamp
 * says -- if no other may be behind it. */
static bool is_stamped(const struct channel *channel, const struct stream *stream,
                       const struct stream_read *read, bool last)
{
	bool no_more_asked = stream->next_key == channel->inflight.next;
	bool at_once = stream->next_key <= stream->held_back;

	return (read->whole || no_more_asked) && (last || at_once);
}

void stream_answered(struct channel *channel, struct stream *stream,
                     const struct stream_read *read, bool last, size_t bytes,
                     struct event *event)
{
	*event = (struct event){
		.kind = EVENT_REPLY,
		.key = stream->next_key++,
		.bytes = bytes,
		.ttl = -1,
		.tos = -1,
		.read = read->receipt.read,
		.retransmissions = stream->untold,
	};
	stream->untold = 0;
	if (is_stamped(channel, stream, read, last))
		stamps_arrived(channel, read->receipt, &read->arrival, event);
	else if (channel->timestamps.rx != TAKEN_USER)
		event->read = (struct mono){ 0 };
}

int stream_ended(struct event *events, int error)
{
	events[0] = (struct event){ .kind = EVENT_ENDED, .error = error };
	return 1;
}

int stream_lied(struct event *events, int error)
{
	events[0] = (struct event){ .kind = EVENT_JUNK, .error = error };
	return 1 + stream_ended(events + 1, -EBADMSG);
}
