/* SPDX-License-Identifier: MIT */
#include "report/hgrm.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/clock.h"

enum { TICKS_MOST = 50 * HGRM_TICKS }; /* beyond, a double cannot tell the share from 1 */

static void put(struct output *output, const char *format, ...) PRINTF_LIKE(2, 3);

static void put(struct output *output, const char *format, ...)
{
	char line[128];
	va_list list;

	va_start(list, format);
	int length = vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	if (length > 0)
		output_put(output, line, size_min((size_t)length, sizeof(line) - 1));
}

/* How many durations are in bucket i or in one below it. */
static uint64_t count_up_to(const struct histogram *histogram, int i)
{
	uint64_t count = histogram->zero;

	for (int j = histogram_lowest(histogram->schema); j <= i; j++)
		count += histogram->buckets[j - histogram_lowest(histogram->schema)];
	return count;
}

/* What stands in a line of the table. */
struct step {
	int64_t value;  /* ns */
	uint64_t total; /* so many are not above it */
};

static struct step step_at(const struct load_times *times, double q)
{
	const struct histogram *histogram = &times->histogram;
	uint64_t rank = count_most(histogram_rank(q, histogram->count), 1);
	int i = histogram_bucket_at(histogram, rank);

	if (i == HISTOGRAM_ZERO)
		return (struct step){ .value = 0, .total = histogram->zero };
	return (struct step){
		.value = span_min(histogram_edge(histogram->schema, i), times->max),
		.total = count_up_to(histogram, i),
	};
}

/* The share of tick i: each half of the distance to 1 has as many. */
static double tick(int i)
{
	int half = i / HGRM_TICKS, within = i % HGRM_TICKS;
	double left = exp2(-half); /* of the distance, where this half begins */

	return 1 - left + left * within / (2 * HGRM_TICKS);
}

static void put_table(struct output *output, const struct load_times *times)
{
	uint64_t count = times->histogram.count;
	struct step step = { .total = 0 };

	for (int i = 0; step.total < count && i < TICKS_MOST; i++) {
		double q = tick(i);

		step = step_at(times, q);
		put(output, "%12.6f %14.12f %10" PRIu64 " %14.2f\n",
		    span_ms((double)step.value), q, step.total, 1 / (1 - q));
	}
	if (count > 0)
		put(output, "%12.6f %14.12f %10" PRIu64 "\n", span_ms((double)times->max), 1.0,
		    count);
}

/* From the middles of the buckets: ns. */
static double deviation_of(const struct load_times *times)
{
	struct histogram_range range = histogram_range(&times->histogram);
	double mean = load_times_mean(times), scale = exp2(-times->histogram.schema);
	double middle = 2 / (1 + exp2(scale)); /* of a bucket, in its upper edges */
	double squares = (double)times->histogram.zero * mean * mean;

	for (size_t i = 0; i < range.length; i++) {
		double value = exp2((range.offset + (double)i) * scale) * 1e9 * middle;

		squares += (double)range.counts[i] * (value - mean) * (value - mean);
	}
	return times->histogram.count ? sqrt(squares / (double)times->histogram.count) : 0;
}

void hgrm_write(struct output *output, const struct load_times *times)
{
	int schema = times->histogram.schema;
	int doublings = (histogram_highest(schema) - histogram_lowest(schema) + 1) >> schema;

	output_await(output);
	put(output, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
	    "1/(1-Percentile)");
	put_table(output, times);
	put(output, "#[Mean    = %12.6f, StdDeviation   = %12.6f]\n",
	    span_ms(load_times_mean(times)), span_ms(deviation_of(times)));
	put(output, "#[Max     = %12.6f, Total count    = %12" PRIu64 "]\n",
	    span_ms((double)times->max), times->histogram.count);
	put(output, "#[Buckets = %12d, SubBuckets     = %12d]\n", doublings, 1 << schema);
}
