/* SPDX-License-Identifier: MIT */
/* stats -- what many round trips say together.
 *
 * Mean and deviation by Welford's recurrence; quantiles exact while the samples themselves are kept
 * and by histogram beyond; three jitters, because people mean three things by the word:
 *
 *   jitter  RFC 3550 6.4.1, the round trip in the place of the transit time: J += (|D| - J) / 16
 *   ipdv    RFC 3393 / 5481: the difference between consecutive probes, both answered, in whatever
 *           order; signed
 *   pdv     RFC 5481: above the minimum; its quantiles are those of the round trip less min
 *
 * Constant memory: a week takes what a minute takes.
 */
#pragma once

#include "core/histogram.h"

enum stats_thrift {
	STATS_AMPLE, /* 1024 exact samples; a fine histogram, made at once where more are expected */
	/* For thousands of them: 64 exact samples, of which all else is derived when asked for, if no more
	 * are expected; else a coarse histogram when more come. */
	STATS_FRUGAL,
};

/* Neighbours among the probes meet as long as no more than so many lie between their answers. */
enum { MOMENTS_RECENT = 16 };

struct moments {
	uint64_t count;
	int64_t min, max, last;
	double mean, mean_rest; /* rest: what a double of the mean's size has no room for */
	double squares;         /* sum of squared deviations from the mean */
	double jitter;
	struct {
		uint64_t sequence;
		int64_t rtt;
	} recent[MOMENTS_RECENT]; /* at sequence modulo their number */
	uint64_t ipdv_count;
	int64_t ipdv_min, ipdv_max; /* ns, signed */
	double ipdv_mean;           /* of the magnitudes, ns */
};

struct stats {
	uint64_t count;
	struct moments *moments; /* NULL: they follow from the exact samples alone */
	int64_t *exact;
	uint32_t exact_room;
	enum stats_thrift thrift;
	struct histogram *histogram; /* all of them; not made while they fit in exact */
};

/* expected: how many samples will come at the most; 0 = no end in sight.  -ENOMEM. */
MUST_CHECK int stats_init(struct stats *stats, uint64_t expected, enum stats_thrift thrift);
void stats_done(struct stats *stats);

/* The most memory it may come to hold besides itself, in bytes, if no more come than expected. */
size_t stats_bytes(uint64_t expected, enum stats_thrift thrift);

/* One round trip in ns of the probe with that sequence, in order of arrival.  The first sample that
 * no longer fits in exact makes the histogram, if there is none; where memory is short then, there
 * are no more quantiles, and all else goes on.  Of stats that could not be made nothing is kept, and
 * where few are expected frugally none beyond them when memory is short. */
void stats_add(struct stats *stats, uint64_t sequence, int64_t rtt);

/* What follows from all samples so far.  Sorts nothing, so it costs a pass over what is kept where
 * few samples are expected frugally. */
struct moments stats_moments(const struct stats *stats);

/* Standard deviation as iputils' mdev has it: over the population, in ns. */
double moments_mdev(const struct moments *moments);

/* Standard deviation of the sample (n - 1), and of the mean (sd / sqrt(n)), in ns; -1 where there
 * are fewer than 2. */
double moments_deviation(const struct moments *moments);
double moments_mean_error(const struct moments *moments);

/* True when the sample is large enough to have a q-quantile -- at least one value above it -- and
 * was remembered. */
bool stats_supports(const struct stats *stats, double q);

/* The q-quantile by nearest rank, in ns; 0 of none.  Beyond the exact samples: the middle of its
 * bucket. */
int64_t stats_quantile(struct stats *stats, double q);

/* Between which values the true q-quantile lies with at least 95 % confidence, whatever the
 * distribution: two order statistics, 2.5 % on either side.  Their ranks are those of the binomial
 * distribution while its variance n q (1 - q) is at most 256 (so for every n up to 1024), and of its
 * normal approximation beyond.  By histogram: the outer edges of their buckets.  False where so few
 * samples do not say, and for q of 0 or 1. */
bool stats_quantile_bounds(struct stats *stats, double q, int64_t *low, int64_t *high);

/* A histogram of all samples, whether one was kept or not; the caller's to done.  -ENOMEM, also when
 * they could not all be remembered. */
MUST_CHECK int stats_histogram(const struct stats *stats, struct histogram *out);

/* Between which ratios the true one lies with 95 % confidence, when hits of n were seen (Wilson's
 * score interval, without continuity correction); 0 to 1 when n is 0. */
struct ratio_bounds {
	double low, high;
};

struct ratio_bounds ratio_bounds(uint64_t hits, uint64_t n);
