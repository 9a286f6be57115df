/* SPDX-License-Identifier: MIT */
/* cut -- what the replies so far say of the probes before a mark (core/direction).
 *
 *   s   ... 96  97  98 |100 101 102 ...       the cut is before probe 100
 *   r   ... 90  91  -  | -   94  95 ...       92 and 93 never came
 *                 below     above
 *
 * Numbers missing up to the largest r before the cut are replies to probes before it.  Those between
 * that and the least r behind it may be of either side: at most as many belong to one side as it has
 * unanswered probes there.  Where probes overtake each other, so may those within reach on either side.
 */
#pragma once

#include "core/direction.h"

struct cut_share {
	uint64_t lost;      /* probes before the mark without a reply */
	uint64_t open;      /* of them: of which nothing is known */
	uint64_t low, high; /* of them: lost on the way back, at least and at most */
};

struct cut_share cut_share(const struct direction *direction,
                           const struct direction_mark *mark);

/* The first probe behind a mark. */
uint64_t cut_position(const struct direction *direction, const struct direction_mark *mark);
