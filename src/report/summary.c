/* SPDX-License-Identifier: MIT */
#include "report/summary.h"

#include <inttypes.h>
#include <stdlib.h>

#include "report/words.h"

enum { OUTAGES_SHOWN = 5 };

static const struct quantile {
	double q;
	const char *name;
} quantiles[] = {
	{ 0.5, "p50" },
	{ 0.9, "p90" },
	{ 0.99, "p99" },
	{ 0.999, "p99.9" },
};

static double quantile_ms(struct stats *stats, double q)
{
	return span_ms((double)stats_quantile(stats, q));
}

static void print_loss(FILE *out, const struct tally *tally)
{
	double loss = tally_loss(tally);

	if (loss >= 0)
		(void)fprintf(out, ", %s packet loss", share_text(loss).text);
}

void summary_counts(FILE *out, const struct tally *tally, int64_t elapsed)
{
	uint64_t awaited = tally_awaited(tally);

	(void)fprintf(out, "%" PRIu64 " packets transmitted, %" PRIu64 " received",
	              tally->transmitted, tally->received);
	if (awaited > 0)
		(void)fprintf(out, ", %" PRIu64 " still awaited", awaited);
	print_loss(out, tally);
	(void)fprintf(out, ", time %" PRId64 "ms\n", elapsed / NS_PER_MS);
}

static void print_rtt(FILE *out, const struct moments *moments)
{
	(void)fprintf(out, "min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms",
	              span_ms((double)moments->min), span_ms(moments->mean),
	              span_ms((double)moments->max), span_ms(moments_mdev(moments)));
}

void summary_rtt(FILE *out, const struct moments *moments)
{
	if (moments->count == 0)
		return;
	(void)fputs("rtt ", out);
	print_rtt(out, moments);
	(void)fputc('\n', out);
}

/* Only the quantiles that so many samples can have. */
static void print_quantiles(FILE *out, struct stats *stats)
{
	size_t count = 0;

	while (count < COUNT(quantiles) && stats_supports(stats, quantiles[count].q))
		count++;
	for (size_t i = 0; i < count; i++)
		(void)fprintf(out, "%s%s", i ? "/" : "rtt ", quantiles[i].name);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(out, "%s%.3f", i ? "/" : " = ",
		              quantile_ms(stats, quantiles[i].q));
	if (count > 0)
		(void)fputs(" ms\n", out);
}

/* The magnitudes alone: people read a sign as an error. */
static void print_ipdv(FILE *out, const struct moments *moments)
{
	int64_t most = span_max(llabs(moments->ipdv_min), llabs(moments->ipdv_max));

	if (moments->ipdv_count > 0)
		(void)fprintf(out, " · ipdv avg/max = %.3f/%.3f ms",
		              span_ms(moments->ipdv_mean), span_ms((double)most));
}

static void print_pdv(FILE *out, struct stats *stats, const struct moments *moments)
{
	bool p99 = stats_supports(stats, 0.99);
	double min = span_ms((double)moments->min);

	(void)fprintf(out, " · pdv p50/%smax = %.3f", p99 ? "p99/" : "",
	              quantile_ms(stats, 0.5) - min);
	if (p99)
		(void)fprintf(out, "/%.3f", quantile_ms(stats, 0.99) - min);
	(void)fprintf(out, "/%.3f ms", span_ms((double)moments->max) - min);
}

static void print_jitters(FILE *out, struct stats *stats, const struct moments *moments)
{
	if (stats->count < 2)
		return;
	(void)fprintf(out, "jitter %.3f ms (RFC 3550)", span_ms(moments->jitter));
	print_ipdv(out, moments);
	print_pdv(out, stats, moments);
	(void)fputc('\n', out);
}

/* How far the figures can be trusted. */
static void print_confidence(FILE *out, struct target *target, const struct moments *moments)
{
	const struct tally *tally = &target->tally;
	uint64_t settled = tally->received + tally->lost + tally->refused;
	struct ratio_bounds loss = ratio_bounds(settled - tally->received, settled);
	struct stats *stats = &target->stats;
	static const struct quantile told[] = { { 0.5, "p50" }, { 0.99, "p99" } };

	if (settled > 0)
		(void)fprintf(out, "loss between %s and %s (95 %% confidence)\n",
		              share_text(loss.low).text, share_text(loss.high).text);
	for (size_t i = 0; i < COUNT(told); i++) {
		int64_t low, high;

		if (stats_supports(stats, told[i].q) &&
		    stats_quantile_bounds(stats, told[i].q, &low, &high))
			(void)fprintf(out, "%s between %.3f and %.3f ms (95 %% confidence)\n",
			              told[i].name, span_ms((double)low),
			              span_ms((double)high));
	}
	if (stats->count > 1)
		(void)fprintf(out, "deviation of the mean %.4f ms\n",
		              span_ms(moments_mean_error(moments)));
}

void summary_rare(FILE *out, const struct tally *tally)
{
	const struct {
		uint64_t count;
		const char *name;
		uint64_t of; /* what a share is told of; 0 = none is */
	} rare[] = {
		{ tally->duplicates, "duplicates", 0 },
		{ tally->late, "late", 0 },
		{ tally->reordered, "reordered", 0 },
		{ tally->refused, "refused", 0 },
		{ tally->unsent, "unsent", tally->transmitted + tally->unsent },
		{ tally->junk, "junk", 0 },
		{ tally->retransmissions, "retransmitted", 0 },
		{ tally->syn_lost, "SYN retransmitted", 0 },
		{ tally->unmeasured, "answered, nobody saw when", 0 },
	};
	const char *separator = "";

	for (size_t i = 0; i < COUNT(rare); i++) {
		if (rare[i].count == 0)
			continue;
		(void)fprintf(out, "%s%" PRIu64 " %s", separator, rare[i].count, rare[i].name);
		if (rare[i].of > 0)
			(void)fprintf(
				out, " (%s)",
				share_text((double)rare[i].count / (double)rare[i].of).text);
		separator = ", ";
	}
	if (*separator)
		(void)fputc('\n', out);
}

static void print_outages(FILE *out, const struct target *target)
{
	const struct losses *losses = &target->losses;
	size_t count = losses_count(losses);

	for (size_t i = count - size_min(count, OUTAGES_SHOWN); i < count; i++) {
		const struct loss_run *run = losses_at(losses, i);

		(void)fprintf(out,
		              "  seq=%" PRIu64 ": %" PRIu64 " in a row, %s after the start, "
		              "for %s\n",
		              run->first, run->length,
		              span_text_ms(mono_since(run->start, target->first)).text,
		              span_text_ms(run->span).text);
	}
}

static void print_losses(FILE *out, const struct target *target, bool verbose)
{
	struct loss_counts counts = losses_counts(&target->losses);

	if (counts.runs == 0)
		return;
	(void)fprintf(out,
	              "%" PRIu64 " loss run%s, %" PRIu64 " of more than one, longest %" PRIu64
	              "\n",
	              counts.runs, counts.runs == 1 ? "" : "s", counts.outages, counts.longest);
	if (verbose)
		print_outages(out, target);
}

void summary_stamps(FILE *out, const struct tally *tally, enum taker tx, enum taker rx)
{
	const struct {
		enum taker taker;
		uint64_t count;
	} takers[] = {
		{ TAKEN_HARDWARE, tally->by_hardware },
		{ TAKEN_KERNEL, tally->by_kernel },
		{ TAKEN_USER, tally->by_user },
	};
	enum taker promised = tx > rx ? tx : rx; /* as far as they were asked for */
	bool otherwise = tally->distrusted > 0;
	const char *separator = "timestamps: ";

	for (size_t i = 0; i < COUNT(takers); i++)
		otherwise |= takers[i].count > 0 && takers[i].taker != promised;
	for (size_t i = 0; otherwise && i < COUNT(takers); i++) {
		if (takers[i].count == 0)
			continue;
		(void)fprintf(out, "%s%" PRIu64 " by %s", separator, takers[i].count,
		              taker_word(takers[i].taker));
		separator = ", ";
	}
	if (tally->distrusted > 0)
		(void)fprintf(out, "%s%" PRIu64 " contradicted the clock", separator,
		              tally->distrusted);
	if (otherwise)
		(void)fputc('\n', out);
}

void summary_lag(FILE *out, const struct tally *tally, bool verbose)
{
	if (tally->worst_lag > NS_PER_MS || verbose)
		(void)fprintf(out, "sent up to %.3f ms later than due\n",
		              span_ms((double)tally->worst_lag));
}

void summary_brief(FILE *out, const struct tally *tally, const struct moments *moments)
{
	(void)fprintf(out, "%" PRIu64 "/%" PRIu64 " packets", tally->received,
	              tally->transmitted);
	print_loss(out, tally);
	if (moments->count == 0)
		return;
	(void)fputs(", ", out);
	print_rtt(out, moments);
}

void summary_line(FILE *out, const struct target *target)
{
	struct moments moments = stats_moments(&target->stats);

	(void)fprintf(out, "%s: ", target->name);
	summary_brief(out, &target->tally, &moments);
	(void)fputc('\n', out);
}

void summary_print(FILE *out, struct target *target, bool verbose)
{
	struct stats *stats = &target->stats;
	struct moments moments = stats_moments(stats);
	const struct tally *tally = &target->tally;
	int64_t elapsed =
		mono_known(target->last) ? mono_since(target->last, target->first) : 0;

	(void)fprintf(out, "\n--- %s ping statistics ---\n", target->name);
	summary_counts(out, tally, elapsed);
	summary_rtt(out, &moments);
	print_quantiles(out, stats);
	print_jitters(out, stats, &moments);
	if (verbose)
		print_confidence(out, target, &moments);
	summary_rare(out, tally);
	print_losses(out, target, verbose);
	summary_stamps(out, tally, target->tx, target->rx);
	summary_lag(out, tally, verbose);
}
