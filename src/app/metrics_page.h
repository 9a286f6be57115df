/* SPDX-License-Identifier: MIT */
/* metrics_page -- all that a server has counted, as one page for Prometheus (docs/metrics.md).
 *
 * The series are fixed by what is served and by how many workers: nothing that a client sends makes
 * a new one.  Reading takes no lock and writes to nothing that a worker reads.
 */
#pragma once

#include "app/server.h"
#include "wire/prometheus.h"

enum { METRICS_PAGE_ROOM = 64 << 10 }; /* for 8 services and 256 workers, and as much again */

struct metrics_page {
	const struct server *server;
	struct wall started;
	struct cpu_clock clocks[SERVE_WORKERS_MAX];
	int64_t cpu[SERVE_WORKERS_MAX]; /* as last read: the clock of a worker ends with it */
	char text[METRICS_PAGE_ROOM];
};

/* The server, which is borrowed, has been started just now.  Negative errno. */
MUST_CHECK int metrics_page_init(struct metrics_page *page, const struct server *server);

/* Writes it anew; returns its length, or -ENOSPC. */
MUST_CHECK int metrics_page_write(struct metrics_page *page);
