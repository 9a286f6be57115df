/* SPDX-License-Identifier: MIT */
/* hgrm -- durations as a percentile file: what HdrHistogram's plotter reads
 * (https://hdrhistogram.github.io/HdrHistogram/plotFiles.html).
 *
 *          Value     Percentile TotalCount 1/(1-Percentile)
 *
 *          0.021 0.000000000000          1           1.00
 *          0.034 0.100000000000        120           1.11
 *   ...
 *
 * Values are in milliseconds: TotalCount durations are not above the value, which is the upper edge
 * of a bucket (core/histogram) or the largest duration of all.  From one half of the distance to
 * 100 % to the next there are HGRM_TICKS lines.
 */
#pragma once

#include "load/tally.h"
#include "report/output.h"

enum { HGRM_TICKS = 5 };

/* Waits for the reader, as the last record does; whether all could be written says output_finish(). */
void hgrm_write(struct output *output, const struct load_times *times);
