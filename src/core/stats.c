/* SPDX-License-Identifier: MIT */
#include "core/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum {
	EXACT_AMPLE = 1024,
	EXACT_FRUGAL = 64,
	SPAN_BITS = 48, /* three days */
	SEQUENCE_MASK = 0x7fff,
};

#define SPAN_MASK ((INT64_C(1) << SPAN_BITS) - 1)

/* Of confidence intervals: 95 %, so 2.5 % in each tail. */
static const long double tail = 0.025L;
static const double z = 1.959963984540054;

/* Up to this variance the binomial distribution is summed, beyond it is as good as normal. */
static const double variance_summed = 256;

static uint32_t exact_room(uint64_t expected, enum stats_thrift thrift)
{
	uint32_t most = thrift == STATS_FRUGAL ? EXACT_FRUGAL : EXACT_AMPLE;

	return expected > 0 && expected < most ? (uint32_t)expected : most;
}

static int schema_of(enum stats_thrift thrift)
{
	return thrift == STATS_FRUGAL ? HISTOGRAM_COARSE : HISTOGRAM_FINE;
}

static bool fits(uint64_t expected, enum stats_thrift thrift)
{
	return expected > 0 && expected <= exact_room(expected, thrift);
}

/* So few that nothing but themselves need be kept. */
static bool is_bare(uint64_t expected, enum stats_thrift thrift)
{
	return thrift == STATS_FRUGAL && fits(expected, thrift);
}

size_t stats_bytes(uint64_t expected, enum stats_thrift thrift)
{
	return exact_room(expected, thrift) * sizeof(int64_t) +
	       (is_bare(expected, thrift) ? 0 : sizeof(struct moments)) +
	       (fits(expected, thrift)
	                ? 0
	                : sizeof(struct histogram) + histogram_bytes(schema_of(thrift)));
}

static struct histogram *histogram_new(int schema)
{
	struct histogram *histogram = calloc(1, sizeof(*histogram));

	if (histogram && histogram_init(histogram, schema) == 0)
		return histogram;
	free(histogram);
	return NULL;
}

int stats_init(struct stats *stats, uint64_t expected, enum stats_thrift thrift)
{
	bool bare = is_bare(expected, thrift),
	     fine = thrift == STATS_AMPLE && !fits(expected, thrift);
	struct stats made = { .exact_room = exact_room(expected, thrift), .thrift = thrift };

	made.exact = calloc(made.exact_room, sizeof(int64_t));
	if (!bare)
		made.moments = calloc(1, sizeof(struct moments));
	if (fine)
		made.histogram = histogram_new(schema_of(thrift));
	if (!made.exact || (!bare && !made.moments) || (fine && !made.histogram)) {
		stats_done(&made);
		return -ENOMEM;
	}
	*stats = made;
	return 0;
}

void stats_done(struct stats *stats)
{
	if (stats->histogram)
		histogram_done(stats->histogram);
	free(stats->histogram);
	free(stats->moments);
	free(stats->exact);
	*stats = (struct stats){ 0 };
}

/* A sample that stands for itself keeps the low bits of its sequence above its span, so that
 * neighbours are found. */
static int64_t pack(uint64_t sequence, int64_t rtt)
{
	return (int64_t)((sequence & SEQUENCE_MASK) << SPAN_BITS) | span_min(rtt, SPAN_MASK);
}

static int64_t span_of(int64_t packed)
{
	return packed & SPAN_MASK;
}

static uint64_t sequence_of(int64_t packed)
{
	return ((uint64_t)packed >> SPAN_BITS) | (SEQUENCE_MASK + 1); /* never 0 */
}

static int64_t exact_at(const struct stats *stats, size_t i)
{
	return stats->moments ? stats->exact[i] : span_of(stats->exact[i]);
}

static void record_exact(const struct stats *stats, struct histogram *histogram)
{
	for (size_t i = 0; i < stats->count; i++)
		histogram_record(histogram, exact_at(stats, i));
}

static void remember(struct stats *stats, uint64_t sequence, int64_t rtt)
{
	if (stats->count < stats->exact_room) {
		stats->exact[stats->count] = stats->moments ? rtt : pack(sequence, rtt);
	} else if (stats->count == stats->exact_room && !stats->histogram) {
		stats->histogram = histogram_new(schema_of(stats->thrift));
		if (!stats->histogram)
			return; /* what is missing from it once is missing for good */
		record_exact(stats, stats->histogram);
	}
	if (stats->histogram)
		histogram_record(stats->histogram, rtt);
}

/* The later probe's round trip less the earlier one's. */
static void add_ipdv(struct moments *moments, int64_t change)
{
	moments->ipdv_min = moments->ipdv_count ? span_min(moments->ipdv_min, change) : change;
	moments->ipdv_max = moments->ipdv_count ? span_max(moments->ipdv_max, change) : change;
	moments->ipdv_count++;
	moments->ipdv_mean +=
		(fabs((double)change) - moments->ipdv_mean) / (double)moments->ipdv_count;
}

/* A straggler meets the neighbour that overtook it. */
static void meet_neighbours(struct moments *moments, uint64_t sequence, int64_t rtt)
{
	size_t before = (sequence - 1) % MOMENTS_RECENT,
	       after = (sequence + 1) % MOMENTS_RECENT;
	size_t own = sequence % MOMENTS_RECENT;

	if (sequence > 1 && moments->recent[before].sequence == sequence - 1)
		add_ipdv(moments, rtt - moments->recent[before].rtt);
	if (moments->recent[after].sequence == sequence + 1)
		add_ipdv(moments, moments->recent[after].rtt - rtt);
	moments->recent[own].sequence = sequence;
	moments->recent[own].rtt = rtt;
}

/* Welford's recurrence.  After a thousand million samples a step of the mean may be less than its
 * last bit: the rest carries it on. */
static void add_to_mean(struct moments *moments, int64_t rtt)
{
	double delta = ((double)rtt - moments->mean) - moments->mean_rest;
	double step = delta / (double)moments->count + moments->mean_rest;
	double mean = moments->mean + step;

	moments->mean_rest = step - (mean - moments->mean);
	moments->mean = mean;
	moments->squares += delta * (((double)rtt - mean) - moments->mean_rest);
}

static void moments_add(struct moments *moments, uint64_t sequence, int64_t rtt)
{
	bool first = moments->count == 0;

	if (!first)
		moments->jitter += (fabs((double)(rtt - moments->last)) - moments->jitter) / 16;
	meet_neighbours(moments, sequence, rtt);
	moments->min = first ? rtt : span_min(moments->min, rtt);
	moments->max = first ? rtt : span_max(moments->max, rtt);
	moments->last = rtt;
	moments->count++;
	add_to_mean(moments, rtt);
}

struct moments stats_moments(const struct stats *stats)
{
	struct moments moments = { 0 };

	if (stats->moments)
		return *stats->moments;
	for (size_t i = 0; i < stats->count; i++)
		moments_add(&moments, sequence_of(stats->exact[i]), span_of(stats->exact[i]));
	return moments;
}

/* More come than were expected: from now on the samples alone do not tell. */
static bool keep_moments(struct stats *stats, uint64_t sequence)
{
	struct moments *moments = malloc(sizeof(*moments));

	if (!moments)
		return false;
	*moments = stats_moments(stats);
	for (size_t i = 0; i < stats->count; i++)
		stats->exact[i] = span_of(stats->exact[i]);
	/* Seen from the one that comes, their sequences are whole again. */
	for (size_t i = 0; i < MOMENTS_RECENT; i++)
		if (moments->recent[i].sequence)
			moments->recent[i].sequence =
				sequence -
				((sequence - moments->recent[i].sequence) & SEQUENCE_MASK);
	stats->moments = moments;
	return true;
}

void stats_add(struct stats *stats, uint64_t sequence, int64_t rtt)
{
	if (!stats->exact)
		return; /* there was no memory for statistics */
	if (!stats->moments && stats->count == stats->exact_room &&
	    !keep_moments(stats, sequence))
		return;
	remember(stats, sequence, rtt);
	if (stats->moments)
		moments_add(stats->moments, sequence, rtt);
	stats->count++;
}

double moments_mdev(const struct moments *moments)
{
	return moments->count ? sqrt(moments->squares / (double)moments->count) : 0;
}

double moments_deviation(const struct moments *moments)
{
	return moments->count < 2 ? -1 : sqrt(moments->squares / (double)(moments->count - 1));
}

double moments_mean_error(const struct moments *moments)
{
	return moments->count < 2 ? -1
	                          : moments_deviation(moments) / sqrt((double)moments->count);
}

static bool is_exact(const struct stats *stats)
{
	return stats->count <= stats->exact_room;
}

bool stats_supports(const struct stats *stats, double q)
{
	if (!is_exact(stats) && !stats->histogram)
		return false;
	return quantile_is_supported(stats->count, q);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Their order is kept where it tells the jitter. */
struct sorted {
	int64_t copy[EXACT_FRUGAL];
	const int64_t *exact;
};

static void sort_exact(const struct stats *stats, struct sorted *sorted)
{
	int64_t *exact = stats->moments ? stats->exact : sorted->copy;

	for (size_t i = 0; i < stats->count && !stats->moments; i++)
		exact[i] = exact_at(stats, i);
	qsort(exact, (size_t)stats->count, sizeof(int64_t), compare);
	sorted->exact = exact;
}

/* An estimate from buckets may lie beyond what was ever seen. */
static int64_t within_seen(const struct stats *stats, int64_t value)
{
	return span_min(span_max(value, stats->moments->min), stats->moments->max);
}

int64_t stats_quantile(struct stats *stats, double q)
{
	struct sorted sorted;

	if (stats->count == 0 || (!is_exact(stats) && !stats->histogram))
		return 0;
	if (!is_exact(stats))
		return within_seen(stats, histogram_quantile(stats->histogram, q));
	sort_exact(stats, &sorted);
	return sorted.exact[histogram_rank(q, stats->count) - 1];
}

/* Ranks of order statistics: the true quantile is not below the low-th smallest of n and not above
 * the high-th. */
struct ranks {
	uint64_t low, high; /* low 0, or high above n: there is none */
};

/* How many of n samples lie below the true p-quantile is binomial: sums its tails.  p <= 1/2, so
 * that the sum begins within the range of a long double. */
static struct ranks ranks_summed(uint64_t n, double p)
{
	long double odds = (long double)p / (1 - (long double)p);
	long double chance = powl(1 - (long double)p, (long double)n), sum = chance;
	uint64_t low = 0, below = 0;

	for (; below < n && sum < 1 - tail; below++) {
		low += sum <= tail;
		chance *= (long double)(n - below) / (long double)(below + 1) * odds;
		sum += chance;
	}
	return (struct ranks){ low, below + 1 };
}

static struct ranks ranks_normal(uint64_t n, double p)
{
	double middle = p * (double)n + 0.5, reach = z * sqrt(p * (1 - p) * (double)n);

	return (struct ranks){ (uint64_t)floor(middle - reach),
		               (uint64_t)ceil(middle + reach) };
}

static struct ranks ranks_of(uint64_t n, double q)
{
	/* Counted from the nearer end. */
	double p = q <= 0.5 ? q : 1 - q;
	struct ranks ranks = p * (1 - p) * (double)n <= variance_summed ? ranks_summed(n, p)
	                                                                : ranks_normal(n, p);

	return q <= 0.5 ? ranks : (struct ranks){ n + 1 - ranks.high, n + 1 - ranks.low };
}

static int64_t lower_edge(const struct histogram *histogram, uint64_t rank)
{
	int i = histogram_bucket_at(histogram, rank);

	return i == HISTOGRAM_ZERO ? INT64_MIN : histogram_edge(histogram->schema, i - 1);
}

static int64_t upper_edge(const struct histogram *histogram, uint64_t rank)
{
	int i = histogram_bucket_at(histogram, rank);

	if (i == HISTOGRAM_ZERO)
		return 0;
	return i < histogram_highest(histogram->schema) ? histogram_edge(histogram->schema, i)
	                                                : INT64_MAX;
}

bool stats_quantile_bounds(struct stats *stats, double q, int64_t *low, int64_t *high)
{
	if (q <= 0 || q >= 1 || (!is_exact(stats) && !stats->histogram))
		return false;
	struct ranks ranks = ranks_of(stats->count, q);
	struct sorted sorted;

	if (ranks.low == 0 || ranks.high > stats->count)
		return false;
	if (is_exact(stats)) {
		sort_exact(stats, &sorted);
		*low = sorted.exact[ranks.low - 1];
		*high = sorted.exact[ranks.high - 1];
	} else {
		*low = within_seen(stats, lower_edge(stats->histogram, ranks.low));
		*high = within_seen(stats, upper_edge(stats->histogram, ranks.high));
	}
	return true;
}

int stats_histogram(const struct stats *stats, struct histogram *out)
{
	if (stats->histogram)
		return histogram_copy(out, stats->histogram);
	if (!is_exact(stats) || histogram_init(out, schema_of(stats->thrift)) < 0)
		return -ENOMEM;
	record_exact(stats, out);
	return 0;
}

struct ratio_bounds ratio_bounds(uint64_t hits, uint64_t n)
{
	if (n == 0)
		return (struct ratio_bounds){ 0, 1 };
	double count = (double)n, ratio = (double)hits / count, share = z * z / count;
	double middle = (ratio + share / 2) / (1 + share);
	double reach = z / (1 + share) * sqrt((ratio * (1 - ratio) + share / 4) / count);

	/* At either end one bound is the end itself, but for rounding. */
	return (struct ratio_bounds){ hits == 0 ? 0 : middle - reach,
		                      hits == n ? 1 : middle + reach };
}
