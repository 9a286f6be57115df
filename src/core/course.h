/* SPDX-License-Identifier: MIT */
/* course -- the round trips of a finished run, in the order in which they came, to be compared with
 * those of another.
 *
 * Their order matters: neighbours resemble each other, and whoever forgets that takes a hundred alike
 * for a hundred witnesses.  Memory is bounded: where more come than there is room for, one of every two
 * is let go, then one of every four that come is kept, and so on; which of them is drawn at random, and
 * the order stays.  Of a run that kept nothing but a histogram there is no order; how many independent
 * round trips it is worth follows from how much neighbours differed, if that is known.
 */
#pragma once

#include "core/histogram.h"
#include "core/random.h"
#include "core/stretches.h"

enum { COURSE_MOST = 1 << 20 };

struct course {
	int64_t *values; /* ns, in order: one of every `stride` */
	size_t count, room;
	uint64_t stride, met; /* met: of the stride under way */
	uint64_t chosen;      /* which of it is kept */
	struct random random;
	uint64_t total; /* of all that were added in order */
	double sum;     /* of them, ns */

	struct histogram histogram; /* of those without order; no buckets: there are none */
	double histogram_sum;       /* of them, ns */
	double worth;               /* so many independent ones */
};

/* A histogram as it stands in a file. */
struct course_counts {
	int schema, offset; /* offset: the bucket of the first of counts */
	size_t length;
	const uint64_t *counts;
	uint64_t zero;
	double mean; /* ns */
	double neighbours; /* ns by which one differed from the one before, on average; < 0: not known, and
	                    * all are taken for independent */
	const struct stretches
		*stretches; /* what is known instead, if this is not NULL; too few of them:
	                                    * nobody can tell what the values are worth */
};

void course_init(struct course *course);
void course_done(struct course *course);

/* Adds a round trip in ns; most: of how many there may be memory now, 2 to COURSE_MOST.  -ENOMEM. */
MUST_CHECK int course_add(struct course *course, int64_t ns, size_t most);

/* -EINVAL where there is no such schema or bucket, or nothing in them; -ERANGE where there are more than
 * 2^62 in all; -ENOMEM.  The course is as it was then. */
MUST_CHECK int course_add_counts(struct course *course, const struct course_counts *counts);

/* How many round trips in all. */
uint64_t course_total(const struct course *course);
