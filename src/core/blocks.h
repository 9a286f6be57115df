/* SPDX-License-Identifier: MIT */
/* blocks -- how long the neighbours of a series resemble each other.
 *
 *   |x x x x|x x x x|x x x x|x x x x|      means of blocks, and whether that of the next is alike
 *
 * A slow router stays slow for a while, so a thousand round trips tell less than a thousand independent ones
 * would.  Whole blocks are resampled instead of single values (moving blocks, Kuensch 1989, on a circle), and
 * what is within a block stays together.  How long they must be is read off the data: at lengths 1, 2, 4 ... the
 * means of neighbouring blocks are correlated; the longest length at which they are so significantly, doubled,
 * is taken, the longest of those that the quantiles and the mean need, but at least half the root of n.  What
 * correlation even those have, and that few
 * blocks say little about their own spread (as Student's t has it), widens what is drawn.
 */
#pragma once

#include "core/series.h"

enum { BLOCKS_LEAST = 12, BLOCKS_LEVELS_MAX = 8 };

struct blocks {
	size_t length;                     /* values; 1: as good as independent */
	double stretch[BLOCKS_LEVELS_MAX]; /* of deviations, one for each level: 1 or more */
	double alike
		[BLOCKS_LEVELS_MAX]; /* values that say as much as one independent one: 1 or more */
};

/* Of quantiles, 0 < level < 1, in ascending order; 0, the last, stands for the mean. */
struct levels {
	const double *at; /* borrowed */
	size_t count;     /* BLOCKS_LEVELS_MAX at most */
};

/* -ENOMEM. */
MUST_CHECK int blocks_choose(const struct series *series, struct levels levels,
                             struct blocks *out);
