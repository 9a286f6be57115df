/* SPDX-License-Identifier: MIT */
/* stream -- what the kinds that keep a connection have in common: connecting, writing whole
 * requests, matching answers by their order. */
#pragma once

#include "probe/probe.h"

struct stream {
	bool connected;
	uint64_t next_key;   /* of the answer that comes next: order is all a stream has */
	int retransmissions; /* as TCP counted them when last asked */
	uint8_t *unsent;     /* the rest of a request that the kernel did not take */
	size_t unsent_at, unsent_length;
};

/* Starts connecting; request_bytes is the longest request to come. */
MUST_CHECK int stream_open(struct channel *channel, struct stream *stream,
                           const struct address *to, struct mono *called, size_t request_bytes);
void stream_close(struct channel *channel, struct stream *stream);

/* Sends a whole request.  -EAGAIN while the one before has not left; -ENOBUFS while the answers
 * that are owed fill the table. */
MUST_CHECK int stream_send(struct channel *channel, struct stream *stream, const uint8_t *data,
                           size_t length, struct mono *called);

/* Goes on with what was left undone.  True: the connection stands, read on.  False: it is being
 * made, or count (0 or 1) tells how it went. */
bool stream_ready(struct channel *channel, struct stream *stream, struct event *event,
                  int *count);

/* The answer that is next in order has come whole. */
void stream_answered(struct channel *channel, struct stream *stream, struct event *event,
                     size_t bytes, struct mono read);

/* Fills in the end of the channel, behind its reason where it is the peer's lie. */
int stream_ended(struct event *events, int error);
int stream_lied(struct event *events, int error);
