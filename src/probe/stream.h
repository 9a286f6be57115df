/* SPDX-License-Identifier: MIT */
/* stream -- what the kinds that keep a connection have in common: connecting, writing whole
 * requests, matching answers by their order. */
#pragma once

#include "probe/probe.h"
#include "probe/stamps.h"

struct stream {
	bool connected;
	uint64_t next_key;   /* of the answer that comes next: order is all a stream has */
	int retransmissions; /* as TCP counted them when last asked, */
	int untold;          /* and those of which no answer has told yet */
	uint64_t
		held_back; /* no probe before this key was through when TCP had to send again */
	size_t request_bytes;
	uint8_t *unsent; /* the rest of a request that the kernel did not take */
	size_t unsent_at, unsent_length;
};

/* Starts connecting; each request to come has so many bytes. */
MUST_CHECK int stream_open(struct channel *channel, struct stream *stream,
                           const struct address *to, struct mono *called, size_t request_bytes);
void stream_close(struct channel *channel, struct stream *stream);

/* Sends a whole request.  -EAGAIN while the one before has not left; -ENOBUFS while the answers
 * that are owed fill the table. */
MUST_CHECK int stream_send(struct channel *channel, struct stream *stream, const uint8_t *data,
                           size_t length, struct mono *called);

/* Goes on with what was left undone, and adds to events the departures that the kernel tells of.
 * True: the connection stands, read on.  False: it is being made, or the last event says how that
 * went. */
bool stream_ready(struct channel *channel, struct stream *stream, struct event *events,
                  int room, int *count);

/* Bytes that came, and when; where they hold several answers the stamp is that of the last. */
struct stream_read {
	int64_t got; /* as socket_receive() */
	bool whole;  /* nothing was left unread behind them */
	struct stamps_receipt receipt;
	struct stamp arrival;
};

struct stream_read stream_read(struct channel *channel, struct stream *stream, void *data,
                               size_t room);

/* The answer that is next in order has come whole; last: with the last of the bytes read. */
void stream_answered(struct channel *channel, struct stream *stream,
                     const struct stream_read *read, bool last, size_t bytes,
                     struct event *event);

/* Fills in the end of the channel, behind its reason where it is the peer's lie. */
int stream_ended(struct event *events, int error);
int stream_lied(struct event *events, int error);
