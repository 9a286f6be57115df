/* SPDX-License-Identifier: MIT */
#include "core/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { EXACT_MAX = 1024 };

int stats_init(struct stats *stats, uint64_t expected)
{
	bool fits = expected > 0 && expected <= EXACT_MAX;

	*stats = (struct stats){ .exact_room = fits ? (size_t)expected : EXACT_MAX };
	stats->exact = calloc(stats->exact_room, sizeof(int64_t));
	if (!stats->exact)
		return -ENOMEM;
	return fits ? 0 : histogram_init(&stats->histogram);
}

void stats_done(struct stats *stats)
{
	free(stats->exact);
	histogram_done(&stats->histogram);
	*stats = (struct stats){ 0 };
}

static void add_jitter(struct stats *stats, int64_t rtt)
{
	if (stats->count > 0)
		stats->jitter += (fabs((double)(rtt - stats->last)) - stats->jitter) / 16;
	stats->last = rtt;
}

void stats_add(struct stats *stats, int64_t rtt)
{
	double delta = (double)rtt - stats->mean;

	add_jitter(stats, rtt);
	if (stats->count < stats->exact_room)
		stats->exact[stats->count] = rtt;
	if (stats->histogram.buckets)
		histogram_record(&stats->histogram, rtt);
	stats->min = stats->count == 0 || rtt < stats->min ? rtt : stats->min;
	stats->max = stats->count == 0 || rtt > stats->max ? rtt : stats->max;
	stats->count++;
	stats->mean += delta / (double)stats->count;
	stats->squares += delta * ((double)rtt - stats->mean);
}

double stats_mdev(const struct stats *stats)
{
	return stats->count ? sqrt(stats->squares / (double)stats->count) : 0;
}

bool stats_supports(const struct stats *stats, double q)
{
	/* The margin keeps 0.9 of 10 from failing by the last bit of a double. */
	return (double)stats->count * (1 - q) >= 1 - 1e-9;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t stats_quantile(struct stats *stats, double q)
{
	if (stats->count == 0)
		return 0;
	if (stats->count > stats->exact_room) {
		int64_t middle = histogram_quantile(&stats->histogram, q);

		/* The middle of a bucket may lie beyond what was ever seen. */
		return span_min(span_max(middle, stats->min), stats->max);
	}
	/* Nobody needs them in order of arrival: jitter was taken as they came. */
	qsort(stats->exact, (size_t)stats->count, sizeof(int64_t), compare);
	return stats->exact[(size_t)ceil(q * (double)stats->count - 1e-9) - 1];
}
