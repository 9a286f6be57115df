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
#include "net/address.h"

struct metrics;
struct server;

/* Listens there; on success port tells where. */
MUST_CHECK int metrics_open(struct metrics **out, const struct address *where, struct err *err);

uint16_t metrics_port(const struct metrics *metrics);

/* Answers, from a thread of its own, for a server that has started. */
MUST_CHECK int metrics_start(struct metrics *metrics, const struct server *server,
                             struct err *err);

/* The server is about to end: it is not healthy any more.  metrics may be NULL. */
void metrics_drain(struct metrics *metrics);

/* Ends, before the server is released.  metrics may be NULL. */
void metrics_close(struct metrics *metrics);
