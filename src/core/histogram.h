/* SPDX-License-Identifier: MIT */
/* histogram -- any number of durations in constant memory.
 *
 *   ns  1            1 us            1 ms            1 s       1 h
 *       |.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|.|
 *
 *   schema 3   (  i - 1  ](    i    ](  i + 1  ](  i + 2  ]
 *   schema 2   (    i / 2           ](      i / 2 + 1     ]      i even: ceil(i / 2)
 *
 * Base-2 exponential buckets on the grid of seconds, exactly as Prometheus' native histograms have
 * them: at schema n bucket i holds the durations in (2^((i-1)/2^n) s, 2^(i/2^n) s].  Because the
 * edges of a coarser grid are every other edge of the finer one, histograms of different schemas add
 * up without any error but that of the coarser.
 *
 * A duration is a whole number of nanoseconds, so an edge is as good as the largest whole duration
 * below it, and all edges follow from the 256 of one doubling: a duration shifted until its leading
 * bit is at the top lies between two of them, and which two an approximate logarithm guesses within
 * one.  The edges have the last word, so a bucket is never off by one.
 *
 * A quantile is the middle of its bucket, the value whose relative distance to both edges is the
 * same: at schema 7 at most 0.271 % off, at schema 3 at most 4.4 %, and half a nanosecond for
 * rounding.  Durations of 0 and less have a bucket of their own; those over 2^13 s (more than two
 * hours) are held by the last.  Nothing is allocated but by init and copy.
 */
#pragma once

#include <limits.h>

#include "base/base.h"

enum { HISTOGRAM_FINEST = 8, HISTOGRAM_FINE = 7, HISTOGRAM_COARSE = 3, HISTOGRAM_COARSEST = 0 };

/* The bucket of durations <= 0, which no schema numbers. */
#define HISTOGRAM_ZERO INT_MIN

struct histogram {
	int schema;
	uint64_t *buckets; /* from histogram_lowest() to histogram_highest() */
	uint64_t zero;     /* durations <= 0 */
	uint64_t count;
};

/* The buckets that hold something: counts of bucket offset, offset + 1 ... */
struct histogram_range {
	int offset;
	size_t length;          /* 0 = none does */
	const uint64_t *counts; /* borrowed until the next call that changes the histogram */
};

/* HISTOGRAM_COARSEST <= schema <= HISTOGRAM_FINEST.  -ENOMEM. */
MUST_CHECK int histogram_init(struct histogram *histogram, int schema);
void histogram_done(struct histogram *histogram);

/* -ENOMEM. */
MUST_CHECK int histogram_copy(struct histogram *out, const struct histogram *histogram);

/* Forgets all that was recorded. */
void histogram_clear(struct histogram *histogram);

/* Its memory at a schema, in bytes. */
size_t histogram_bytes(int schema);

/* The buckets there are at a schema. */
int histogram_lowest(int schema);
int histogram_highest(int schema);

/* The largest whole duration that is not above the upper edge of bucket i, in ns. */
int64_t histogram_edge(int schema, int i);

/* The bucket that a duration belongs to. */
int histogram_bucket(int schema, int64_t duration);

void histogram_record(struct histogram *histogram, int64_t duration);

/* The bucket of the rank-th smallest duration, 1 <= rank <= count. */
int histogram_bucket_at(const struct histogram *histogram, uint64_t rank);

/* Which of count values in ascending order is the q-quantile (0 < q <= 1): ceil(q * count). */
uint64_t histogram_rank(double q, uint64_t count);

/* True when so many values are enough for a q-quantile: at least one lies above it. */
static inline bool quantile_is_supported(uint64_t count, double q)
{
	/* The margin keeps 0.9 of 10 from failing by the last bit of a double. */
	return (double)count * (1 - q) >= 1 - 1e-9;
}

/* The q-quantile (0 < q <= 1) by nearest rank, in ns; 0 for an empty histogram. */
int64_t histogram_quantile(const struct histogram *histogram, double q);

/* The same counts one schema lower: bucket i becomes (i + 1) >> 1.  Nothing is coarser than
 * HISTOGRAM_COARSEST. */
void histogram_coarsen(struct histogram *histogram);

/* Adds from to into; the finer of the two grids is given up, so from may be coarsened. */
void histogram_merge(struct histogram *into, struct histogram *from);

struct histogram_range histogram_range(const struct histogram *histogram);
