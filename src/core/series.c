/* SPDX-License-Identifier: MIT */
#include "core/series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STAND_INS = 1 << 16, PIECES = 30 };

struct entry {
	int64_t value;
	uint32_t lot; /* decides among equals: their places must not follow their time */
	uint32_t at;
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return (x->lot > y->lot) - (x->lot < y->lot);
}

static int make(struct series *series, size_t count)
{
	series->count = count;
	series->slot_count = size_min(count, SERIES_SLOTS);
	series->sorted = calloc(count, sizeof(*series->sorted));
	series->values = calloc(count, sizeof(*series->values));
	series->slots = calloc(count, sizeof(*series->slots));
	series->prefix = calloc(count + 1, sizeof(*series->prefix));
	if (series->sorted && series->values && series->slots && series->prefix)
		return 0;
	series_done(series);
	return -ENOMEM;
}

static uint16_t slot_of(const struct series *series, size_t place)
{
	return (uint16_t)((uint64_t)place * series->slot_count / series->count);
}

static int sort(struct series *series)
{
	struct entry *entries = calloc(series->count, sizeof(*entries));
	struct random random;

	if (!entries)
		return -ENOMEM;
	random_seed(&random, 1);
	for (size_t i = 0; i < series->count; i++)
		entries[i] =
			(struct entry){ series->values[i],
			                (uint32_t)(random_next(&random) >> 32), (uint32_t)i };
	qsort(entries, series->count, sizeof(*entries), compare_entries);
	for (size_t i = 0; i < series->count; i++) {
		series->sorted[i] = entries[i].value;
		series->slots[entries[i].at] = slot_of(series, i);
	}
	free(entries);
	return 0;
}

static void sum_up(struct series *series)
{
	for (size_t i = 0; i < series->count; i++)
		series->prefix[i + 1] = series->prefix[i] + (double)series->values[i];
}

static int init_ordered(struct series *series, const struct course *course)
{
	int result = make(series, course->count);

	if (result < 0)
		return result;
	memcpy(series->values, course->values, course->count * sizeof(*series->values));
	series->ordered = true;
	series->worth = (double)course->count; /* without those that were let go */
	series->mean = course->sum / (double)course->total;
	result = sort(series);
	if (result < 0)
		series_done(series);
	return result;
}

/* Where one stands in a histogram. */
struct walk {
	const struct histogram *histogram;
	struct histogram_range range;
	double below, here; /* values below the bucket; in it */
	size_t next;        /* bucket of the range */
	int64_t low, high;
};

static void walk_on(struct walk *walk)
{
	int schema = walk->histogram->schema;
	int i = walk->range.offset + (int)walk->next;

	walk->below += walk->here;
	walk->here = (double)walk->range.counts[walk->next++];
	walk->low = histogram_edge(schema, i - 1);
	walk->high = histogram_edge(schema, i);
}

static void stand_in(struct series *series, const struct histogram *histogram)
{
	struct walk walk = { .histogram = histogram,
		             .range = histogram_range(histogram),
		             .here = (double)histogram->zero };
	double share = (double)histogram->count / (double)series->count;

	for (size_t i = 0; i < series->count; i++) {
		double rank = ((double)i + 0.5) * share;

		while (rank > walk.below + walk.here && walk.next < walk.range.length)
			walk_on(&walk);
		double within = walk.here > 0 ? fmin((rank - walk.below) / walk.here, 1) : 1;

		series->sorted[i] = walk.low + llround(within * (double)(walk.high - walk.low));
	}
}

static int init_unordered(struct series *series, const struct histogram *histogram,
                          double worth, double mean)
{
	int result = make(series, (size_t)count_least(histogram->count, STAND_INS));

	if (result < 0)
		return result;
	stand_in(series, histogram);
	memcpy(series->values, series->sorted, series->count * sizeof(*series->values));
	for (size_t i = 0; i < series->count; i++)
		series->slots[i] = slot_of(series, i);
	series->worth = worth;
	series->width = exp2(ldexp(1, -histogram->schema)) - 1;
	series->mean = mean;
	return 0;
}

/* What one of those in order adds to the mean; or whether it is above the level. */
static double part_of(const struct series *ordered, size_t i, double level)
{
	if (level <= 0)
		return (double)ordered->values[i];
	return ordered->values[i] > ordered->sorted[series_place(ordered, level)] ? 1 : 0;
}

/* So many of those in order say as much as an independent one; all of them where they are too few to tell. */
static double alike_in_order(const struct series *ordered, double level)
{
	size_t count = ordered->count, pieces = size_min(PIECES, count / 2);
	struct stretches singles = { 0 }, stretches = { 0 };

	for (size_t k = 0; k < pieces; k++) {
		size_t first = count * k / pieces, end = count * (k + 1) / pieces;
		double sum = 0;

		for (size_t i = first; i < end; i++) {
			double part = part_of(ordered, i, level);

			stretches_add(&singles, 1, part);
			sum += part;
		}
		stretches_add(&stretches, end - first, sum / (double)(end - first));
	}
	if (pieces < STRETCHES_LEAST)
		return (double)count;
	return fmax(1, stretches_alike(&stretches, singles.squares / (double)count));
}

/* Their order is known but will be lost; what it says of how much they resemble each other is kept. */
static int weigh_order(const struct course *course, double *worth)
{
	static const double levels[] = { 0.5, 0.9, 0 };
	struct series ordered = { 0 };
	double alike = 1;

	*worth = 0;
	if (course->count == 0)
		return 0;
	int result = init_ordered(&ordered, course);

	if (result < 0)
		return result;
	for (size_t j = 0; j < COUNT(levels); j++)
		alike = fmax(alike, alike_in_order(&ordered, levels[j]));
	*worth = fmax(1, (double)ordered.count / alike);
	series_done(&ordered);
	return 0;
}

/* Some in order and some not: then none are. */
static int init_mixed(struct series *series, const struct course *course)
{
	double count = (double)course_total(course);
	double mean = (course->sum + course->histogram_sum) / count;
	double worth = 0;
	struct histogram all;
	int result = weigh_order(course, &worth);

	if (result < 0)
		return result;
	if (histogram_copy(&all, &course->histogram) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < course->count; i++)
		for (uint64_t k = 0; k < course->stride; k++)
			histogram_record(&all, course->values[i]);
	result = init_unordered(series, &all, course->worth + worth, mean);
	histogram_done(&all);
	return result;
}

int series_init(struct series *series, const struct course *course)
{
	int result = 0;

	*series = (struct series){ 0 };
	if (course_total(course) == 0)
		return 0;
	result = course->histogram.count > 0 ? init_mixed(series, course)
	                                     : init_ordered(series, course);
	if (result == 0)
		sum_up(series);
	return result;
}

void series_done(struct series *series)
{
	free(series->sorted);
	free(series->values);
	free(series->slots);
	free(series->prefix);
	*series = (struct series){ 0 };
}

size_t series_place(const struct series *series, double q)
{
	uint64_t rank = histogram_rank(q, series->count);

	return rank > 0 ? (size_t)rank - 1 : 0;
}

double series_at(const struct series *series, double place)
{
	double last = (double)(series->count - 1);
	double here = fmax(0, fmin(place, last));
	size_t i = (size_t)here;
	double rest = here - (double)i;
	double low = (double)series->sorted[i];

	if (rest <= 0 || i + 1 == series->count)
		return low;
	return low + rest * ((double)series->sorted[i + 1] - low);
}
