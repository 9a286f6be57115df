/* SPDX-License-Identifier: MIT */
#include "core/blocks.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Standard errors beyond which a correlation is no accident. */
static const double significant = 2;

/* Means of blocks of one length. */
struct means {
	size_t count;
	double variance;    /* of a mean, times the length */
	double correlation; /* of neighbours */
};

static struct means means_of(const double *prefix, size_t count, size_t length)
{
	size_t blocks = count / length;
	double all = prefix[blocks * length] / (double)blocks;
	double squares = 0, products = 0, before = 0;

	for (size_t k = 0; k < blocks; k++) {
		double here = prefix[(k + 1) * length] - prefix[k * length] - all;

		squares += here * here;
		products += before * here;
		before = here;
	}
	return (struct means){
		.count = blocks,
		.variance = blocks > 1 ? squares / (double)(blocks - 1) / (double)length : 0,
		.correlation = squares > 0 ? products / squares : 0,
	};
}

static size_t length_needed(const double *prefix, size_t count)
{
	/* what cannot be seen in so few may be there all the same */
	size_t needed = (size_t)fmax(1, sqrt((double)count) / 2);

	for (size_t length = 1; count / (2 * length) >= BLOCKS_LEAST; length *= 2) {
		struct means means = means_of(prefix, count, length);

		if (means.correlation > significant / sqrt((double)means.count))
			needed = 2 * length;
	}
	return needed;
}

/* How often the level is exceeded among the first k; or the sums of the values. */
static void fill_prefix(const struct series *series, double level, double *prefix)
{
	int64_t edge = level > 0 ? series->sorted[series_place(series, level)] : 0;

	for (size_t i = 0; i < series->count; i++)
		prefix[i + 1] = level > 0 ? prefix[i] + (series->values[i] > edge ? 1 : 0)
		                          : series->prefix[i + 1];
}

/* Student's t over the normal deviate, about where several intervals shall hold together (z = 2.24). */
static double few(double freedom)
{
	return 1 + 1.5 / freedom + 2.2 / freedom / freedom;
}

/* Half the correlation that is left between neighbours is what a block of twice the length would still gain. */
static void measure(const double *prefix, size_t count, size_t length, double *stretch,
                    double *alike)
{
	struct means single = means_of(prefix, count, 1);
	struct means means = means_of(prefix, count, length);
	double blocks = (double)means.count;
	/* what so few blocks say of it is too little by that */
	double correlation = means.correlation + (1 + 3 * means.correlation) / blocks;
	double more = length > 1 ? 1 + 2 * fmax(0, correlation) : 1;

	*stretch = sqrt(more) * few((double)count / (double)length - 1);
	*alike = single.variance > 0 && length > 1
	                 ? fmax(1, means.variance * more / single.variance)
	                 : 1;
}

static void choose_alone(const struct series *series, size_t count, struct blocks *out)
{
	*out = (struct blocks){ .length = 1 };
	for (size_t j = 0; j < count; j++) {
		out->stretch[j] = few(fmax(series->worth - 1, 1));
		out->alike[j] = 1;
	}
}

int blocks_choose(const struct series *series, struct levels levels, struct blocks *out)
{
	size_t length = 1;

	choose_alone(series, levels.count, out);
	if (!series->ordered || series->count < 2 * (size_t)BLOCKS_LEAST)
		return 0;
	double *prefix = calloc(series->count + 1, sizeof(*prefix));

	if (!prefix)
		return -ENOMEM;
	for (size_t j = 0; j < levels.count; j++) {
		fill_prefix(series, levels.at[j], prefix);
		size_t needed = length_needed(prefix, series->count);

		length = needed > length ? needed : length;
	}
	for (size_t j = 0; j < levels.count; j++) {
		fill_prefix(series, levels.at[j], prefix);
		measure(prefix, series->count, length, &out->stretch[j], &out->alike[j]);
	}
	out->length = length;
	free(prefix);
	return 0;
}
