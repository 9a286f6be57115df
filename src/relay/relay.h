/* SPDX-License-Identifier: MIT */
/* relay -- the looking glass: "ping TARGET" typed to this server, asked by its own probes.
 *
 *   desk --> request --> question --> literal, or look-up --> policy --> run --> lines --> desk
 *
 * One thread with one session does it for all workers, so that its limits hold for the whole
 * server without a lock on anybody's way.  It starts no program, never waits for a name, and gives
 * each request exactly one last line, whatever happens.
 */
#pragma once

#include "relay/policy.h"

struct desk;
struct relay;

struct relay_options {
	bool open_to_all; /* clients that are not on loopback may ask, too */
	bool confined;    /* the helper that looks up names keeps only what that takes */
	struct policy policy;
};

/* Copies options; borrows the desks, one for each worker, and opens their to_relay.  Forks the
 * helper process that looks up names: call it before the first thread, and before there is any
 * descriptor that the helper should not hold. */
MUST_CHECK int relay_new(struct relay **out, const struct relay_options *options,
                         struct desk *desks, size_t count, struct err *err);

/* When nobody wakes the desks any more. */
void relay_free(struct relay *relay);

/* From any thread: whom it may ask, and for whom, is as options say from the next request on.  -ENOMEM. */
MUST_CHECK int relay_change(struct relay *relay, const struct relay_options *options);

/* What its thread runs, the relay being its argument; returns NULL after relay_stop(). */
void *relay_run(void *argument);

/* From any thread: every request under way, and every one still to come, is told that the server
 * is stopping. */
void relay_refuse(struct relay *relay);

/* From any thread: the same, and relay_run() returns.  What is left at a desk after that stays
 * there, so the workers should have ended before. */
void relay_stop(struct relay *relay);
