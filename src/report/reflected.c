/* SPDX-License-Identifier: MIT */
#include "report/reflected.h"

#include <inttypes.h>
#include <stdlib.h>

#include "probe/reflection.h"
#include "report/words.h"

enum { DSCP_SHIFT = 2, ECN = 3, TTL_CONSTANT = 255 };

void reflected_line(FILE *out, const struct target *target, const struct sample *sample)
{
	const struct oneway_result *latest = &target->reflection->latest;

	if (sample->fate != FATE_ANSWERED || latest->verdict == ONEWAY_IMPOSSIBLE)
		return;
	(void)fprintf(
		out, " (out %.3f..%.3f, back %.3f..%.3f, held %.3f)",
		span_ms((double)latest->forward.low), span_ms((double)latest->forward.high),
		span_ms((double)latest->reverse.low), span_ms((double)latest->reverse.high),
		span_ms((double)latest->residence));
}

/* --- loss --- */

static void print_loss(FILE *out, const struct reflection *reflection)
{
	struct direction_counts counts = direction_counts(&reflection->direction);

	if (!counts.is_known) {
		if (counts.undetermined > 0)
			(void)fputs(
				"the reflector does not count: the direction of losses is not "
				"known\n",
				out);
		return;
	}
	(void)fprintf(out, "lost on the way out %" PRIu64 ", on the way back %" PRIu64,
	              counts.forward_lost, counts.reverse_lost);
	if (counts.undetermined > 0)
		(void)fprintf(out, ", undetermined %" PRIu64, counts.undetermined);
	if (reflection->direction.restarts > 0)
		(void)fprintf(out, " (the reflector began to count anew %" PRIu64 " times)",
		              reflection->direction.restarts);
	(void)fputc('\n', out);
}

/* --- delay and its variation --- */

static void print_quantiles(FILE *out, const char *name, struct stats *stats)
{
	bool p99 = stats_supports(stats, 0.99);

	(void)fprintf(out, "%s p50/%smax = %.3f", name, p99 ? "p99/" : "",
	              span_ms((double)stats_quantile(stats, 0.5)));
	if (p99)
		(void)fprintf(out, "/%.3f", span_ms((double)stats_quantile(stats, 0.99)));
	(void)fprintf(out, "/%.3f", span_ms((double)stats_moments(stats).max));
}

static void print_variations(FILE *out, struct reflection *reflection)
{
	struct variation *forward = &reflection->forward, *reverse = &reflection->reverse;

	if (forward->pdv.count == 0 || reverse->pdv.count == 0)
		return;
	print_quantiles(out, "pdv out", &forward->pdv);
	print_quantiles(out, " · back", &reverse->pdv);
	(void)fputs(" ms", out);
	if (forward->ipdv_count > 0 && reverse->ipdv_count > 0)
		(void)fprintf(out, " · ipdv out avg/max = %.3f/%.3f · back %.3f/%.3f ms",
		              span_ms(forward->ipdv_mean), span_ms((double)forward->ipdv_max),
		              span_ms(reverse->ipdv_mean), span_ms((double)reverse->ipdv_max));
	(void)fputc('\n', out);
}

static void print_residence(FILE *out, struct reflection *reflection)
{
	struct stats *stats = &reflection->residence.pdv;

	if (stats->count == 0)
		return;
	print_quantiles(out, "held by the reflector", stats);
	(void)fputs(" ms", out);
	if (reflection->followed > 0)
		(void)fprintf(out, ", of %" PRIu64 " by its kernel's word",
		              reflection->followed);
	(void)fputc('\n', out);
}

/* What a person may take the bounds for. */
static const char *knowledge_text(enum oneway_knowledge knowledge)
{
	switch (knowledge) {
	case ONEWAY_NOTHING:
		return "nothing is known of its clock";
	case ONEWAY_BY_ROUND_TRIP:
		return "the clocks are not both synchronised: the round trip alone sets the bounds";
	case ONEWAY_BY_DECLARATION:
		return "both clocks are declared synchronised, and the stamps agree";
	case ONEWAY_CONTRADICTED:
		return "both clocks are declared synchronised, but the stamps disprove it: the round "
		       "trip alone sets the bounds";
	case ONEWAY_AFTER_STEP:
		return "a clock was set lately: the few round trips since set the bounds";
	case ONEWAY_UNSTEADY:
		return "the rate of its clock changes much: the bounds are wide";
	}
	return "";
}

static void print_delays(FILE *out, const struct reflection *reflection)
{
	const struct oneway_result *latest = &reflection->latest;

	if (latest->verdict == ONEWAY_IMPOSSIBLE)
		return;
	(void)fprintf(
		out, "delay out between %.3f and %.3f ms, back between %.3f and %.3f ms\n",
		span_ms((double)latest->forward.low), span_ms((double)latest->forward.high),
		span_ms((double)latest->reverse.low), span_ms((double)latest->reverse.high));
}

static void print_clock(FILE *out, const struct reflection *reflection)
{
	struct oneway_clock clock = oneway_clock(&reflection->oneway);

	if (clock.knowledge != ONEWAY_NOTHING) {
		(void)fprintf(out, "far clock %+.6f ms ± %.6f ms",
		              span_ms((double)clock.offset), span_ms((double)clock.bound));
		(void)fprintf(out, ", gains %+.1f ± %.1f ppm", clock.skew_ppm,
		              clock.skew_bound_ppm);
		if (clock.steps > 0)
			(void)fprintf(out, ", was set %" PRIu64 " times, last by %+.3f ms",
			              clock.steps, span_ms((double)clock.last_step));
		(void)fputc('\n', out);
	}
	(void)fprintf(out, "(%s)\n", knowledge_text(clock.knowledge));
}

/* --- how packets were treated --- */

static void print_marking(FILE *out, const char *way, const struct marking *marking, int sent)
{
	if (marking->rewritten > 0)
		(void)fprintf(out,
		              "DSCP/ECN rewritten on the way %s: %" PRIu64 " of %" PRIu64
		              ", %d/%d to %d/%d\n",
		              way, marking->rewritten, marking->seen, sent >> DSCP_SHIFT,
		              sent & ECN, marking->last >> DSCP_SHIFT, marking->last & ECN);
}

static void print_ttl(FILE *out, const struct reflection *reflection)
{
	if (reflection->ttl_out < 0)
		return;
	if (reflection->ttl_out == TTL_CONSTANT)
		(void)fputs("ttl of the requests on arrival: 255, or not told\n", out);
	else
		(void)fprintf(out, "ttl of the requests on arrival: %d\n", reflection->ttl_out);
}

void reflected_print(FILE *out, struct target *target, bool verbose)
{
	struct reflection *reflection = target->reflection;

	if (target->tally.received == 0)
		return;
	print_loss(out, reflection);
	print_delays(out, reflection);
	print_variations(out, reflection);
	print_residence(out, reflection);
	print_clock(out, reflection);
	print_marking(out, "out", &reflection->out, reflection->tos);
	print_marking(out, "back", &reflection->back, reflection->tos);
	if (verbose)
		print_ttl(out, reflection);
}
