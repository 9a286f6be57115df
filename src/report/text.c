/* SPDX-License-Identifier: MIT */
#include "report/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

struct reason {
	char text[128];
};

static double ms(double ns)
{
	return ns / (double)NS_PER_MS;
}

/* What kept a probe from its answer, in a word that says whose doing it was. */
static struct reason reason_of(const struct target *target, const struct sample *sample)
{
	static const struct {
		enum fate fate;
		int error;
		const char *text;
	} table[] = {
		{ FATE_LOST, -EPIPE, "connection closed" },
		{ FATE_LOST, -EBADMSG, "connection closed after a wrong answer" },
		{ FATE_REFUSED, -ETIME, "time to live exceeded" },
		{ FATE_REFUSED, -EPROTO, "parameter problem" },
		{ FATE_REFUSED, -EHOSTUNREACH, "host unreachable" },
		{ FATE_REFUSED, -ENETUNREACH, "network unreachable" },
		{ FATE_REFUSED, -EACCES, "administratively prohibited" },
		{ FATE_REFUSED, -ECONNRESET, "connection reset" },
		{ FATE_UNSENT, -ETIME, "more than one interval late" },
		{ FATE_UNSENT, -EBUSY, "the one before is still awaited" },
		{ FATE_UNSENT, -EAGAIN, "the socket takes no more" },
		{ FATE_UNSENT, -ENOBUFS, "too many are awaited" },
		{ FATE_UNSENT, -EPIPE, "connection closed" },
		{ FATE_UNSENT, -EBADMSG, "connection closed after a wrong answer" },
	};
	bool stream = target->ops->scope != CHANNEL_FOR_ALL;
	struct reason reason = { 0 };
	const char *text = NULL;

	for (size_t i = 0; i < COUNT(table) && !text; i++)
		if (table[i].fate == sample->fate && table[i].error == sample->error)
			text = table[i].text;
	if (sample->fate == FATE_REFUSED && sample->error == -ECONNREFUSED)
		text = stream ? "connection refused" : "port unreachable";
	(void)snprintf(reason.text, sizeof(reason.text), "%.100s",
	               text ? text : err_reason(sample->error).text);
	return reason;
}

static void print_epoch(const struct text *text, struct wall wall)
{
	if (text->epoch)
		(void)fprintf(text->out, "[%" PRId64 ".%06" PRId64 "] ", wall.ns / NS_PER_SEC,
		              wall.ns % NS_PER_SEC / 1000);
}

/* "127.0.0.1", or with several targets "udp-echo://127.0.0.1:8888 (127.0.0.1)". */
static void print_who(const struct text *text, const struct target *target,
                      const struct address *address)
{
	struct address_text host = address_text(address);

	if (text->many)
		(void)fprintf(text->out, "%s (%s)", target->name, host.text);
	else
		(void)fputs(host.text, text->out);
}

static void print_skipped(struct text *text)
{
	if (text->skipped_first == 0)
		return;
	(void)fprintf(text->out, "not sent: seq=%" PRIu64, text->skipped_first);
	if (text->skipped_last > text->skipped_first)
		(void)fprintf(text->out, "..%" PRIu64, text->skipped_last);
	(void)fputs(" (more than one interval late)\n", text->out);
	text->skipped_first = 0;
}

/* After a stop thousands may have been skipped: they make one line. */
static bool skip(struct text *text, const struct sample *sample)
{
	if (sample->fate != FATE_UNSENT || sample->error != -ETIME || text->many) {
		print_skipped(text);
		return false;
	}
	if (text->skipped_first == 0)
		text->skipped_first = sample->sequence;
	text->skipped_last = sample->sequence;
	return true;
}

static void print_answer(const struct text *text, const struct target *target,
                         const struct sample *sample)
{
	int64_t rtt = sample_rtt(sample);

	if (sample->bytes > 0 || target->ops->echoes)
		(void)fprintf(text->out, "%zu bytes from ", sample->bytes);
	else
		(void)fputs("answer from ", text->out);
	print_who(text, target, sample->from);
	(void)fprintf(text->out, ": seq=%" PRIu64, sample->sequence);
	if (sample->ttl >= 0)
		(void)fprintf(text->out, " ttl=%d", sample->ttl);
	if (rtt >= 0)
		(void)fprintf(text->out, " time=%.3f ms", ms((double)rtt));
	else
		(void)fputs(" time=? (this process was not running)", text->out);
	if (sample->fate == FATE_DUPLICATE)
		(void)fputs(" (duplicate)", text->out);
	if (sample->fate == FATE_LATE)
		(void)fputs(" (late)", text->out);
	if (sample->retransmissions > 0)
		(void)fputs(" (retransmitted)", text->out);
	(void)fputc('\n', text->out);
}

static void print_lost(const struct text *text, const struct target *target,
                       const struct sample *sample)
{
	(void)fputs("no answer from ", text->out);
	print_who(text, target, sample->from);
	(void)fprintf(text->out, ": seq=%" PRIu64, sample->sequence);
	if (sample->retransmissions > 0)
		(void)fputs(" (SYN retransmitted)\n", text->out);
	else if (sample->error)
		(void)fprintf(text->out, " (%s)\n", reason_of(target, sample).text);
	else
		(void)fprintf(text->out, " (timed out after %s)\n",
		              span_text(text->probe->timeout).text);
}

static void print_refused(const struct text *text, const struct target *target,
                          const struct sample *sample)
{
	(void)fputs("refused by ", text->out);
	print_who(text, target, sample->from);
	(void)fprintf(text->out, ": seq=%" PRIu64 " (%s)\n", sample->sequence,
	              reason_of(target, sample).text);
}

static void print_unsent(const struct text *text, const struct target *target,
                         const struct sample *sample)
{
	(void)fputs("not sent", text->out);
	if (text->many)
		(void)fprintf(text->out, " to %s", target->name);
	(void)fprintf(text->out, ": seq=%" PRIu64 " (%s)\n", sample->sequence,
	              reason_of(target, sample).text);
}

static void on_start(void *state, const struct target *target)
{
	struct text *text = state;

	(void)fprintf(text->out, "PING %s (%s)", target->name,
	              address_text(target_address(target)).text);
	if (target->ops->echoes)
		(void)fprintf(text->out, " %zu bytes", text->probe->size);
	else
		(void)fprintf(text->out, " %s", target->ops->asks_by);
	(void)fprintf(text->out, ", every %s", span_text(text->probe->interval).text);
	if (text->timeout_given)
		(void)fprintf(text->out, ", time-out %s", span_text(text->probe->timeout).text);
	(void)fputs(", user timestamps\n", text->out);
	(void)fflush(text->out); /* not while the first probe is on its way */
}

static void on_sample(void *state, const struct target *target, const struct sample *sample)
{
	struct text *text = state;

	if (text->quiet || skip(text, sample))
		return;
	print_epoch(text, sample->wall);
	switch (sample->fate) {
	case FATE_ANSWERED:
	case FATE_LATE:
	case FATE_DUPLICATE:
		print_answer(text, target, sample);
		break;
	case FATE_LOST:
		print_lost(text, target, sample);
		break;
	case FATE_REFUSED:
		print_refused(text, target, sample);
		break;
	case FATE_UNSENT:
		print_unsent(text, target, sample);
		break;
	}
}

static void on_event(void *state, const struct target *target, const struct notice *notice)
{
	struct text *text = state;

	if (text->quiet)
		return;
	switch (notice->kind) {
	case NOTICE_OUTSTANDING:
		if (text->outstanding)
			(void)fprintf(text->out, "no answer yet from %s: seq=%" PRIu64 "\n",
			              address_text(target_address(target)).text,
			              notice->sequence);
		break;
	case NOTICE_RECONNECTED:
		if (text->verbose)
			(void)fprintf(text->out, "connected again to %s\n", target->name);
		break;
	case NOTICE_JUNK:
		if (text->verbose)
			(void)fprintf(text->out, "junk for %s (%s)\n", target->name,
			              err_reason(notice->error).text);
		break;
	}
}

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

static void print_counts(const struct text *text, const struct target *target)
{
	const struct tally *tally = &target->tally;
	int64_t elapsed =
		mono_known(target->last) ? mono_since(target->last, target->first) : 0;

	(void)fprintf(text->out, "%" PRIu64 " packets transmitted, %" PRIu64 " received",
	              tally->transmitted, tally->received);
	if (awaited(tally) > 0)
		(void)fprintf(text->out, ", %" PRIu64 " still awaited", awaited(tally));
	print_loss(text->out, tally);
	(void)fprintf(text->out, ", time %" PRId64 "ms\n", elapsed / NS_PER_MS);
}

static void print_rtt(FILE *out, const struct stats *stats)
{
	(void)fprintf(out, "min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms", ms((double)stats->min),
	              ms(stats->mean), ms((double)stats->max), ms(stats_mdev(stats)));
}

/* Only the quantiles that so many samples can have. */
static void print_quantiles(const struct text *text, struct stats *stats)
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
		(void)fprintf(text->out, "%s%s", i ? "/" : "rtt ", quantiles[i].name);
	for (size_t i = 0; i < COUNT(quantiles) && stats_supports(stats, quantiles[i].q); i++)
		(void)fprintf(text->out, "%s%.3f", i ? "/" : " = ",
		              ms((double)stats_quantile(stats, quantiles[i].q)));
	(void)fputs(" ms\n", text->out);
}

static void print_rare(const struct text *text, const struct target *target)
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
		{ tally->retransmissions - tally->syn_lost, "retransmitted" },
		{ tally->syn_lost, "SYN retransmitted" },
		{ tally->unmeasured, "answered while this process was not running" },
	};
	const char *separator = "";

	for (size_t i = 0; i < COUNT(rare); i++) {
		if (rare[i].count == 0)
			continue;
		(void)fprintf(text->out, "%s%" PRIu64 " %s", separator, rare[i].count,
		              rare[i].name);
		separator = ", ";
	}
	if (*separator)
		(void)fputc('\n', text->out);
}

static void on_interval(void *state, struct target *target)
{
	struct text *text = state;
	const struct tally *tally = &target->tally;

	(void)fprintf(text->aside, "%s: %" PRIu64 "/%" PRIu64 " packets", target->name,
	              tally->received, tally->transmitted);
	print_loss(text->aside, tally);
	if (target->stats.count > 0) {
		(void)fputs(", ", text->aside);
		print_rtt(text->aside, &target->stats);
	}
	(void)fputc('\n', text->aside);
	(void)fflush(text->aside);
}

static void on_summary(void *state, struct target *target)
{
	struct text *text = state;
	struct stats *stats = &target->stats;

	print_skipped(text);
	(void)fprintf(text->out, "\n--- %s ping statistics ---\n", target->name);
	print_counts(text, target);
	if (stats->count > 0) {
		(void)fputs("rtt ", text->out);
		print_rtt(text->out, stats);
		(void)fputc('\n', text->out);
		print_quantiles(text, stats);
	}
	if (stats->count > 1)
		(void)fprintf(text->out, "jitter %.3f ms (RFC 3550)\n", ms(stats->jitter));
	print_rare(text, target);
	if (target->tally.worst_lag > NS_PER_MS || text->verbose)
		(void)fprintf(text->out, "sent up to %.3f ms later than due\n",
		              ms((double)target->tally.worst_lag));
}

static void on_done(void *state)
{
	struct text *text = state;

	(void)fflush(text->out);
}

const struct sink_ops text_sink = {
	.start = on_start,
	.sample = on_sample,
	.interval = on_interval,
	.event = on_event,
	.summary = on_summary,
	.done = on_done,
};
