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
#include "service/counters.h"
#include "service/guard.h"
#include "service/limits.h"
#include "service/service.h"

struct desk;
struct turns;
struct worker;

/* What all workers have in common; outlives them. */
struct worker_setup {
	struct limits *limits;
	const struct guard *guard;
	bool timed;  /* their turns are, for worker_turns() */
	bool bursts; /* datagrams of one flow may come as one (UDP GRO) */
	bool spins;  /* never sleeps: least latency, for a processor of its own */
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

/* What it has counted, for any thread and for as long as the worker lives.  The counters of its
 * services, in the order in which they were opened, the same for all workers; NULL when there are
 * no more. */
const struct service_counters *worker_service(const struct worker *worker, size_t number,
                                              const struct service_ops **ops);
const struct turns *worker_turns(const struct worker *worker);
/* Bytes kept for peers that do not read; and pauses of 100 ms in accepting, for want of descriptors. */
uint64_t worker_backlog(const struct worker *worker);
uint64_t worker_pauses(const struct worker *worker);

/* Serves until worker_stop() was called and its connections have ended.  Negative errno when it could
 * not even wait any more, for a time in which whatever passes has passed. */
MUST_CHECK int worker_run(struct worker *worker);

/* From any thread: begin to end. */
void worker_stop(struct worker *worker);

/* From any thread: have a turn, and look again at what the limits say. */
void worker_prod(struct worker *worker);

/* From any thread: datagrams per second from one network; 0 = any. */
void worker_set_rate(struct worker *worker, int64_t per_second);
