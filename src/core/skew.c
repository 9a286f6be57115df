/* SPDX-License-Identifier: MIT */
#include "core/skew.h"

#include <math.h>

enum { PAIRS = SKEW_BUCKETS * (SKEW_BUCKETS - 1) / 2 };

enum { GROWTH = 4 };

/* Memory is not made shorter than 32 of these. */
static const int64_t narrowest = NS_PER_SEC;

static void forget_bounds(struct skew *skew)
{
	skew->low = -SKEW_PRIOR;
	skew->high = SKEW_PRIOR;
}

void skew_init(struct skew *skew, int64_t grain)
{
	*skew = (struct skew){ .wander = SKEW_WANDER, .widest = SKEW_WIDEST, .grain = grain };
	forget_bounds(skew);
}

void skew_forget(struct skew *skew)
{
	skew->count = 0;
	skew->width = 0;
	forget_bounds(skew);
}

int64_t skew_span(const struct skew *skew)
{
	return skew->count > 0 ? mono_since(skew->buckets[skew->count - 1].start,
	                                    skew->buckets[0].start)
	                       : 0;
}

static double slope(struct skew_point from, struct skew_point to)
{
	return (double)(to.raw - from.raw) / (double)mono_since(to.at, from.at);
}

/* Which is lower once the rate is removed; of equals the later one, which says more of now. */
static struct skew_point lower(struct skew_point one, struct skew_point other, double rate)
{
	double grown = rate * (double)mono_since(other.at, one.at);

	return (double)(other.raw - one.raw) <= grown ? other : one;
}

static void merge(struct skew_bucket *into, const struct skew_bucket *from, double rate)
{
	into->forward = lower(into->forward, from->forward, rate);
	into->reverse = lower(into->reverse, from->reverse, -rate);
}

/* Half as many buckets, each twice as wide. */
static void merge_neighbours(struct skew *skew)
{
	int64_t whole =
		mono_since(skew->buckets[skew->count - 1].start, skew->buckets[0].start);

	for (size_t i = 0; i < skew->count / 2; i++) {
		struct skew_bucket merged = skew->buckets[2 * i];

		merge(&merged, &skew->buckets[2 * i + 1], skew->rate);
		skew->buckets[i] = merged;
	}
	skew->count /= 2;
	skew->width = span_min(whole / (SKEW_BUCKETS / 2), skew->widest);
}

static void forget_oldest(struct skew *skew, size_t many)
{
	skew->count -= many;
	for (size_t i = 0; i < skew->count; i++)
		skew->buckets[i] = skew->buckets[i + many];
}

static void make_room(struct skew *skew, struct mono now)
{
	size_t old = 0;

	while (old < skew->count &&
	       mono_since(now, skew->buckets[old].start) > SKEW_BUCKETS * skew->widest)
		old++;
	if (old > 0)
		forget_oldest(skew, old);
	if (skew->count < SKEW_BUCKETS)
		return;
	if (skew->width < skew->widest)
		merge_neighbours(skew);
	else
		forget_oldest(skew, 1);
}

static void swap(double *one, double *other)
{
	double kept = *one;

	*one = *other;
	*other = kept;
}

/* Puts those from first to last in two parts, of which the first ends where it says: all in it are no
 * greater than any in the second (Hoare). */
static size_t part(double *values, size_t first, size_t last)
{
	double pivot = values[first + (last - first) / 2];
	size_t i = first, j = last;

	for (;;) {
		while (i < last && values[i] < pivot)
			i++;
		while (j > first && values[j] > pivot)
			j--;
		if (i >= j)
			return j;
		swap(&values[i++], &values[j--]);
	}
}

/* The value that would be at rank if they were sorted (Hoare's FIND). */
static double select_rank(double *values, size_t count, size_t rank)
{
	size_t first = 0, last = count - 1;

	while (first < last) {
		size_t j = part(values, first, last);

		if (rank <= j)
			last = j;
		else
			first = j + 1;
	}
	return values[rank];
}

/* Of either direction: the slopes of the reverse points are the rate with its sign turned. */
static size_t collect_slopes(const struct skew *skew, size_t count, double *slopes)
{
	size_t n = 0;

	for (size_t j = 1; j < count; j++) {
		const struct skew_bucket *later = &skew->buckets[j];

		for (size_t i = 0; i < j; i++) {
			const struct skew_bucket *earlier = &skew->buckets[i];

			if (mono_before(earlier->forward.at, later->forward.at))
				slopes[n++] = slope(earlier->forward, later->forward);
			if (mono_before(earlier->reverse.at, later->reverse.at))
				slopes[n++] = -slope(earlier->reverse, later->reverse);
		}
	}
	return n;
}

static double median_slope(const struct skew *skew)
{
	double slopes[2 * PAIRS];
	/* A bucket that has only begun may not have met a quiet moment yet. */
	size_t whole = skew->width > 0 ? skew->count - 1 : skew->count;
	size_t n = collect_slopes(skew, whole, slopes);

	if (n == 0)
		return skew->rate;
	return (select_rank(slopes, n, (n - 1) / 2) + select_rank(slopes, n, n / 2)) / 2;
}

struct range {
	double low, high;
};

/* The true offset is at most what a forward point says, and at least what a reverse one does. */
struct limits {
	struct skew_point most, least;
};

static struct limits limits_of(const struct skew_bucket *bucket, int64_t grain)
{
	return (struct limits){ { bucket->forward.at, bucket->forward.raw + grain },
		                { bucket->reverse.at, -bucket->reverse.raw - grain } };
}

static void narrow(struct range *range, struct limits earlier, struct limits later)
{
	if (mono_before(earlier.least.at, later.most.at))
		range->high = fmin(range->high, slope(earlier.least, later.most));
	if (mono_before(earlier.most.at, later.least.at))
		range->low = fmax(range->low, slope(earlier.most, later.least));
}

static struct range mean_rates(const struct skew *skew)
{
	struct range range = { -SKEW_PRIOR, SKEW_PRIOR };

	for (size_t j = 1; j < skew->count; j++)
		for (size_t i = 0; i < j; i++)
			narrow(&range, limits_of(&skew->buckets[i], skew->grain),
			       limits_of(&skew->buckets[j], skew->grain));
	return range;
}

static void contradicted(struct skew *skew)
{
	forget_oldest(skew, skew->count - 1);
	skew->width = 0;
	skew->wander = fmin(skew->wander * GROWTH, SKEW_PRIOR);
	skew->widest = span_max(skew->widest / GROWTH, narrowest);
	skew->contradictions++;
	forget_bounds(skew);
}

static void estimate(struct skew *skew)
{
	struct range mean = mean_rates(skew);

	/* Each mean is within the wander of one value, and so is the rate of now. */
	if (mean.low - skew->wander > mean.high + skew->wander) {
		contradicted(skew);
		return;
	}
	skew->low = fmax(mean.low - 2 * skew->wander, -SKEW_PRIOR);
	skew->high = fmin(mean.high + 2 * skew->wander, SKEW_PRIOR);
	skew->rate = fmin(fmax(median_slope(skew), skew->low), skew->high);
}

bool skew_add(struct skew *skew, struct skew_point forward, struct skew_point reverse)
{
	struct skew_bucket one = { forward.at, forward, reverse };
	struct skew_bucket *newest = skew->count > 0 ? &skew->buckets[skew->count - 1] : NULL;

	if (newest && mono_since(forward.at, newest->start) < skew->width) {
		merge(newest, &one, skew->rate);
		return false;
	}
	make_room(skew, forward.at);
	skew->buckets[skew->count++] = one;
	estimate(skew);
	return true;
}
