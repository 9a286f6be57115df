/* SPDX-License-Identifier: MIT */
#include "report/load_text.h"

#include <inttypes.h>

#include "report/times.h"
#include "report/words.h"

enum { SIZES_SHOWN = 4 };

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* --- what is asked --- */

static void print_sizes(FILE *out, const struct load_plan *plan)
{
	const struct probe_ops *ops = plan->targets[0].ops;
	bool alike = true;

	if (!ops->echoes) {
		(void)fprintf(out, " %s", ops->asks_by);
		return;
	}
	for (size_t i = 1; i < plan->probe_count; i++)
		alike = alike && plan->probe[i].size == plan->probe[0].size;
	size_t shown = alike ? 1 : size_min(plan->probe_count, SIZES_SHOWN);

	for (size_t i = 0; i < shown; i++)
		(void)fprintf(out, "%s%zu", i ? ", " : " ", probe_size(ops, &plan->probe[i]));
	(void)fprintf(out, "%s bytes", !alike && shown < plan->probe_count ? " ..." : "");
}

/* A second: no fraction of what is more than a hundred. */
static void print_rate(FILE *out, double rate)
{
	(void)fprintf(out, "%.*f", rate >= 100 ? 0 : 2, rate);
}

static void print_pace(FILE *out, const struct load_plan *plan)
{
	if (plan->pace == LOAD_CLOSED) {
		(void)fputs(", closed loop", out);
		return;
	}
	(void)fputs(", open loop at ", out);
	print_rate(out, plan->rate_from);
	if (plan->rate_to < plan->rate_from || plan->rate_to > plan->rate_from) {
		(void)fputs(" to ", out);
		print_rate(out, plan->rate_to);
	}
	(void)fputs("/s", out);
	if (plan->pace == LOAD_POISSON)
		(void)fprintf(out, " (Poisson, seed %" PRIu64 ")", plan->seed);
}

static void print_time(FILE *out, const struct load_plan *plan)
{
	if (plan->duration > 0)
		(void)fprintf(out, ", for %s", span_text(plan->duration).text);
	else
		(void)fputs(", until stopped", out);
	if (plan->warmup > 0)
		(void)fprintf(out, " after %s of warm-up", span_text(plan->warmup).text);
	(void)fputc('\n', out);
}

static void print_lanes(FILE *out, const struct load_plan *plan)
{
	(void)fprintf(out, "%zu connection%s", plan->connections, plural(plan->connections));
	if (plan->reconnect)
		(void)fputs(" at a time, a new one for each request", out);
	else
		(void)fprintf(out, " with %s%zu in flight%s",
		              plan->pace == LOAD_CLOSED ? "" : "at most ", plan->depth,
		              plan->connections > 1 ? " each" : "");
}

static void print_means(FILE *out, const struct load_result *result)
{
	const struct load_plan *plan = result->plan;

	(void)fprintf(out, ", %zu thread%s, time-out %s", result->threads,
	              plural(result->threads), span_text(plan->probe[0].timeout).text);
	if (result->room.entries > 0)
		(void)fprintf(out, ", room for %zu in flight (%s)", result->room.entries,
		              size_text((double)result->room.bytes).text);
	(void)fputc('\n', out);
}

static void print_requests(FILE *out, const struct load_result *result)
{
	print_sizes(out, result->plan);
	print_pace(out, result->plan);
	print_time(out, result->plan);
	print_lanes(out, result->plan);
	print_means(out, result);
}

void load_text_begin(FILE *out, const struct load_result *result)
{
	const struct load_plan *plan = result->plan;

	(void)fprintf(out, "LOAD %s", result->target);
	if (plan->target_count == 1)
		(void)fprintf(out, " (%s)", address_text(&plan->targets[0].address).text);
	if (result->hold.asked > 0)
		(void)fprintf(out, ", %" PRIu64 " idle connection%s%s", result->hold.asked,
		              plural(result->hold.asked), plan->connections > 0 ? "," : "\n");
	if (plan->connections > 0)
		print_requests(out, result);
	(void)fflush(out); /* not while the first request is on its way */
}

/* --- what came of it --- */

static void print_fates(FILE *out, const struct load_counts *counts)
{
	const struct {
		uint64_t count;
		const char *name;
	} fates[] = {
		{ counts->lost, "lost" },
		{ counts->refused, "refused" },
		{ counts->reset, "reset" },
		{ counts->corrupt, "corrupt" },
		{ counts->unsent, "unsent" },
		{ counts->late, "late" },
		{ counts->duplicates, "duplicates" },
		{ counts->connect_failures, "connections not made" },
	};
	const char *separator = "";

	for (size_t i = 0; i < COUNT(fates); i++) {
		if (fates[i].count == 0)
			continue;
		(void)fprintf(out, "%s%" PRIu64 " %s", separator, fates[i].count,
		              fates[i].name);
		separator = ", ";
	}
	if (*separator)
		(void)fputc('\n', out);
}

static double per_second(double amount, int64_t span)
{
	return span > 0 ? amount * (double)NS_PER_SEC / (double)span : 0;
}

static void print_counts(FILE *out, const struct load_result *result)
{
	const struct load_counts *counts = &result->tally.counts;
	uint64_t failed = load_counts_failed(counts), settled = load_counts_settled(counts);
	int64_t span = result->measured;

	(void)fprintf(out, "%" PRIu64 " requests sent, %" PRIu64 " answered", counts->sent,
	              counts->answered);
	if (settled > 0)
		(void)fprintf(out, ", %s failed",
		              share_text((double)failed / (double)settled).text);
	(void)fprintf(out, ", time %s\n", span_text_ms(span).text);
	print_fates(out, counts);
	print_rate(out, load_result_rate(result));
	(void)fputs(" answers/s", out);
	if (counts->bytes_out + counts->bytes_in > 0) {
		(void)fprintf(out, ", %s/s out",
		              size_text(per_second((double)counts->bytes_out, span)).text);
		(void)fprintf(out, ", %s/s in",
		              size_text(per_second((double)counts->bytes_in, span)).text);
	}
	if (counts->connects > 0)
		(void)fprintf(out, ", %" PRIu64 " connection%s made", counts->connects,
		              plural(counts->connects));
	(void)fputc('\n', out);
}

/* --- how long it took --- */

/* One column or two: of a closed loop, corrected is NULL. */
struct columns {
	const struct load_times *corrected, *uncorrected;
};

static void print_row(FILE *out, const char *name, const struct columns *columns,
                      double corrected, double uncorrected)
{
	(void)fprintf(out, "%-7s", name);
	if (columns->corrected)
		(void)fprintf(out, " %38.3f", span_ms(corrected));
	(void)fprintf(out, " %32.3f\n", span_ms(uncorrected));
}

static void print_quantiles(FILE *out, const struct columns *columns)
{
	const struct load_times *uncorrected = columns->uncorrected;
	/* Every answer has both, so one sample supports what the other does. */
	const struct load_times *corrected =
		columns->corrected ? columns->corrected : uncorrected;
	size_t supported = size_min(times_supported(corrected), times_supported(uncorrected));

	for (size_t i = 0; i < supported; i++) {
		const struct times_quantile *quantile = &times_quantiles[i];

		print_row(out, quantile->name, columns,
		          (double)times_quantile(corrected, quantile->q),
		          (double)times_quantile(uncorrected, quantile->q));
	}
}

static void print_times(FILE *out, const struct load_result *result)
{
	const struct load_times *corrected = &result->tally.corrected;
	const struct load_times *uncorrected = &result->tally.uncorrected;
	bool open = corrected->histogram.count > 0;
	struct columns columns = { open ? corrected : NULL, uncorrected };

	if (uncorrected->histogram.count == 0)
		return;
	(void)fprintf(out, "%-7s", "ms");
	if (open)
		(void)fprintf(out, " %38s", "corrected (from the intended instant)");
	(void)fprintf(out, " %32s\n", "uncorrected (from the sending)");
	print_row(out, "min", &columns, (double)corrected->min, (double)uncorrected->min);
	print_row(out, "mean", &columns, load_times_mean(corrected),
	          load_times_mean(uncorrected));
	print_quantiles(out, &columns);
	print_row(out, "max", &columns, (double)corrected->max, (double)uncorrected->max);
	if (!open)
		(void)fputs("(a closed loop asks a stalled server less, and so hides its "
		            "stalls: see -R)\n",
		            out);
}

/* --- whose figures these are --- */

static void print_fairness(FILE *out, const struct load_result *result)
{
	const struct load_fairness *fairness = &result->fairness;

	if (result->plan->connections < 2 || result->tally.counts.answered == 0)
		return;
	(void)fprintf(
		out,
		"fairness among connections %.3f (Jain's index), slowest/fastest = %" PRIu64
		"/%" PRIu64 " answers\n",
		fairness->jain, fairness->slowest, fairness->fastest);
}

static void print_lag(FILE *out, const struct load_times *lag)
{
	bool p99 = quantile_is_supported(lag->histogram.count, 0.99);

	if (lag->histogram.count == 0)
		return;
	(void)fprintf(out, ", lag p50/%smax = %.3f", p99 ? "p99/" : "",
	              span_ms((double)times_quantile(lag, 0.5)));
	if (p99)
		(void)fprintf(out, "/%.3f", span_ms((double)times_quantile(lag, 0.99)));
	(void)fprintf(out, "/%.3f ms", span_ms((double)lag->max));
}

static void print_generator(FILE *out, const struct load_result *result)
{
	const struct load_generator *generator = &result->generator;

	(void)fprintf(out, "generator: %s of a CPU by its busiest thread",
	              share_text(generator->cpu).text);
	if (generator->preempted > 0)
		(void)fprintf(out, ", %s preempted", span_text_ms(generator->preempted).text);
	print_lag(out, &result->tally.lag);
	(void)fputc('\n', out);
	if (generator->bottleneck)
		(void)fputs("the generator was the bottleneck: these figures are as much its "
		            "own as the server's\n",
		            out);
}

/* "2.2 MiB more, 1.1 KiB for each of 2000 connections", where it grew. */
static void print_growth(FILE *out, uint64_t before, uint64_t after, uint64_t connections)
{
	if (before == 0 || after <= before || connections == 0)
		return;
	double more = (double)(after - before);

	(void)fprintf(out, ", %s more", size_text(more).text);
	(void)fprintf(out, ", %s for each of %" PRIu64 " connection%s",
	              size_text(more / (double)connections).text, connections,
	              plural(connections));
}

static void print_server_cpu(FILE *out, const struct load_result *result)
{
	double spent = (double)result->server.cpu_time;
	uint64_t answered = result->tally.counts.answered;

	if (spent < 0) {
		(void)fputs(" CPU not known, as it does not wait for children that end", out);
		return;
	}
	if (answered > 0)
		(void)fprintf(out, " %.2f us of CPU per answer,",
		              spent / (double)NS_PER_US / (double)answered);
	(void)fprintf(out, " %.0f%% of a CPU",
	              100 * per_second(spent / (double)NS_PER_SEC, result->measured));
}

static void print_server(FILE *out, const struct load_result *result)
{
	const struct load_server *server = &result->server;

	if (!server->known)
		return;
	(void)fputs("server:", out);
	print_server_cpu(out, result);
	if (server->rss > 0)
		(void)fprintf(out, ", %s resident", size_text((double)server->rss).text);
	print_growth(out, server->rss_before, server->rss, result->plan->connections);
	(void)fputc('\n', out);
	if (server->more)
		(void)fputs("the server has more processes than were added up\n", out);
}

/* --- idle connections --- */

static void print_hold(FILE *out, const struct load_hold *hold)
{
	if (hold->asked == 0)
		return;
	(void)fprintf(out, "%" PRIu64 " of %" PRIu64 " idle connections opened in %s",
	              hold->opened, hold->asked, span_text_ms(hold->opening).text);
	(void)fprintf(out, ", %" PRIu64 " answered in %s", hold->answered,
	              span_text_ms(hold->answering).text);
	if (hold->failed > 0)
		(void)fprintf(out, ", %" PRIu64 " failed", hold->failed);
	(void)fputc('\n', out);
	if (hold->server_rss_held == 0)
		return;
	(void)fprintf(out, "server: %s resident",
	              size_text((double)hold->server_rss_held).text);
	print_growth(out, hold->server_rss_before, hold->server_rss_held, hold->opened);
	(void)fputc('\n', out);
}

void load_text_end(FILE *out, const struct load_result *result, const struct load_ping *ping)
{
	const struct load_counts *counts = &result->tally.counts;
	bool asked = counts->sent + load_counts_settled(counts) > 0;

	(void)fprintf(out, "\n--- %s load statistics ---\n", result->target);
	print_hold(out, &result->hold);
	if (asked || result->hold.asked == 0) {
		print_counts(out, result);
		print_times(out, result);
		print_fairness(out, result);
		print_generator(out, result);
		print_server(out, result);
	}
	if (ping)
		load_ping_print(out, ping);
	(void)fflush(out);
}
