/* SPDX-License-Identifier: MIT */
#include "load/tally.h"

static int times_init(struct load_times *times)
{
	return histogram_init(&times->histogram, HISTOGRAM_FINE);
}

int load_tally_init(struct load_tally *tally)
{
	*tally = (struct load_tally){ 0 };
	int result = times_init(&tally->corrected);

	if (result == 0)
		result = times_init(&tally->uncorrected);
	if (result == 0)
		result = times_init(&tally->lag);
	return result;
}

void load_tally_done(struct load_tally *tally)
{
	histogram_done(&tally->corrected.histogram);
	histogram_done(&tally->uncorrected.histogram);
	histogram_done(&tally->lag.histogram);
}

void load_times_add(struct load_times *times, int64_t ns)
{
	bool first = times->histogram.count == 0;

	histogram_record(&times->histogram, ns);
	times->min = first ? ns : span_min(times->min, ns);
	times->max = first ? ns : span_max(times->max, ns);
	times->sum += (double)ns;
}

double load_times_mean(const struct load_times *times)
{
	return times->histogram.count ? times->sum / (double)times->histogram.count : 0;
}

static void times_merge(struct load_times *into, struct load_times *from)
{
	if (from->histogram.count == 0)
		return;
	bool first = into->histogram.count == 0;

	into->min = first ? from->min : span_min(into->min, from->min);
	into->max = first ? from->max : span_max(into->max, from->max);
	into->sum += from->sum;
	histogram_merge(&into->histogram, &from->histogram);
}

void load_tally_merge(struct load_tally *into, struct load_tally *from)
{
	struct load_counts *a = &into->counts;
	const struct load_counts *b = &from->counts;

	a->sent += b->sent;
	a->answered += b->answered;
	a->lost += b->lost;
	a->refused += b->refused;
	a->reset += b->reset;
	a->corrupt += b->corrupt;
	a->unsent += b->unsent;
	a->late += b->late;
	a->duplicates += b->duplicates;
	a->connects += b->connects;
	a->connect_failures += b->connect_failures;
	a->bytes_out += b->bytes_out;
	a->bytes_in += b->bytes_in;
	times_merge(&into->corrected, &from->corrected);
	times_merge(&into->uncorrected, &from->uncorrected);
	times_merge(&into->lag, &from->lag);
}

static void times_clear(struct load_times *times)
{
	histogram_clear(&times->histogram);
	times->min = times->max = 0;
	times->sum = 0;
}

void load_tally_clear(struct load_tally *tally)
{
	tally->counts = (struct load_counts){ 0 };
	times_clear(&tally->corrected);
	times_clear(&tally->uncorrected);
	times_clear(&tally->lag);
}

uint64_t load_counts_failed(const struct load_counts *counts)
{
	return counts->lost + counts->refused + counts->reset + counts->corrupt +
	       counts->unsent;
}

uint64_t load_counts_settled(const struct load_counts *counts)
{
	return counts->answered + load_counts_failed(counts);
}
