/* SPDX-License-Identifier: MIT */
/* prometheus -- a page of metrics in Prometheus' text format, version 0.0.4.
 *
 *   # HELP sounder_datagrams_dropped_total Datagrams that got no answer.
 *   # TYPE sounder_datagrams_dropped_total counter
 *   sounder_datagrams_dropped_total{service="udp-echo",reason="rate"} 3
 *
 * A family is opened once and its samples follow.  Counts are printed exactly, spans in seconds to
 * the last nanosecond.  The page is written into memory of its caller and never beyond: what does
 * not fit is left out, and the page says so.
 */
#pragma once

#include "base/base.h"

#define PROMETHEUS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum prometheus_type { PROMETHEUS_COUNTER, PROMETHEUS_GAUGE, PROMETHEUS_HISTOGRAM };

struct prometheus {
	char *text; /* borrowed; no NUL at its end */
	size_t room, length;
	bool full;        /* something did not fit */
	const char *name; /* of the family that is open */
};

/* The value may hold any bytes but NUL; readers want UTF-8. */
struct prometheus_label {
	const char *name, *value;
};

void prometheus_init(struct prometheus *page, char *text, size_t room);

/* Opens a family; name stays borrowed until the next one. */
void prometheus_family(struct prometheus *page, const char *name, enum prometheus_type type,
                       const char *help);

/* Samples of the open family, with count labels. */
void prometheus_count(struct prometheus *page, const struct prometheus_label *labels,
                      size_t count, uint64_t value);
void prometheus_seconds(struct prometheus *page, const struct prometheus_label *labels,
                        size_t count, int64_t span);

/* The one histogram of the open family.  within[i] durations lie in (edges[i - 1], edges[i]], edges
 * in ns and ascending; within[count] lie above the last edge; total is the sum of all. */
void prometheus_histogram(struct prometheus *page, const int64_t *edges, const uint64_t *within,
                          size_t count, int64_t total);
