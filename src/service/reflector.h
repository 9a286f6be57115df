/* SPDX-License-Identifier: MIT */
/* reflector -- one datagram socket of a worker: receive, guard, answer, seal, send.
 *
 * The answer is never larger than its question, nor more than one, and some questions get none:
 * what was sent to many, and what comes from a port that would answer the answer.
 *
 * A lone datagram is fastest by a plain call, a queue by batches: each turn takes the way that the
 * last one suggests.  While the queue stays deep the socket leaves the loop, for whoever watches a
 * socket is woken for each datagram that comes or goes; it is hot, and has a turn in every turn of
 * the worker, until it is found empty.  So it does where the system fails it, but then now and then
 * only, until that has passed.
 *
 * The answers of a service that seals them are not sent by batches, which would falsify what they say of
 * their own departure: each is sealed and sent by itself.  One that comes alone, after a silence, is sent
 * in two steps, so that little is left to do once it says when it leaves.
 */
#pragma once

#include "net/loop.h"
#include "service/departures.h"
#include "service/judge.h"
#include "service/streams.h"

struct reflector {
	struct watch watch;
	struct loop *loop;
	struct service *service;
	const struct judge *judge;
	bool decays;                 /* see judge_datagram() */
	struct datagrams *datagrams; /* shared with the other reflectors of the worker */
	struct reflector *next;
	bool many;      /* the last turn found more than one */
	bool spins;     /* always hot */
	bool hot;       /* has left the loop: needs a turn without being told so */
	bool failing;   /* hot because it cannot read, or not return to the loop */
	unsigned turns; /* to look now and then */

	/* Where the service wants details: */
	struct address bound; /* what the socket is bound to */
	struct departures departures;
};

/* Makes the bound socket of its watch ready; ops is that of its service. */
MUST_CHECK int reflector_prepare(struct reflector *reflector, const struct service_ops *ops);

/* Answers some of what has come. */
void reflector_turn(struct reflector *reflector, struct mono now);

/* Answers all that has come already. */
void reflector_drain(struct reflector *reflector, struct mono now);
