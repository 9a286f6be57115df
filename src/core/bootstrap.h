/* SPDX-License-Identifier: MIT */
/* bootstrap -- what a series might have been: resamples of it, block by block, and the quantiles and the mean of
 * each.
 *
 * Of more than BOOTSTRAP_DRAWS values a resample draws so many (more where blocks are long), and its deviations
 * are made as much smaller as those of the whole are.  That is done to the places of the quantiles, not to the quantiles themselves: places
 * vary as the normal law has it, however the values are spread.
 */
#pragma once

#include "core/blocks.h"

enum { BOOTSTRAP_DRAWS = 16384 };

/* out[r * levels.count + j]: what level j came to in resample r.  series->count > 0.  -ENOMEM. */
MUST_CHECK int bootstrap(const struct series *series, const struct blocks *blocks,
                         struct levels levels, struct random *random, double *out,
                         size_t resamples);
