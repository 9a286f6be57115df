/* SPDX-License-Identifier: MIT */
#include "report/load_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "report/record.h"
#include "report/times.h"

enum { SIZES_MOST = 64 };

static const char *pace_word(enum load_pace pace)
{
	static const char *const words[] = {
		[LOAD_CLOSED] = "closed",
		[LOAD_CONSTANT] = "constant",
		[LOAD_POISSON] = "poisson",
	};

	return words[pace];
}

static void put_targets(struct json_t *record, const struct load_plan *plan)
{
	for (size_t i = 0; i < plan->target_count; i++) {
		const struct load_target *target = &plan->targets[i];
		struct json_t *part = record_part();

		record_word(part, "kind", target->ops->name);
		record_text(part, "addr", address_text(&target->address).text);
		if (probe_has_ports(target->ops))
			record_integer(part, "port", address_port(&target->address));
		record_append(record, "targets", part);
	}
}

/* Lanes have them in turns. */
static void put_sizes(struct json_t *record, const struct load_plan *plan)
{
	const struct probe_ops *ops = plan->targets[0].ops;
	size_t count = size_min(plan->probe_count, SIZES_MOST);
	uint64_t sizes[SIZES_MOST];

	if (!ops->echoes)
		return;
	for (size_t i = 0; i < count; i++)
		sizes[i] = probe_size(ops, &plan->probe[i]);
	record_counts(record, "sizes", sizes, count);
}

/* As text: a reader's numbers may have no room for 64 bits. */
static void put_seed(struct json_t *record, uint64_t seed)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, seed);
	record_word(record, "seed", text);
}

static void put_plan(struct json_t *record, const struct load_plan *plan)
{
	put_targets(record, plan);
	put_sizes(record, plan);
	record_count(record, "connections", plan->connections);
	record_count(record, "depth", plan->depth);
	record_flag(record, "reconnect", plan->reconnect);
	record_word(record, "pace", pace_word(plan->pace));
	if (plan->pace != LOAD_CLOSED) {
		record_real(record, "rate_from", plan->rate_from);
		record_real(record, "rate_to", plan->rate_to);
	}
	record_span(record, "warmup_ns", plan->warmup);
	if (plan->duration > 0)
		record_span(record, "duration_ns", plan->duration);
	record_span(record, "timeout_ns", plan->probe[0].timeout);
	put_seed(record, plan->seed);
}

void load_json_start(struct output *output, const struct load_result *result)
{
	struct json_t *record;

	record_await(output, result->began);
	record = record_new("load_start", result->began, result->target, NULL);
	put_plan(record, result->plan);
	record_count(record, "threads", result->threads);
	record_count(record, "in_flight_most", result->room.entries);
	record_count(record, "in_flight_bytes", result->room.bytes);
	if (result->hold.asked > 0)
		record_count(record, "hold", result->hold.asked);
	record_write(record, output);
}

/* --- figures --- */

static void put_counts(struct json_t *record, const struct load_counts *counts)
{
	const struct {
		const char *key;
		uint64_t count;
	} all[] = {
		{ "sent", counts->sent },
		{ "answered", counts->answered },
		{ "failed", load_counts_failed(counts) },
		{ "lost", counts->lost },
		{ "refused", counts->refused },
		{ "reset", counts->reset },
		{ "corrupt", counts->corrupt },
		{ "unsent", counts->unsent },
		{ "late", counts->late },
		{ "duplicates", counts->duplicates },
		{ "connects", counts->connects },
		{ "connect_failures", counts->connect_failures },
		{ "bytes_out", counts->bytes_out },
		{ "bytes_in", counts->bytes_in },
	};

	for (size_t i = 0; i < COUNT(all); i++)
		record_count(record, all[i].key, all[i].count);
	if (load_counts_settled(counts) > 0)
		record_real(record, "loss_ratio",
		            (double)load_counts_failed(counts) /
		                    (double)load_counts_settled(counts));
}

static struct json_t *times_part(const struct load_times *times)
{
	size_t supported = times_supported(times);
	struct json_t *part = record_part();

	record_count(part, "count", times->histogram.count);
	record_integer(part, "min_ns", times->min);
	record_integer(part, "max_ns", times->max);
	record_integer(part, "mean_ns", llround(load_times_mean(times)));
	for (size_t i = 0; i < supported; i++)
		record_integer(part, times_quantiles[i].key,
		               times_quantile(times, times_quantiles[i].q));
	return part;
}

/* Absent where there are none. */
static void put_times(struct json_t *record, const char *key, const struct load_times *times)
{
	if (times->histogram.count == 0)
		return;
	struct json_t *part = times_part(times);

	record_histogram(part, "histogram", &times->histogram);
	record_add(record, key, part);
}

/* Of a second nobody needs the histogram: it is part of the whole. */
static void put_times_brief(struct json_t *record, const char *key,
                            const struct load_times *times)
{
	if (times->histogram.count > 0)
		record_add(record, key, times_part(times));
}

void load_json_progress(struct output *output, const struct load_result *result,
                        const struct load_progress *progress)
{
	struct wall now = clock_wall();
	struct json_t *record;

	if (!record_begin(output, now))
		return;
	record = record_new("load_progress", now, result->target, NULL);
	record_span(record, "elapsed_ns", progress->elapsed);
	record_span(record, "span_ns", progress->span);
	record_real(record, "rate", load_progress_rate(progress));
	put_counts(record, &progress->tally->counts);
	put_times_brief(record, "corrected", &progress->tally->corrected);
	put_times_brief(record, "uncorrected", &progress->tally->uncorrected);
	record_write(record, output);
}

/* --- the end --- */

static void put_fairness(struct json_t *record, const struct load_fairness *fairness)
{
	struct json_t *part = record_part();

	record_real(part, "jain", fairness->jain);
	record_count(part, "slowest", fairness->slowest);
	record_count(part, "fastest", fairness->fastest);
	record_add(record, "fairness", part);
}

static void put_generator(struct json_t *record, const struct load_result *result)
{
	const struct load_generator *generator = &result->generator;
	struct json_t *part = record_part();

	record_real(part, "cpu", generator->cpu);
	record_span(part, "cpu_ns", generator->cpu_time);
	record_span(part, "preempted_ns", generator->preempted);
	record_flag(part, "bottleneck", generator->bottleneck);
	put_times(part, "lag", &result->tally.lag);
	record_add(record, "generator", part);
}

static void put_server(struct json_t *record, const struct load_result *result)
{
	const struct load_server *server = &result->server;
	uint64_t answered = result->tally.counts.answered;
	struct json_t *part;

	if (!server->known)
		return;
	part = record_part();
	record_span(part, "cpu_ns", server->cpu_time);
	if (answered > 0 && server->cpu_time >= 0)
		record_real(part, "cpu_ns_per_answer",
		            (double)server->cpu_time / (double)answered);
	if (server->rss > 0)
		record_count(part, "rss_bytes", server->rss);
	if (server->rss_before > 0)
		record_count(part, "rss_before_bytes", server->rss_before);
	if (server->more)
		record_flag(part, "more_processes", true);
	record_add(record, "server", part);
}

static void put_hold(struct json_t *record, const struct load_hold *hold)
{
	struct json_t *part;

	if (hold->asked == 0)
		return;
	part = record_part();
	record_count(part, "asked", hold->asked);
	record_count(part, "opened", hold->opened);
	record_count(part, "answered", hold->answered);
	record_count(part, "failed", hold->failed);
	record_span(part, "opening_ns", hold->opening);
	record_span(part, "answering_ns", hold->answering);
	if (hold->server_rss_before > 0)
		record_count(part, "server_rss_before_bytes", hold->server_rss_before);
	if (hold->server_rss_held > 0)
		record_count(part, "server_rss_held_bytes", hold->server_rss_held);
	record_add(record, "hold", part);
}

static void put_side(struct json_t *record, const char *key, const struct load_ping *ping,
                     const struct load_ping_side *side)
{
	struct json_t *part = record_part();

	record_text(part, "target", ping->target);
	record_count(part, "sent", side->sent);
	record_count(part, "lost", side->lost);
	if (side->sent > 0)
		record_real(part, "loss_ratio", load_ping_loss(side));
	if (load_ping_rpm(side) > 0)
		record_real(part, "round_trips_per_minute", load_ping_rpm(side));
	put_times(part, "rtt", &side->rtt);
	put_times(part, "forward_pdv", &side->forward);
	put_times(part, "reverse_pdv", &side->reverse);
	record_add(record, key, part);
}

void load_json_summary(struct output *output, const struct load_result *result,
                       const struct load_ping *ping)
{
	struct wall now = clock_wall();
	struct json_t *record;

	record_await(output, now);
	record = record_new("load_summary", now, result->target, NULL);
	record_word(record, "pace", pace_word(result->plan->pace));
	record_span(record, "measured_ns", result->measured);
	record_real(record, "rate", load_result_rate(result));
	put_counts(record, &result->tally.counts);
	put_times(record, "corrected", &result->tally.corrected);
	put_times(record, "uncorrected", &result->tally.uncorrected);
	put_fairness(record, &result->fairness);
	put_generator(record, result);
	put_server(record, result);
	put_hold(record, &result->hold);
	if (ping) {
		put_side(record, "ping_idle", ping, &ping->idle);
		put_side(record, "ping_loaded", ping, &ping->loaded);
	}
	record_write(record, output);
}
