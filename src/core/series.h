/* SPDX-License-Identifier: MIT */
/* series -- a course made ready to be drawn from: sorted, and each value knowing its place.
 *
 *   in order   5.1  4.9  7.0  5.0          places   2 0 3 1
 *   sorted     4.9  5.0  5.1  7.0          prefix   0 5.1 10 17 22
 *
 * A resample counts places and never sorts.  Of a histogram there are stand-ins, spread evenly over the ranks
 * and within their buckets; they have no order, and how wide a bucket is remains as a doubt.  Where some are in order
 * and some are a histogram, the order is lost, but not how much those in it resemble each other.
 */
#pragma once

#include "core/course.h"

enum { SERIES_SLOTS = 16384 };

struct series {
	size_t count;
	int64_t *sorted;
	int64_t *values; /* in order of time; of a histogram, as sorted */
	uint16_t *slots; /* of each value: its place, scaled to slot_count */
	double *prefix;  /* sums of the first k values, count + 1 of them */
	size_t slot_count;
	bool ordered;
	double worth; /* as many independent values, if neighbours did not resemble each other */
	double width; /* of a bucket, relative to its value; 0: the values are exact */
	double mean;
};

/* A course without a single value gives a series without one.  -ENOMEM. */
MUST_CHECK int series_init(struct series *series, const struct course *course);
void series_done(struct series *series);

/* The place of the q-quantile by nearest rank, from 0; count > 0. */
size_t series_place(const struct series *series, double q);

/* The value at a place, between two of them in between, at the ends beyond them. */
double series_at(const struct series *series, double place);
