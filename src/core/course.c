/* SPDX-License-Identifier: MIT */
#include "core/course.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { ROOM_AT_FIRST = 1024 };

static const uint64_t counted_most = UINT64_C(1) << 62;

void course_init(struct course *course)
{
	*course = (struct course){ .stride = 1 };
	random_seed(&course->random, 1); /* the same file gives the same result */
}

void course_done(struct course *course)
{
	free(course->values);
	histogram_done(&course->histogram);
	*course = (struct course){ 0 };
}

/* Of every two one is kept. */
static void thin(struct course *course)
{
	size_t pairs = course->count / 2;

	for (size_t i = 0; i < pairs; i++)
		course->values[i] =
			course->values[2 * i + (random_next(&course->random) >> 63)];
	course->count = pairs;
	course->stride *= 2;
}

static int make_room(struct course *course, size_t most)
{
	size_t room = course->room ? course->room * 2 : ROOM_AT_FIRST;

	if (course->count < course->room)
		return 0;
	if (course->room >= most) {
		thin(course);
		return 0;
	}
	room = size_min(room, most);
	int64_t *values = reallocarray(course->values, room, sizeof(*values));

	if (!values)
		return -ENOMEM;
	course->values = values;
	course->room = room;
	return 0;
}

/* There is room for the one of it that will be kept. */
static int begin_stride(struct course *course, size_t most)
{
	int result = make_room(course, most);

	course->chosen = random_next(&course->random) % course->stride;
	return result;
}

int course_add(struct course *course, int64_t ns, size_t most)
{
	int result = course->met == 0 ? begin_stride(course, most) : 0;

	if (result < 0)
		return result;
	if (course->met == course->chosen)
		course->values[course->count++] = ns;
	course->met = (course->met + 1) % course->stride;
	course->total++;
	course->sum += (double)ns;
	return 0;
}

static bool is_possible(const struct course_counts *counts)
{
	if (counts->schema < HISTOGRAM_COARSEST || counts->schema > HISTOGRAM_FINEST)
		return false;
	int64_t last = (int64_t)counts->offset + (int64_t)counts->length - 1;

	return counts->length == 0 || (counts->offset >= histogram_lowest(counts->schema) &&
	                               last <= histogram_highest(counts->schema));
}

/* How many there are, or one more than may be. */
static uint64_t sum_of(const struct course_counts *counts)
{
	uint64_t most = counted_most + 1, sum = count_least(counts->zero, most);

	for (size_t k = 0; k < counts->length && sum < most; k++)
		sum += count_least(counts->counts[k], most);
	return count_least(sum, most);
}

static void fill(struct histogram *histogram, const struct course_counts *counts, uint64_t sum)
{
	/* without a bucket the offset is any number */
	int first = counts->length > 0 ? counts->offset - histogram_lowest(counts->schema) : 0;

	for (size_t k = 0; k < counts->length; k++)
		histogram->buckets[(size_t)first + k] = counts->counts[k];
	histogram->zero = counts->zero;
	histogram->count = sum;
}

/* By how much two of them, taken at random, differ on average (Gini's mean difference), in ns: between the
 * middles of two buckets lies what is below and what is above, and they meet so often. */
static double pairs_of(const struct course_counts *counts, uint64_t sum)
{
	double below = (double)counts->zero, all = (double)sum, pairs = 0;

	for (size_t k = 0; k + 1 < counts->length; k++) {
		int i = counts->offset + (int)k;
		int64_t low = histogram_edge(counts->schema, i - 1);
		int64_t high = histogram_edge(counts->schema, i + 1);

		below += (double)counts->counts[k];
		pairs += below * (all - below) * (double)(high - low) / 2;
	}
	return 2 * pairs / all / all;
}

static double square_of(double from, double mean)
{
	return (from - mean) * (from - mean);
}

/* Of the middles of the buckets. */
static double variance_of(const struct course_counts *counts, uint64_t sum)
{
	double squares = (double)counts->zero * square_of(0, counts->mean);

	for (size_t k = 0; k < counts->length; k++) {
		int i = counts->offset + (int)k;
		double low = (double)histogram_edge(counts->schema, i - 1);
		double high = (double)histogram_edge(counts->schema, i);

		squares +=
			(double)counts->counts[k] * square_of((low + high) / 2, counts->mean);
	}
	return squares / (double)sum;
}

/* Of a run that is known by its stretches. */
static double worth_of_stretches(const struct course_counts *counts, uint64_t sum)
{
	double alike = stretches_alike(counts->stretches, variance_of(counts, sum));

	return alike > 0 ? fmax(1, (double)sum / alike) : 1;
}

/* Of a normal first-order process with correlation r neighbours differ sqrt(1 - r) times as much as pairs,
 * and n of it are worth n (1 - r) / (1 + r). */
static double worth_of(const struct course_counts *counts, uint64_t sum)
{
	if (counts->stretches)
		return worth_of_stretches(counts, sum);
	double pairs = pairs_of(counts, sum);

	if (counts->neighbours < 0 || pairs <= 0)
		return (double)sum;
	double ratio = fmin(counts->neighbours / pairs, 1);
	double r = 1 - ratio * ratio;

	return fmax(1, (double)sum * (1 - r) / (1 + r));
}

int course_add_counts(struct course *course, const struct course_counts *counts)
{
	uint64_t sum = is_possible(counts) ? sum_of(counts) : 0;
	struct histogram added;

	if (sum == 0)
		return -EINVAL;
	if (sum > counted_most || course->histogram.count > counted_most - sum)
		return -ERANGE;
	if (histogram_init(&added, counts->schema) < 0)
		return -ENOMEM;
	fill(&added, counts, sum);
	if (course->histogram.buckets) {
		histogram_merge(&course->histogram, &added);
		histogram_done(&added);
	} else {
		course->histogram = added;
	}
	course->histogram_sum += counts->mean * (double)sum;
	course->worth += worth_of(counts, sum);
	return 0;
}

uint64_t course_total(const struct course *course)
{
	return course->total + course->histogram.count;
}
