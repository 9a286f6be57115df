/* SPDX-License-Identifier: MIT */
/* stamps -- from what the kernel says of a socket's packets to events of its channel.
 *
 * The kernel counts what is sent from 0 on; a channel's keys run without gaps, too, so the number of
 * a departure gives its key.  A send that failed may have taken a number or not: the count begins
 * anew behind it.
 */
#pragma once

#include "probe/probe.h"

/* The wall clock, for what a kind writes into its packets. */
struct wall stamps_wall(void);

/* Asks for the stamps that the options want; before the first probe (of a stream: once it stands). */
void stamps_begin(struct channel *channel, bool stream);

/* A send has failed, and all that came was taken: the next probe is counted as the first. */
void stamps_restart(struct channel *channel);

/* Takes up to room reports off the error queue.  Those that tell of a departure become LEFT events;
 * the others are left in reports, compacted, for the kind to read.  unit: bytes of a request on a
 * stream, else 0. */
struct stamps_taken {
	int events, reports;
	struct mono read;
};

struct stamps_taken stamps_take(struct channel *channel, size_t unit, struct event *events,
                                struct report *reports, int room);

/* The instant at which what was received just now was in our hands, and whether the stamps that came
 * with it can be believed: then stamps_arrived() puts them into an event. */
struct stamps_receipt {
	struct mono read;
	bool usable;
};

struct stamps_receipt stamps_received(struct channel *channel);
void stamps_arrived(const struct channel *channel, struct stamps_receipt receipt,
                    const struct stamp *arrival, struct event *event);
