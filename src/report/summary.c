/* SPDX-License-Identifier: MIT */
#include "report/summary.h"

#include <inttypes.h>
#include <string.h>

/* Three digits, but never "100" while something was answered. */
static void print_loss(FILE *out, const struct tally *tally)
{
	double loss = tally_loss(tally) * 100;
	char digits[32] = { 0 };

	if (loss < 0)
		return;
	for (int precision = 3; precision < 12; precision++) {
		(void)snprintf(digits, sizeof(digits), "%.*g", precision, loss);
		if (loss >= 100 || strncmp(digits, "100", 3) != 0)
			break;
	}
	(void)fprintf(out, ", %s%% packet loss", digits);
}

static uint64_t awaited(const struct tally *tally)
{
	return tally->transmitted - tally->received - tally->lost - tally->refused;
}

static void print_counts(FILE *out, const struct target *target)
{
	const struct tally *tally = &target->tally;
	int64_t elapsed =
		mono_known(target->last) ? mono_since(target->last, target->first) : 0;

	(void)fprintf(out, "%" PRIu64 " packets transmitted, %" PRIu64 " received",
	              tally->transmitted, tally->received);
	if (awaited(tally) > 0)
		(void)fprintf(out, ", %" PRIu64 " still awaited", awaited(tally));
	print_loss(out, tally);
	(void)fprintf(out, ", time %" PRId64 "ms\n", elapsed / NS_PER_MS);
}

static void print_rtt(FILE *out, const struct stats *stats)
{
	(void)fprintf(out, "min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms",
	              span_ms((double)stats->min), span_ms(stats->mean),
	              span_ms((double)stats->max), span_ms(stats_mdev(stats)));
}

/* Only the quantiles that so many samples can have. */
static void print_quantiles(FILE *out, struct stats *stats)
{
	static const struct {
		double q;
		const char *name;
	} quantiles[] = {
		{ 0.5, "p50" },
		{ 0.9, "p90" },
		{ 0.99, "p99" },
		{ 0.999, "p99.9" },
	};

	if (!stats_supports(stats, quantiles[0].q))
		return;
	for (size_t i = 0; i < COUNT(quantiles) && stats_supports(stats, quantiles[i].q); i++)
		(void)fprintf(out, "%s%s", i ? "/" : "rtt ", quantiles[i].name);
	for (size_t i = 0; i < COUNT(quantiles) && stats_supports(stats, quantiles[i].q); i++)
		(void)fprintf(out, "%s%.3f", i ? "/" : " = ",
		              span_ms((double)stats_quantile(stats, quantiles[i].q)));
	(void)fputs(" ms\n", out);
}

static void print_rare(FILE *out, const struct target *target)
{
	const struct tally *tally = &target->tally;
	const struct {
		uint64_t count;
		const char *name;
	} rare[] = {
		{ tally->duplicates, "duplicates" },
		{ tally->late, "late" },
		{ tally->reordered, "reordered" },
		{ tally->refused, "refused" },
		{ tally->unsent, "unsent" },
		{ tally->junk, "junk" },
		{ tally->retransmissions, "retransmitted" },
		{ tally->syn_lost, "SYN retransmitted" },
		{ tally->unmeasured, "answered while this process was not running" },
	};
	const char *separator = "";

	for (size_t i = 0; i < COUNT(rare); i++) {
		if (rare[i].count == 0)
			continue;
		(void)fprintf(out, "%s%" PRIu64 " %s", separator, rare[i].count, rare[i].name);
		separator = ", ";
	}
	if (*separator)
		(void)fputc('\n', out);
}

void summary_line(FILE *out, const struct target *target)
{
	const struct tally *tally = &target->tally;

	(void)fprintf(out, "%s: %" PRIu64 "/%" PRIu64 " packets", target->name, tally->received,
	              tally->transmitted);
	print_loss(out, tally);
	if (target->stats.count > 0) {
		(void)fputs(", ", out);
		print_rtt(out, &target->stats);
	}
	(void)fputc('\n', out);
}

void summary_print(FILE *out, struct target *target, bool verbose)
{
	struct stats *stats = &target->stats;

	(void)fprintf(out, "\n--- %s ping statistics ---\n", target->name);
	print_counts(out, target);
	if (stats->count > 0) {
		(void)fputs("rtt ", out);
		print_rtt(out, stats);
		(void)fputc('\n', out);
		print_quantiles(out, stats);
	}
	if (stats->count > 1)
		(void)fprintf(out, "jitter %.3f ms (RFC 3550)\n", span_ms(stats->jitter));
	print_rare(out, target);
	if (target->tally.worst_lag > NS_PER_MS || verbose)
		(void)fprintf(out, "sent up to %.3f ms later than due\n",
		              span_ms((double)target->tally.worst_lag));
}
