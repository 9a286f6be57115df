/* SPDX-License-Identifier: MIT */
#include "report/load_progress.h"

#include <inttypes.h>

#include "core/clock.h"
#include "report/times.h"

static const char erased[] = "\r\033[K"; /* to the first column; away with the line */

double load_progress_rate(const struct load_progress *progress)
{
	if (progress->span <= 0)
		return 0;
	return (double)progress->tally->counts.answered * (double)NS_PER_SEC /
	       (double)progress->span;
}

void load_progress_print(FILE *out, const struct load_progress *progress)
{
	const struct load_times *times = times_told(progress->tally);

	(void)fprintf(out, "%s%" PRId64 "s: %.0f/s", erased, progress->elapsed / NS_PER_SEC,
	              load_progress_rate(progress));
	if (times->histogram.count > 0)
		(void)fprintf(out, ", p50 %.3f p99 %.3f ms",
		              span_ms((double)times_quantile(times, 0.5)),
		              span_ms((double)times_quantile(times, 0.99)));
	(void)fprintf(out, ", errors %" PRIu64, load_counts_failed(&progress->tally->counts));
	(void)fflush(out);
}

void load_progress_erase(FILE *out)
{
	(void)fputs(erased, out);
	(void)fflush(out);
}
