/* SPDX-License-Identifier: MIT */
#include "report/times.h"

const struct times_quantile times_quantiles[TIMES_QUANTILES] = {
	{ 0.5, "p50", "p50_ns" },          { 0.9, "p90", "p90_ns" },
	{ 0.99, "p99", "p99_ns" },         { 0.999, "p99.9", "p99_9_ns" },
	{ 0.9999, "p99.99", "p99_99_ns" },
};

size_t times_supported(const struct load_times *times)
{
	size_t count = 0;

	while (count < TIMES_QUANTILES &&
	       quantile_is_supported(times->histogram.count, times_quantiles[count].q))
		count++;
	return count;
}

int64_t times_quantile(const struct load_times *times, double q)
{
	uint64_t count = times->histogram.count;

	if (count == 0)
		return 0;
	if (histogram_rank(q, count) == count)
		return times->max;
	/* The middle of a bucket may lie beyond what is in it. */
	int64_t middle = histogram_quantile(&times->histogram, q);

	return span_max(times->min, span_min(times->max, middle));
}

const struct load_times *times_told(const struct load_tally *tally)
{
	return tally->corrected.histogram.count > 0 ? &tally->corrected : &tally->uncorrected;
}
