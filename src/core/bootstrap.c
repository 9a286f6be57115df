/* SPDX-License-Identifier: MIT */
#include "core/bootstrap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS_DRAWN = 16 };

struct draw {
	const struct series *series;
	const struct blocks *blocks;
	struct levels levels;
	uint32_t *counts; /* how often each slot was drawn */
	size_t draws;
	double shrink; /* of deviations: more values are there than were drawn */
	double mean;   /* of this resample */
};

/* Uniform below n < 2^32. */
static size_t below(struct random *random, size_t n)
{
	return (size_t)((random_next(random) >> 32) * n >> 32);
}

static void draw_stretch(struct draw *draw, size_t first, size_t end)
{
	const struct series *series = draw->series;

	for (size_t i = first; i < end; i++)
		draw->counts[series->slots[i]]++;
	draw->mean += series->prefix[end] - series->prefix[first];
}

/* Behind the last value comes the first. */
static void draw_block(struct draw *draw, size_t start, size_t length)
{
	size_t end = start + length, last = size_min(end, draw->series->count);

	draw_stretch(draw, start, last);
	draw_stretch(draw, 0, end - last);
}

static void draw_all(struct draw *draw, struct random *random)
{
	size_t left = draw->draws;

	memset(draw->counts, 0, draw->series->slot_count * sizeof(*draw->counts));
	draw->mean = 0;
	while (left > 0) {
		size_t length = size_min(left, draw->blocks->length);

		draw_block(draw, below(random, draw->series->count), length);
		left -= length;
	}
	draw->mean /= (double)draw->draws;
}

static double mean_of(const struct draw *draw, size_t j)
{
	const struct series *series = draw->series;
	double own = series->prefix[series->count] / (double)series->count;

	return series->mean + (draw->mean - own) * draw->shrink * draw->blocks->stretch[j];
}

static double quantile_of(const struct draw *draw, size_t j, size_t slot)
{
	const struct series *series = draw->series;
	double per_slot = (double)series->count / (double)series->slot_count;
	double place = ((double)slot + 0.5) * per_slot - 0.5;
	double own = (double)series_place(series, draw->levels.at[j]);

	return series_at(series, own + (place - own) * draw->shrink * draw->blocks->stretch[j]);
}

static void tell(const struct draw *draw, double *out)
{
	uint64_t seen = 0;
	size_t next = 0; /* slot */

	for (size_t j = 0; j < draw->levels.count; j++) {
		uint64_t rank = histogram_rank(draw->levels.at[j], draw->draws);

		if (draw->levels.at[j] <= 0) {
			out[j] = mean_of(draw, j);
			continue;
		}
		while (seen < rank)
			seen += draw->counts[next++];
		out[j] = quantile_of(draw, j, next > 0 ? next - 1 : 0);
	}
}

/* So few blocks that they could hardly differ would say nothing. */
static size_t draws_of(size_t count, size_t length)
{
	size_t draws = length * BLOCKS_DRAWN;

	return size_min(count, draws > BOOTSTRAP_DRAWS ? draws : BOOTSTRAP_DRAWS);
}

int bootstrap(const struct series *series, const struct blocks *blocks, struct levels levels,
              struct random *random, double *out, size_t resamples)
{
	struct draw draw = { .series = series,
		             .blocks = blocks,
		             .levels = levels,
		             .draws = draws_of(series->count, blocks->length) };

	draw.counts = calloc(series->slot_count, sizeof(*draw.counts));
	if (!draw.counts)
		return -ENOMEM;
	/* Of a histogram that is drawn from what stands for it. */
	draw.shrink = sqrt((double)draw.draws / series->worth);
	for (size_t r = 0; r < resamples; r++) {
		draw_all(&draw, random);
		tell(&draw, out + r * levels.count);
	}
	free(draw.counts);
	return 0;
}
