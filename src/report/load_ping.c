/* SPDX-License-Identifier: MIT */
#include "report/load_ping.h"

#include <inttypes.h>

#include "probe/reflection.h"
#include "probe/target.h"
#include "report/times.h"
#include "report/words.h"

enum { QUANTILES_SHOWN = 3 }; /* p50 p90 p99 */

static int side_init(struct load_ping_side *side)
{
	int result = histogram_init(&side->rtt.histogram, HISTOGRAM_FINE);

	if (result == 0)
		result = histogram_init(&side->forward.histogram, HISTOGRAM_FINE);
	if (result == 0)
		result = histogram_init(&side->reverse.histogram, HISTOGRAM_FINE);
	return result;
}

static void side_done(struct load_ping_side *side)
{
	histogram_done(&side->rtt.histogram);
	histogram_done(&side->forward.histogram);
	histogram_done(&side->reverse.histogram);
}

int load_ping_init(struct load_ping *ping, const char *target)
{
	*ping = (struct load_ping){ .target = target, .from = MONO_NEVER, .until = MONO_NEVER };
	int result = side_init(&ping->idle);

	return result < 0 ? result : side_init(&ping->loaded);
}

void load_ping_done(struct load_ping *ping)
{
	side_done(&ping->idle);
	side_done(&ping->loaded);
}

/* NULL behind the load. */
static struct load_ping_side *side_of(struct load_ping *ping, struct mono sent)
{
	if (mono_before(sent, ping->from))
		return &ping->idle;
	return mono_before(sent, ping->until) ? &ping->loaded : NULL;
}

static void add_directions(struct load_ping_side *side, const struct target *target)
{
	const struct oneway_result *latest = &target->reflection->latest;

	if (latest->verdict == ONEWAY_IMPOSSIBLE)
		return;
	if (latest->forward.pdv >= 0)
		load_times_add(&side->forward, latest->forward.pdv);
	if (latest->reverse.pdv >= 0)
		load_times_add(&side->reverse, latest->reverse.pdv);
}

static void on_sample(void *state, const struct target *target, const struct sample *sample)
{
	struct load_ping_side *side = side_of(state, sample->called);
	bool fails = sample->fate == FATE_LOST || sample->fate == FATE_REFUSED;
	int64_t rtt = sample_rtt(sample);

	if (!side || (sample->fate != FATE_ANSWERED && !fails))
		return;
	side->sent++;
	side->lost += fails;
	if (fails)
		return;
	if (rtt >= 0)
		load_times_add(&side->rtt, rtt);
	if (sample->far && target->reflection)
		add_directions(side, target);
}

const struct sink_ops load_ping_sink = {
	.sample = on_sample,
};

double load_ping_rpm(const struct load_ping_side *side)
{
	double mean = load_times_mean(&side->rtt);

	return mean > 0 ? 60 * (double)NS_PER_SEC / mean : 0;
}

double load_ping_loss(const struct load_ping_side *side)
{
	return side->sent ? (double)side->lost / (double)side->sent : -1;
}

/* --- for people --- */

static void print_times(FILE *out, const struct load_times *times)
{
	size_t supported = times_supported(times);

	for (size_t i = 0; i < QUANTILES_SHOWN; i++) {
		if (i < supported)
			(void)fprintf(
				out, " %8.3f",
				span_ms((double)times_quantile(times, times_quantiles[i].q)));
		else
			(void)fputs("        -", out);
	}
	if (times->histogram.count > 0)
		(void)fprintf(out, " %8.3f", span_ms((double)times->max));
	else
		(void)fputs("        -", out);
}

static void print_rtt(FILE *out, const struct load_ping_side *side)
{
	double loss = load_ping_loss(side);

	print_times(out, &side->rtt);
	(void)fprintf(out, " %6s", loss < 0 ? "-" : share_text(loss).text);
}

static void print_direction(FILE *out, const char *name, const struct load_times *idle,
                            const struct load_times *loaded)
{
	if (idle->histogram.count + loaded->histogram.count == 0)
		return;
	(void)fprintf(out, "%-8s", name);
	print_times(out, idle);
	(void)fprintf(out, "%7s  |", "");
	print_times(out, loaded);
	(void)fputc('\n', out);
}

static void print_heads(FILE *out)
{
	static const char *const sides[] = { "", "  |" };

	(void)fprintf(out, "%-8s %8s%36s| %8s\n", "", "idle", "", "loaded");
	(void)fprintf(out, "%-8s", "ms");
	for (size_t i = 0; i < COUNT(sides); i++)
		(void)fprintf(out, "%s %8s %8s %8s %8s %6s", sides[i], "p50", "p90", "p99",
		              "max", "loss");
	(void)fputc('\n', out);
}

void load_ping_print(FILE *out, const struct load_ping *ping)
{
	const struct load_ping_side *idle = &ping->idle, *loaded = &ping->loaded;
	double rpm = load_ping_rpm(loaded), idle_rpm = load_ping_rpm(idle);

	(void)fprintf(out,
	              "latency under load, by %s: %" PRIu64 " probes before it, %" PRIu64
	              " during it\n",
	              ping->target, idle->sent, loaded->sent);
	print_heads(out);
	(void)fprintf(out, "%-8s", "rtt");
	print_rtt(out, idle);
	(void)fputs("  |", out);
	print_rtt(out, loaded);
	(void)fputc('\n', out);
	print_direction(out, "forward", &idle->forward, &loaded->forward);
	print_direction(out, "reverse", &idle->reverse, &loaded->reverse);
	if (idle->forward.histogram.count + loaded->forward.histogram.count > 0)
		(void)fputs("(forward, reverse: above the least delay of that direction)\n",
		            out);
	if (rpm > 0)
		(void)fprintf(out,
		              "loaded: %.0f round trips per minute (as in "
		              "draft-ietf-ippm-responsiveness, over this probe alone)\n",
		              rpm);
	if (rpm > 0 && idle_rpm > 0)
		(void)fprintf(out, "idle: %.0f\n", idle_rpm);
}
