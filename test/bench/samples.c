// SPDX-License-Identifier: MIT
#include "samples.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

int samples_init(struct samples *samples, size_t room)
{
	// One at least: calloc(0) may answer NULL, which would look like want of memory.
	int64_t *spans = calloc(room > 0 ? room : 1, sizeof *spans);
	if (!spans)
		return -ENOMEM;
	*samples = (struct samples){ .spans = spans, .room = room };
	return 0;
}

void samples_done(struct samples *samples)
{
	free(samples->spans);
	*samples = (struct samples){ 0 };
}

void samples_add(struct samples *samples, int64_t span)
{
	if (samples->count < samples->room)
		samples->spans[samples->count++] = span;
}

static int span_order(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left;
	int64_t b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

void samples_sort(struct samples *samples)
{
	qsort(samples->spans, samples->count, sizeof *samples->spans, span_order);
}

int64_t samples_quantile(const struct samples *samples, double part)
{
	if (samples->count == 0)
		return 0;

	size_t rank = (size_t)ceil(part * (double)samples->count);
	if (rank < 1)
		rank = 1;
	if (rank > samples->count)
		rank = samples->count;
	return samples->spans[rank - 1];
}
