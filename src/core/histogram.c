/* SPDX-License-Identifier: MIT */
#include "core/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum {
	PER_DOUBLING = 128,
	LOWEST = -30 * PER_DOUBLING, /* 2^-30 s is below a nanosecond */
	HIGHEST = 13 * PER_DOUBLING, /* 2^13 s is over two hours */
	BUCKETS = HIGHEST - LOWEST + 1,
};

/* The largest whole duration in bucket i. */
static int64_t edge(int i)
{
	return (int64_t)floor(exp2((double)i / PER_DOUBLING) * 1e9);
}

/* The smallest i with duration <= edge(i): the logarithm's guess, then the edges' word. */
static int bucket_of(int64_t duration)
{
	int i = (int)ceil(log2((double)duration / 1e9) * PER_DOUBLING);

	if (i > HIGHEST)
		return HIGHEST;
	while (duration > edge(i))
		i++;
	while (duration <= edge(i - 1))
		i--;
	return i < LOWEST ? LOWEST : i > HIGHEST ? HIGHEST : i;
}

int histogram_init(struct histogram *histogram)
{
	*histogram = (struct histogram){ .buckets = calloc(BUCKETS, sizeof(uint64_t)) };
	return histogram->buckets ? 0 : -ENOMEM;
}

void histogram_done(struct histogram *histogram)
{
	free(histogram->buckets);
	*histogram = (struct histogram){ 0 };
}

void histogram_record(struct histogram *histogram, int64_t duration)
{
	histogram->count++;
	if (duration <= 0)
		histogram->zero++;
	else
		histogram->buckets[bucket_of(duration) - LOWEST]++;
}

int64_t histogram_quantile(const struct histogram *histogram, double q)
{
	uint64_t rank = (uint64_t)ceil(q * (double)histogram->count);
	uint64_t seen = histogram->zero;

	if (seen >= rank)
		return 0;
	for (int i = 0; i < BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen >= rank)
			return llround(exp2((i + LOWEST - 0.5) / PER_DOUBLING) * 1e9);
	}
	return 0;
}
