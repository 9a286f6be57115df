/* SPDX-License-Identifier: MIT */
/* stretches -- how much the neighbours of a run resemble each other, of which no more is known than how many
 * there were in each of its stretches (seconds), and their mean.
 *
 *   |x xxx xx|xx x x|xxxx x xx| ...
 *    m1       m2     m3
 *
 * Means of independent values spread as the values do, divided by the root of their number.  What the means
 * spread more than that is correlation: so many values say together as much as one independent one.  That the
 * stretches themselves resemble each other counts as well (by von Neumann's ratio), and so does that a few of them say
 * little about their own spread.
 *
 * Values may be fates as well, 1 lost and 0 answered: then a mean is the share that was lost.
 */
#pragma once

#include "base/base.h"

enum { STRETCHES_LEAST = 3 };

struct stretches {
	uint64_t number;
	double count, mean, squares; /* of the values: weighted by the number in each stretch */
	double plain_mean, plain_squares, last, steps; /* of the means, each alike */
};

void stretches_add(struct stretches *stretches, uint64_t count, double mean);

/* Puts the spreads of two runs together, each around its own mean.  No stretch can be added behind. */
void stretches_pool(struct stretches *into, const struct stretches *other);

/* So many values say as much as one independent one: 1 or more; 0 where there are too few stretches to tell.
 * variance: of the single values. */
double stretches_alike(const struct stretches *stretches, double variance);
