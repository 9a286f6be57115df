/* SPDX-License-Identifier: MIT */
/* udp -- what all ways of asking by datagrams have in common: the socket, its error queue and its
 * batches.  What the bytes mean is for the kind to say, by two functions.
 */
#pragma once

#include "net/datagram.h"
#include "probe/probe.h"

/* The kind's state begins with it. */
struct udp {
	struct datagrams *batch;
	uint8_t *request;
	size_t length; /* of a request */
	uint16_t own_port;
};

/* What came: event has its kind REPLY, bytes, ttl, tos, from, and the stamps.  at: its place among those
 * that came together. */
typedef void udp_reader(struct channel *channel, const struct datagram *datagram, int at,
                        struct event *event);

/* What the network refused: event has its kind REFUSED, KEY_UNKNOWN, error, from, target. */
typedef void udp_quote_reader(const struct channel *channel, const struct report *report,
                              struct event *event);

/* A socket whose port is not the one that is asked, and room for a request and answers of up to `room`
 * bytes. */
MUST_CHECK int udp_open(struct channel *channel, struct udp *udp, const struct address *to,
                        size_t length, size_t room);
void udp_close(struct channel *channel, struct udp *udp);

/* Sends the request. */
MUST_CHECK int udp_send(struct channel *channel, struct udp *udp, const struct address *to,
                        struct mono *called);

/* A kind's heard(). */
int udp_heard(struct channel *channel, struct udp *udp, struct event *events, int room,
              udp_reader *read, udp_quote_reader *read_quote);
