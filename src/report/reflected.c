/* SPDX-License-Identifier: MIT */
#include "report/reflected.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "probe/reflection.h"
#include "report/words.h"

enum {
	DSCP_SHIFT = 2,
	ECN = 3,
	TTL_CONSTANT = 255,
	DECIMALS_MOST = 3, /* of a millisecond */
	PPM_MOST = 100,    /* what is known less well than clocks differ is not told */
};

#define SECONDS_FROM (10 * NS_PER_SEC)

void reflected_line(FILE *out, const struct target *target, const struct sample *sample)
{
	const struct oneway_result *latest = &target->reflection->latest;

	if (sample->fate != FATE_ANSWERED || latest->verdict == ONEWAY_IMPOSSIBLE)
		return;
	(void)fprintf(
		out, " (forward %.3f..%.3f, reverse %.3f..%.3f, residence %.3f)",
		span_ms((double)latest->forward.low), span_ms((double)latest->forward.high),
		span_ms((double)latest->reverse.low), span_ms((double)latest->reverse.high),
		span_ms((double)latest->residence));
}

/* --- loss --- */

static void print_counts(FILE *out, const struct direction_counts *counts)
{
	if (counts->is_known)
		(void)fprintf(out, "lost forward %" PRIu64 ", reverse %" PRIu64,
		              counts->forward_lost, counts->reverse_lost);
	if (counts->is_known && counts->undetermined > 0)
		(void)fprintf(out, ", undetermined %" PRIu64, counts->undetermined);
}

void reflected_interval(FILE *out, const struct interval *interval)
{
	if (!interval->direction_told || !interval->direction.is_known)
		return;
	(void)fputs(", ", out);
	print_counts(out, &interval->direction);
}

/* It copies our numbers, or it counts and has missed none so far. */
static void print_unknown(FILE *out, uint64_t undetermined, bool verbose)
{
	if (undetermined > 0)
		(void)fprintf(out,
		              "which way they were lost is not known: the reflector's numbers "
		              "repeat ours (undetermined %" PRIu64 ")\n",
		              undetermined);
	else if (verbose)
		(void)fputs("the reflector's numbers repeat ours: it copies them, or misses "
		            "none\n",
		            out);
}

static void print_loss(FILE *out, const struct reflection *reflection, bool verbose)
{
	struct direction_counts counts = direction_counts(&reflection->direction);

	if (!counts.is_known) {
		print_unknown(out, counts.undetermined, verbose);
		return;
	}
	print_counts(out, &counts);
	if (reflection->direction.restarts > 0)
		(void)fprintf(out, "; the reflector began to count anew %" PRIu64 " times",
		              reflection->direction.restarts);
	(void)fputc('\n', out);
}

/* --- delay and its variation --- */

static void print_quantiles(FILE *out, struct stats *stats)
{
	bool p99 = stats_supports(stats, 0.99);

	(void)fprintf(out, "p50/%smax = %.3f", p99 ? "p99/" : "",
	              span_ms((double)stats_quantile(stats, 0.5)));
	if (p99)
		(void)fprintf(out, "/%.3f", span_ms((double)stats_quantile(stats, 0.99)));
	(void)fprintf(out, "/%.3f ms", span_ms((double)stats_moments(stats).max));
}

static void print_variation(FILE *out, const char *name, struct variation *variation)
{
	if (variation->pdv.count < 2)
		return;
	(void)fprintf(out, "%s pdv ", name);
	print_quantiles(out, &variation->pdv);
	if (variation->ipdv_count > 0)
		(void)fprintf(out, " · ipdv avg/max = %.3f/%.3f ms",
		              span_ms(variation->ipdv_mean),
		              span_ms((double)variation->ipdv_max));
	(void)fputc('\n', out);
}

static void print_residence(FILE *out, struct reflection *reflection)
{
	struct stats *stats = &reflection->residence.pdv;

	if (stats->count == 0)
		return;
	(void)fputs("residence ", out);
	print_quantiles(out, stats);
	if (reflection->followed > 0)
		(void)fprintf(out, ", %" PRIu64 " of %" PRIu64 " followed up",
		              reflection->followed, stats->count);
	(void)fputc('\n', out);
}

/* What a person may take the bounds for. */
static const char *knowledge_text(enum oneway_knowledge knowledge)
{
	switch (knowledge) {
	case ONEWAY_NOTHING:
		return "one-way delay is not known: no reply had times that can be";
	case ONEWAY_BY_ROUND_TRIP:
		return "the clocks are not both synchronised: one-way delay is known within half "
		       "the least round trip";
	case ONEWAY_BY_DECLARATION:
		return "both clocks are declared synchronised, and the stamps agree: one-way delay "
		       "is known within the sum of their errors";
	case ONEWAY_CONTRADICTED:
		return "both clocks are declared synchronised, but the stamps disprove it: one-way "
		       "delay is known within half the least round trip";
	case ONEWAY_AFTER_STEP:
		return "a clock was set lately: one-way delay is known by the few round trips "
		       "since";
	case ONEWAY_UNSTEADY:
		return "the far clock's rate changes more than clocks do: one-way delay is known "
		       "within wide bounds";
	}
	return "";
}

/* The bounds of what a direction takes at least: those of a probe, less what it took more. */
static void print_least(FILE *out, const char *way, const struct oneway_delay *delay)
{
	int64_t more = span_max(delay->pdv, 0);

	(void)fprintf(out, "%s %.3f..%.3f", way,
	              span_ms((double)span_max(delay->low - more, 0)),
	              span_ms((double)span_max(delay->high - more, 0)));
}

static void print_delays(FILE *out, const struct reflection *reflection)
{
	const struct oneway_result *newest = &reflection->newest;

	if (newest->verdict == ONEWAY_IMPOSSIBLE)
		return;
	print_least(out, "least one-way delay forward", &newest->forward);
	print_least(out, ", reverse", &newest->reverse);
	(void)fputs(" ms\n", out);
}

/* With the departures that were told afterwards in place of T3. */
static void print_better(FILE *out, struct reflection *reflection)
{
	if (reflection->followed == 0)
		return;
	(void)fputs("rtt followed up ", out);
	print_quantiles(out, &reflection->rtt);
	(void)fputc('\n', out);
}

/* How many decimals of a millisecond are known of what may be off by so much. */
static int decimals_of(int64_t bound)
{
	int decimals = DECIMALS_MOST;

	for (int64_t unit = 100 * NS_PER_US; decimals > 0 && bound >= unit; unit *= 10)
		decimals--;
	return decimals;
}

static void print_offset(FILE *out, const struct oneway_clock *clock)
{
	int decimals = decimals_of(clock->bound);
	const char *way = clock->offset < 0 ? "behind" : "ahead";
	double ms = fabs(span_ms((double)clock->offset));

	(void)fputs("far clock ", out);
	if (llabs(clock->offset) >= SECONDS_FROM)
		(void)fprintf(out, "%.*f s", decimals + DECIMALS_MOST, ms / 1000);
	else
		(void)fprintf(out, "%.*f ms", decimals, ms);
	(void)fprintf(out, " %s ± %.3f ms", way, span_ms((double)clock->bound));
}

static void print_clock(FILE *out, const struct reflection *reflection)
{
	struct oneway_clock clock = oneway_clock(&reflection->oneway);

	if (clock.knowledge != ONEWAY_NOTHING) {
		print_offset(out, &clock);
		if (clock.skew_bound_ppm < PPM_MOST)
			(void)fprintf(out, ", its rate %+.1f ± %.1f ppm", clock.skew_ppm,
			              clock.skew_bound_ppm);
		if (clock.steps > 0)
			(void)fprintf(out, ", set %" PRIu64 " times, last by %+.3f ms",
			              clock.steps, span_ms((double)clock.last_step));
		(void)fputc('\n', out);
	}
	(void)fprintf(out, "(%s)\n", knowledge_text(clock.knowledge));
	if (clock.impossible > 0)
		(void)fprintf(out,
		              "%" PRIu64
		              " replies with times that cannot be: their round trips "
		              "include the residence\n",
		              clock.impossible);
}

/* --- how packets were treated --- */

static void print_marking(FILE *out, const char *what, const struct marking *marking)
{
	if (marking->rewritten > 0)
		(void)fprintf(out,
		              "%s: DSCP/ECN rewritten in %" PRIu64 " of %" PRIu64
		              ", %d/%d arrived as %d/%d\n",
		              what, marking->rewritten, marking->seen,
		              marking->left >> DSCP_SHIFT, marking->left & ECN,
		              marking->arrived >> DSCP_SHIFT, marking->arrived & ECN);
	if (marking->congested > 0)
		(void)fprintf(out, "%s: congestion experienced by %" PRIu64 " of %" PRIu64 "\n",
		              what, marking->congested, marking->seen);
}

static void print_ttl(FILE *out, const struct reflection *reflection)
{
	if (reflection->ttl_out < 0)
		return;
	if (reflection->ttl_out == TTL_CONSTANT)
		(void)fputs("forward: ttl 255 on arrival, or not told\n", out);
	else
		(void)fprintf(out, "forward: ttl %d on arrival\n", reflection->ttl_out);
}

/* What the replies lack, and what was sent that counts nowhere. */
static void print_details(FILE *out, const struct reflection *reflection)
{
	print_ttl(out, reflection);
	if (reflection->extent == REFLECTION_PLAIN)
		(void)fputs("the reflector does not know RFC 8972: no SSID, no extensions\n",
		            out);
	if (reflection->closings > 0)
		(void)fprintf(out,
		              "%" PRIu64 " more sent at the end, uncounted: which way the last "
		              "were lost\n",
		              reflection->closings);
}

void reflected_print(FILE *out, struct target *target, bool verbose)
{
	struct reflection *reflection = target->reflection;

	if (reflection->direction.whole.received == 0)
		return;
	print_loss(out, reflection, verbose);
	print_better(out, reflection);
	print_delays(out, reflection);
	print_variation(out, "forward", &reflection->forward);
	print_variation(out, "reverse", &reflection->reverse);
	print_residence(out, reflection);
	print_clock(out, reflection);
	print_marking(out, "forward", &reflection->out);
	print_marking(out, "reverse", &reflection->back);
	if (verbose)
		print_details(out, reflection);
}
