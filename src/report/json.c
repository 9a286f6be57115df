/* SPDX-License-Identifier: MIT */
#include "report/json.h"

#include <math.h>

#include "report/json_event.h"
#include "report/json_reflection.h"
#include "report/record.h"
#include "report/words.h"

static struct json_t *record_of(const char *type, struct wall wall, const struct target *target)
{
	return record_new(type, wall, target->name, target->label);
}

static void on_start(void *state, const struct target *target)
{
	struct json *json = state;
	const struct address *address = target_address(target);
	struct wall now = clock_wall();
	struct json_t *record;

	if (!record_begin(json->output, now))
		return;
	record = record_of("start", now, target);
	record_word(record, "kind", target->ops->name);
	json_put_address(record, "addr", address);
	if (probe_has_ports(target->ops))
		record_integer(record, "port", address_port(address));
	if (target->ops->echoes)
		record_count(record, "bytes", probe_size(target->ops, json->probe));
	record_span(record, "interval_ns", json->probe->interval);
	record_span(record, "timeout_ns", json->probe->timeout);
	record_word(record, "tx_stamp", taker_word(target->tx));
	record_word(record, "rx_stamp", taker_word(target->rx));
	record_write(record, json->output);
}

/* The round trip and its parts. */
static void put_times(struct json_t *record, const struct sample *sample)
{
	record_span(record, "rtt_ns", sample_rtt(sample));
	record_word(record, "tx_stamp", taker_word(sample->tx));
	record_word(record, "rx_stamp", taker_word(sample->rx));
	record_span(record, "host_out_ns", sample_host_out(sample));
	record_span(record, "to_queue_ns", sample_to_queue(sample));
	record_span(record, "in_queue_ns", sample_in_queue(sample));
	record_span(record, "network_ns", network_span(sample));
	record_span(record, "host_in_ns", sample_host_in(sample));
}

static void put_answer(struct json_t *record, const struct target *target,
                       const struct sample *sample)
{
	record_count(record, "bytes", sample->bytes);
	if (sample->ttl >= 0)
		record_integer(record, "ttl", sample->ttl);
	if (sample->tos >= 0)
		record_integer(record, "tos", sample->tos);
	put_times(record, sample);
	if (sample->far)
		json_put_reflected(record, target, sample);
}

static void on_followed(void *state, const struct target *target,
                        const struct followed *followed)
{
	struct json *json = state;
	struct json_t *record;

	if (json->quiet || !record_begin(json->output, followed->wall))
		return;
	record = record_of("follow_up", followed->wall, target);
	record_count(record, "seq", followed->sequence);
	json_put_followed(record, followed);
	record_write(record, json->output);
}

static void on_sample(void *state, const struct target *target, const struct sample *sample)
{
	struct json *json = state;
	bool came = fate_is_answer(sample->fate);
	struct json_t *record;

	if (json->quiet || !record_begin(json->output, sample->wall))
		return;
	record = record_of(fate_word(sample->fate), sample->wall, target);
	record_count(record, "seq", sample->sequence);
	json_put_address(record, "addr", sample->from);
	if (came)
		put_answer(record, target, sample);
	else if (sample->fate == FATE_REFUSED)
		put_times(record, sample);
	if (sample->fate != FATE_UNSENT) {
		record_integer(record, "lag_ns", sample_lag(sample));
		record_span(record, "delay_ns", sample_delay(sample));
	}
	if (sample->retransmissions > 0)
		record_integer(record, "retransmissions", sample->retransmissions);
	if (!came) {
		struct reason reason = reason_of(target, sample);

		record_word(record, "reason", reason.word);
		record_word(record, "detail", reason.text);
	}
	record_write(record, json->output);
}

static void put_tally(struct json_t *record, const struct tally *tally)
{
	const struct {
		const char *key;
		uint64_t count;
	} counts[] = {
		{ "transmitted", tally->transmitted },
		{ "received", tally->received },
		{ "lost", tally->lost },
		{ "refused", tally->refused },
		{ "awaited", tally_awaited(tally) },
		{ "unsent", tally->unsent },
		{ "late", tally->late },
		{ "duplicates", tally->duplicates },
		{ "reordered", tally->reordered },
		{ "junk", tally->junk },
		{ "retransmissions", tally->retransmissions },
		{ "syn_retransmitted", tally->syn_lost },
		{ "unmeasured", tally->unmeasured },
		{ "user_stamps", tally->by_user },
		{ "kernel_stamps", tally->by_kernel },
		{ "hardware_stamps", tally->by_hardware },
		{ "distrusted_stamps", tally->distrusted },
	};
	uint64_t settled = tally->received + tally->lost + tally->refused;
	struct ratio_bounds bounds = ratio_bounds(settled - tally->received, settled);

	for (size_t i = 0; i < COUNT(counts); i++)
		record_count(record, counts[i].key, counts[i].count);
	record_span(record, "worst_lag_ns", tally->worst_lag);
	if (settled == 0)
		return;
	record_real(record, "loss_ratio", tally_loss(tally));
	record_real(record, "loss_low", bounds.low);
	record_real(record, "loss_high", bounds.high);
}

static void put_quantiles(struct json_t *record, struct stats *stats)
{
	static const struct {
		double q;
		const char *key, *low, *high;
	} quantiles[] = {
		{ 0.5, "p50_ns", "p50_low_ns", "p50_high_ns" },
		{ 0.9, "p90_ns", "p90_low_ns", "p90_high_ns" },
		{ 0.95, "p95_ns", "p95_low_ns", "p95_high_ns" },
		{ 0.99, "p99_ns", "p99_low_ns", "p99_high_ns" },
		{ 0.999, "p99_9_ns", "p99_9_low_ns", "p99_9_high_ns" },
		{ 0.9999, "p99_99_ns", "p99_99_low_ns", "p99_99_high_ns" },
	};

	for (size_t i = 0; i < COUNT(quantiles) && stats_supports(stats, quantiles[i].q); i++) {
		int64_t low, high;

		record_integer(record, quantiles[i].key, stats_quantile(stats, quantiles[i].q));
		if (!stats_quantile_bounds(stats, quantiles[i].q, &low, &high))
			continue;
		record_integer(record, quantiles[i].low, low);
		record_integer(record, quantiles[i].high, high);
	}
}

static void put_jitters(struct json_t *record, struct stats *stats,
                        const struct moments *moments)
{
	if (stats->count > 1)
		record_integer(record, "jitter_ns", llround(moments->jitter));
	if (moments->ipdv_count > 0) {
		record_integer(record, "ipdv_avg_ns", llround(moments->ipdv_mean));
		record_integer(record, "ipdv_min_ns", moments->ipdv_min);
		record_integer(record, "ipdv_max_ns", moments->ipdv_max);
	}
	if (stats_supports(stats, 0.5))
		record_integer(record, "pdv_p50_ns", stats_quantile(stats, 0.5) - moments->min);
	if (stats_supports(stats, 0.99))
		record_integer(record, "pdv_p99_ns",
		               stats_quantile(stats, 0.99) - moments->min);
	record_integer(record, "pdv_max_ns", moments->max - moments->min);
}

static void put_stats(struct json_t *record, struct stats *stats)
{
	struct moments moments = stats_moments(stats);

	if (stats->count == 0)
		return;
	record_integer(record, "min_ns", moments.min);
	record_integer(record, "avg_ns", llround(moments.mean));
	record_integer(record, "max_ns", moments.max);
	record_integer(record, "mdev_ns", llround(moments_mdev(&moments)));
	if (stats->count > 1) {
		record_integer(record, "stddev_ns", llround(moments_deviation(&moments)));
		record_integer(record, "stderr_ns", llround(moments_mean_error(&moments)));
	}
	put_quantiles(record, stats);
	put_jitters(record, stats, &moments);
}

static void put_histogram(struct json_t *record, const struct stats *stats)
{
	struct histogram histogram = { 0 };

	if (stats->count == 0 || stats_histogram(stats, &histogram) < 0)
		return;
	record_histogram(record, "histogram", &histogram);
	histogram_done(&histogram);
}

static void put_losses(struct json_t *record, const struct target *target)
{
	const struct losses *losses = &target->losses;
	struct loss_counts counts = losses_counts(losses);

	record_count(record, "loss_runs", counts.runs);
	record_count(record, "longest_loss_run", counts.longest);
	record_count(record, "outage_count", counts.outages);
	for (size_t i = 0; i < losses_count(losses); i++) {
		const struct loss_run *run = losses_at(losses, i);
		struct json_t *outage = record_part();

		record_count(outage, "seq", run->first);
		record_count(outage, "length", run->length);
		record_integer(outage, "start_ns", mono_since(run->start, target->first));
		record_integer(outage, "span_ns", run->span);
		record_append(record, "outages", outage);
	}
}

static void on_interval(void *state, const struct target *target, struct interval *interval)
{
	struct json *json = state;
	struct json_t *record;

	if (!record_begin(json->output, interval->wall))
		return;
	record = record_of("interval", interval->wall, target);
	record_count(record, "number", interval->number);
	record_integer(record, "span_ns", mono_since(interval->to, interval->from));
	put_tally(record, &interval->tally);
	put_stats(record, &interval->stats);
	if (interval->direction_told)
		json_put_direction(record, &interval->direction);
	record_write(record, json->output);
}

static void on_summary(void *state, struct target *target)
{
	struct json *json = state;
	struct wall now = clock_wall();
	struct json_t *record;

	record_await(json->output, now);
	record = record_of("summary", now, target);
	json_put_address(record, "addr", target_address(target));
	record_span(record, "span_ns",
	            mono_known(target->last) ? mono_since(target->last, target->first) : 0);
	put_tally(record, &target->tally);
	put_stats(record, &target->stats);
	put_losses(record, target);
	if (target->reflection)
		json_put_reflection(record, target->reflection);
	put_histogram(record, &target->stats);
	record_write(record, json->output);
}

static void on_event(void *state, const struct target *target, const struct notice *notice)
{
	struct json *json = state;
	const char *type = notice->kind == NOTICE_JUNK     ? "junk"
	                   : notice->kind == NOTICE_OUTAGE ? "outage"
	                                                   : "event";
	bool single = notice->kind == NOTICE_JUNK || notice->kind == NOTICE_OUTSTANDING;
	struct json_t *record;

	if ((json->quiet && single) ||
	    (notice->kind == NOTICE_OUTSTANDING && !json->outstanding) ||
	    !record_begin(json->output, notice->wall))
		return;
	record = record_of(type, notice->wall, target);
	json_put_event(record, target, notice);
	record_write(record, json->output);
}

static void on_failed(void *state, const struct sink_failure *failure)
{
	struct json *json = state;
	struct json_t *record =
		record_new("error", failure->wall, failure->name, failure->label);

	output_await(json->output);
	record_text(record, "detail", failure->reason);
	record_write(record, json->output);
}

const struct sink_ops json_sink = {
	.start = on_start,
	.sample = on_sample,
	.followed = on_followed,
	.interval = on_interval,
	.event = on_event,
	.failed = on_failed,
	.summary = on_summary,
};
