/* SPDX-License-Identifier: MIT */
#include "report/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio_ext.h>
#include <stdlib.h>

#include "net/loop.h"
#include "report/reflected.h"
#include "report/summary.h"
#include "report/words.h"

enum { KEPT_BYTES = 2048 }; /* with one more line, less than a pipe takes at once */

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

static void print_unsent_who(const struct text *text, const struct target *target)
{
	(void)fputs("not sent", text->out);
	if (text->many)
		(void)fprintf(text->out, " to %s", target->name);
}

static void print_skipped(struct text *text)
{
	if (!text->skipped)
		return;
	print_unsent_who(text, text->skipped);
	(void)fprintf(text->out, ": seq=%" PRIu64, text->skipped_first);
	if (text->skipped_last > text->skipped_first)
		(void)fprintf(text->out, "..%" PRIu64, text->skipped_last);
	(void)fputs(" (more than one interval late)\n", text->out);
	text->skipped = NULL;
}

/* After a stop thousands may have been skipped: they make one line. */
static bool skip(struct text *text, const struct target *target, const struct sample *sample)
{
	bool late = sample->fate == FATE_UNSENT && sample->error == -ETIME;

	if (!late || text->skipped != target)
		print_skipped(text);
	if (!late)
		return false;
	if (!text->skipped)
		text->skipped_first = sample->sequence;
	text->skipped = target;
	text->skipped_last = sample->sequence;
	return true;
}

/* True when this line shall not be made: whoever reads slowly, or not at all, must not stop the
 * measuring.  So little is kept that a descriptor which is ready takes it without blocking. */
static bool hush(struct text *text)
{
	if (__fpending(text->out) > KEPT_BYTES) {
		if (!loop_may_write(fileno(text->out))) {
			text->unshown++;
			return true;
		}
		(void)fflush(text->out);
	}
	if (text->unshown > 0)
		(void)fprintf(text->out, "(%" PRIu64 " lines not shown: nobody read them)\n",
		              text->unshown);
	text->unshown = 0;
	return false;
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
		(void)fprintf(text->out, " time=%.3f ms", span_ms((double)rtt));
	else
		(void)fputs(" time=? (nobody saw when it came)", text->out);
	if (sample->far && text->verbose)
		reflected_line(text->out, target, sample);
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
	if (sample->retransmissions > 0 || sample->error)
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
	print_unsent_who(text, target);
	(void)fprintf(text->out, ": seq=%" PRIu64 " (%s)\n", sample->sequence,
	              reason_of(target, sample).text);
}

static void on_start(void *state, const struct target *target)
{
	struct text *text = state;

	if (text->terse)
		return;
	(void)fprintf(text->out, "PING %s (%s)", target->name,
	              address_text(target_address(target)).text);
	if (target->ops->echoes)
		(void)fprintf(text->out, " %zu bytes", probe_size(target->ops, text->probe));
	else
		(void)fprintf(text->out, " %s", target->ops->asks_by);
	(void)fprintf(text->out, ", every %s", span_text(text->probe->interval).text);
	if (text->timeout_given)
		(void)fprintf(text->out, ", time-out %s", span_text(text->probe->timeout).text);
	(void)fprintf(text->out, ", %s\n", stamps_text(target->tx, target->rx));
	(void)fflush(text->out); /* not while the first probe is on its way */
}

static void on_sample(void *state, const struct target *target, const struct sample *sample)
{
	struct text *text = state;
	bool unwanted = text->quiet || (text->terse && !text->verbose);

	if (unwanted || hush(text) || skip(text, target, sample))
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

static void print_outstanding(const struct text *text, const struct target *target,
                              const struct notice *notice)
{
	(void)fputs("no answer yet from ", text->out);
	print_who(text, target, target_address(target));
	(void)fprintf(text->out, ": seq=%" PRIu64 "\n", notice->sequence);
}

static void print_moved(const struct text *text, const struct target *target,
                        const struct notice *notice)
{
	(void)fprintf(text->out, "%s has moved", target->name);
	if (notice->from)
		(void)fprintf(text->out, " from %s", address_text(notice->from).text);
	if (notice->to)
		(void)fprintf(text->out, " to %s", address_text(notice->to).text);
	(void)fputc('\n', text->out);
}

static void print_event(const struct text *text, const struct target *target,
                        const struct notice *notice)
{
	switch (notice->kind) {
	case NOTICE_OUTSTANDING:
		print_outstanding(text, target, notice);
		break;
	case NOTICE_RECONNECTED:
		(void)fprintf(text->out, "connected again to %s\n", target->name);
		break;
	case NOTICE_JUNK:
		(void)fprintf(text->out, "junk for %s (%s)\n", target->name,
		              reason_of_junk(notice->error).text);
		break;
	case NOTICE_ADDRESS:
		print_moved(text, target, notice);
		break;
	case NOTICE_UNRESOLVED:
		(void)fprintf(text->out, "cannot resolve %s again (%s)\n", target->name,
		              quote(notice->reason).text);
		break;
	case NOTICE_SUSPENDED:
		(void)fprintf(text->out, "this machine slept for %s\n",
		              span_text_ms(notice->span).text);
		break;
	case NOTICE_CLOCK_SET:
		(void)fprintf(text->out, "the clock of %s was put %s by %.3f ms\n",
		              target->name, notice->span < 0 ? "back" : "forward",
		              span_ms((double)llabs(notice->span)));
		break;
	case NOTICE_RESTARTED:
		(void)fprintf(text->out, "%s has begun to count anew\n", target->name);
		break;
	case NOTICE_OUTAGE:
		(void)fprintf(text->out,
		              "outage of %s: %" PRIu64 " lost in a row from seq=%" PRIu64
		              " on, for %s\n",
		              target->name, notice->length, notice->sequence,
		              span_text_ms(notice->span).text);
		break;
	}
}

static bool wants(struct text *text, const struct notice *notice)
{
	bool first = notice->wall.ns != text->slept.ns;

	switch (notice->kind) {
	case NOTICE_OUTSTANDING:
		return text->outstanding;
	case NOTICE_ADDRESS:
	case NOTICE_CLOCK_SET:
	case NOTICE_RESTARTED:
		return true;
	case NOTICE_OUTAGE:
		return !text->terse || text->verbose; /* else the table tells */
	case NOTICE_SUSPENDED: /* each target tells of it, and at the same instant */
		text->slept = notice->wall;
		return first;
	case NOTICE_RECONNECTED:
	case NOTICE_JUNK:
	case NOTICE_UNRESOLVED:
		break;
	}
	return text->verbose;
}

static void on_event(void *state, const struct target *target, const struct notice *notice)
{
	struct text *text = state;

	if (text->quiet || !wants(text, notice) || hush(text))
		return;
	print_epoch(text, notice->wall);
	print_event(text, target, notice);
}

static void on_interval(void *state, const struct target *target, struct interval *interval)
{
	struct moments moments = stats_moments(&interval->stats);
	struct text *text = state;

	if (hush(text))
		return;
	print_skipped(text);
	print_epoch(text, interval->wall);
	(void)fprintf(text->out, "interval %" PRIu64, interval->number);
	if (text->many)
		(void)fprintf(text->out, " of %s", target->name);
	(void)fprintf(text->out,
	              ", %s: ", span_text_ms(mono_since(interval->to, interval->from)).text);
	summary_brief(text->out, &interval->tally, &moments);
	reflected_interval(text->out, interval);
	(void)fputc('\n', text->out);
}

static void on_standing(void *state, struct target *target)
{
	struct text *text = state;

	summary_line(text->aside, target);
	(void)fflush(text->aside);
}

static void on_summary(void *state, struct target *target)
{
	struct text *text = state;

	(void)fflush(text->out); /* the summary does wait for its reader */
	(void)hush(text);
	print_skipped(text);
	if (text->terse)
		return;
	summary_print(text->out, target, text->verbose);
	if (target->reflection)
		reflected_print(text->out, target, text->verbose);
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
	.standing = on_standing,
	.event = on_event,
	.summary = on_summary,
	.done = on_done,
};

const struct sink_ops standing_sink = {
	.standing = on_standing,
};
