/* SPDX-License-Identifier: MIT */
/* worker -- one thread's share of the server: a loop, sockets of its own, the services behind them.
 *
 *   loop  -->  connection   conversation_turn()       a TCP connection through the server
 *         -->  reflector    reflector_turn()          an echo datagram through the server
 *         -->  desk         conversation_answer()     an answer of the relay
 *         -->  listener     listeners_accept()        last, see below
 *
 * Workers share nothing on these ways.  Newcomers are taken in at the end of a turn, so that a slot
 * that was given back in it is not taken while something that happened to its former owner waits.
 */
#pragma once

#include "base/err.h"
#include "service/guard.h"
#include "service/limits.h"
#include "service/service.h"

struct desk;
struct worker;

/* What all workers have in common; outlives them. */
struct worker_setup {
	struct limits *limits;
	const struct guard *guard;
	const struct stamp_setup *stamp; /* NULL: this server does not serve it */
};

/* desk: where its questions for the relay are left; NULL = there is no relay. */
MUST_CHECK int worker_new(struct worker **out, const struct worker_setup *setup,
                          struct desk *desk, struct err *err);
void worker_free(struct worker *worker);

/* Serves at fd, which it takes, bound and, for streams, listening.  many_addresses: fd is
 * bound to more than one. */
MUST_CHECK int worker_serve(struct worker *worker, const struct service_ops *ops, int fd,
                            bool many_addresses, struct err *err);

/* The sum of all that count workers may ever keep in memory, in bytes, but for what the allocator
 * itself loses. */
size_t worker_memory_max(const struct limits *limits, size_t count);

/* Serves until worker_stop() was called and its connections have ended. */
void worker_run(struct worker *worker);

/* From any thread: begin to end. */
void worker_stop(struct worker *worker);

/* From any thread: have a turn, and look again at what the limits say. */
void worker_prod(struct worker *worker);

/* From any thread: the turns it has had so far. */
uint64_t worker_turns(const struct worker *worker);

/* From any thread: datagrams per second from one network; 0 = any. */
void worker_set_rate(struct worker *worker, int64_t per_second);
