/* SPDX-License-Identifier: MIT */
/* stats -- what many round trips say together.
 *
 * Mean and deviation by Welford's recurrence; quantiles exact for the first thousand samples and by
 * histogram beyond; interarrival jitter as RFC 3550 section 6.4.1 defines it, with the round trip in
 * the place of the transit time.  Constant memory, allocated by stats_init() alone.
 */
#pragma once

#include "core/histogram.h"

struct stats {
	uint64_t count;
	int64_t min, max, last;
	double mean, squares; /* squares: sum of squared deviations from the mean */
	double jitter;
	int64_t *exact; /* the first samples themselves */
	size_t exact_room;
	struct histogram histogram; /* all of them; not made while expected fits in exact */
};

/* expected: how many samples will come at the most; 0 = no end in sight.  -ENOMEM. */
MUST_CHECK int stats_init(struct stats *stats, uint64_t expected);
void stats_done(struct stats *stats);

/* One round trip in ns, in order of arrival. */
void stats_add(struct stats *stats, int64_t rtt);

/* Standard deviation as iputils' mdev has it: over the population, in ns. */
double stats_mdev(const struct stats *stats);

/* True when the sample is large enough to have a q-quantile: at least one value above it. */
bool stats_supports(const struct stats *stats, double q);

/* The q-quantile by nearest rank, in ns. */
int64_t stats_quantile(struct stats *stats, double q);
