/* SPDX-License-Identifier: MIT */
/* datagram -- receiving datagrams in batches, with what the kernel knows of them, and answering.
 *
 *   struct datagrams: up to DATAGRAMS_MAX at a time, each with room of its own
 *     datagrams_receive()  -->  datagrams_at(0) ... datagrams_at(n - 1)
 *     write the answer over the question, mark it     -->  datagrams_answer()
 *
 * Sending is for servers; a session sends its probes one by one (socket_send_to), because a batch
 * would queue them and measure the queue.
 */
#pragma once

#include "core/clock.h"
#include "net/address.h"
#include "net/timestamp.h"

enum { DATAGRAMS_MAX = 32 };

struct datagram {
	uint8_t *data;
	size_t length; /* bytes of the question, then of the answer */
	size_t room;   /* bytes that data can hold */
	size_t piece; /* bytes of each of several that came as one, the last may be shorter; 0 = one */
	bool truncated;
	bool to_many; /* it was sent to a broadcast or multicast address */
	struct address peer;
	struct address local; /* the very address it came to; family 0 = the socket's own */
	const struct address *bound; /* the socket's own, for services that want details */
	unsigned interface;          /* by which it came, where that matters; 0 = not known */
	int ttl, tos;                /* as received; -1 = not known */
	struct stamp arrival;        /* where the socket has receive stamps */
	bool read_late;              /* it has none of this one: arrival is when it was read */
	uint8_t out_ttl, out_tos;    /* of the answer; 0 = the socket's own */
	uint64_t ticket;             /* not 0: its departure is to be stamped */
	bool answered;               /* the answer in data shall go out */
	int result;                  /* then: 0, or the negative errno of sending it */
};

struct datagrams;

/* room: bytes for each datagram.  details: read control messages too.  -ENOMEM. */
MUST_CHECK int datagrams_new(struct datagrams **out, size_t room, bool details);
void datagrams_free(struct datagrams *datagrams);

/* Bytes that one with that room takes. */
size_t datagrams_size(size_t room);

/* Takes up to most from the socket without waiting; returns how many, 0 when there are none, or
 * the socket's own pending error. */
MUST_CHECK int datagrams_receive(struct datagrams *datagrams, int fd, int most);

struct datagram *datagrams_at(struct datagrams *datagrams, int index);

/* One answer by itself: prepare() does what can be done before its last octets are known, send() fills
 * in its result. */
void datagrams_prepare(struct datagrams *datagrams, int index);
void datagrams_send(struct datagrams *datagrams, int fd, int index);

/* The same in two steps, the second of which takes half as long as a whole send: begin() hands over the first
 * known octets, with all that finds the way and makes room.  Then finish() or abandon() follows, nothing else
 * by that socket.  0 or a negative errno: nothing was begun. */
MUST_CHECK int datagrams_begin(struct datagrams *datagrams, int fd, int index, size_t known);
void datagrams_finish(struct datagrams *datagrams, int fd, int index, size_t known);
void datagrams_abandon(int fd);

/* Sends those of the first count that are marked as answered, each from the address it came to,
 * and fills in their results. */
void datagrams_answer(struct datagrams *datagrams, int fd, int count);
