/* SPDX-License-Identifier: MIT */
/* metrics -- what the server has counted, over HTTP, for Prometheus (docs/metrics.md).
 *
 *   /metrics      the page (app/metrics_page)
 *   /-/healthy    200 while every worker turns and the server is not about to end, else 503
 *
 * One thread of its own, which reads the workers' counters and touches nothing else of theirs.
 * libmicrohttpd reads the requests; who may connect, and for how long, is decided here: a place for
 * everyone who connects, taken from the oldest when there is none, and ten seconds at the most.
 */
#pragma once

#include "base/err.h"
#include "net/inherited.h"

struct metrics;
struct server;

/* What its socket is called when it is handed over. */
#define METRICS_KIND "metrics"

/* Listens there, at a socket that was inherited where there is one. */
MUST_CHECK int metrics_open(struct metrics **out, const struct address *where,
                            struct inherited *inherited, struct err *err);

/* Where it listens: the port, and the socket itself. */
uint16_t metrics_port(const struct metrics *metrics);
int metrics_socket(const struct metrics *metrics);

/* The most that it ever keeps in memory, in bytes. */
size_t metrics_memory_max(void);

/* Answers, from a thread of its own, for a server that has started. */
MUST_CHECK int metrics_start(struct metrics *metrics, const struct server *server,
                             struct err *err);

/* The server is about to end: it is not healthy any more.  metrics may be NULL. */
void metrics_drain(struct metrics *metrics);

/* Begins to end: who has connected still has an answer, others may ask a successor, which has the
 * socket, too.  metrics may be NULL. */
void metrics_stop(struct metrics *metrics);

/* Ends, before the server is released.  metrics may be NULL. */
void metrics_close(struct metrics *metrics);
