/* SPDX-License-Identifier: MIT */
/* histogram -- any number of durations in constant memory.
 *
 *   ns  1            1 us            1 ms            1 s       1 h
 *       |.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|
 *       each bucket is 2^(1/128) = 0.54 % wider than the one before
 *
 * Base-2 exponential buckets on the grid of seconds, as Prometheus' native histograms have them:
 * bucket i holds the durations in (2^((i-1)/128) s, 2^(i/128) s].  A quantile is the middle of its
 * bucket, at most 0.27 % off.  Durations of 0 and less have a bucket of their own; those beyond the
 * ends are held by the last bucket on that side.
 */
#pragma once

#include "base/base.h"

struct histogram {
	uint64_t *buckets;
	uint64_t zero; /* durations <= 0 */
	uint64_t count;
};

MUST_CHECK int histogram_init(struct histogram *histogram);
void histogram_done(struct histogram *histogram);
void histogram_record(struct histogram *histogram, int64_t duration);

/* The q-quantile (0 < q <= 1) by nearest rank, in ns; 0 for an empty histogram. */
int64_t histogram_quantile(const struct histogram *histogram, double q);
