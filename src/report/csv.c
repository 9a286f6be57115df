/* SPDX-License-Identifier: MIT */
#include "report/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "probe/reflection.h"
#include "report/words.h"

static const char names[] = "t,target,label,type,seq,addr,bytes,ttl,rtt_ns,lag_ns,host_out_ns,"
			    "host_in_ns,tx_stamp,rx_stamp,reason,forward_ns,reverse_ns,"
			    "residence_ns\r\n";

enum { TEXT_MAX = 1024 };

static void put(struct csv *csv, const char *text)
{
	output_put(csv->output, text, strlen(text));
}

static void put_number(struct csv *csv, int64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64 ",", number);
	put(csv, text);
}

static void put_last(struct csv *csv, int64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64, number);
	put(csv, text);
}

/* Nothing, where it is not known. */
static void put_known(struct csv *csv, bool known, int64_t number)
{
	if (known)
		put_number(csv, number);
	else
		put(csv, ",");
}

/* Text from outside: quoted where it must be, and with an apostrophe before what a spreadsheet
 * would reckon with. */
static void put_text(struct csv *csv, const char *text)
{
	bool formula = *text != '\0' && strchr("=+-@\t\r", *text) != NULL;
	bool quoted = formula || strpbrk(text, ",\"\r\n");
	size_t length = size_min(strlen(text), TEXT_MAX);

	if (quoted)
		put(csv, formula ? "\"'" : "\"");
	for (const char *end = text + length; text < end;) {
		const char *mark = quoted ? memchr(text, '"', (size_t)(end - text)) : NULL;
		const char *stop = mark ? mark + 1 : end;

		output_put(csv->output, text, (size_t)(stop - text));
		if (mark)
			put(csv, "\"");
		text = stop;
	}
	put(csv, quoted ? "\"," : ",");
}

void csv_head(struct csv *csv)
{
	if (!csv->headed)
		put(csv, names);
	csv->headed = true;
}

static void on_start(void *state, const struct target *target)
{
	(void)target;
	csv_head(state);
}

static void put_times(struct csv *csv, const struct sample *sample)
{
	bool timed = sample->fate != FATE_LOST && sample->fate != FATE_UNSENT;
	int64_t rtt = sample_rtt(sample);
	int64_t out = sample_host_out(sample), in = sample_host_in(sample);

	put_known(csv, timed && rtt >= 0, rtt);
	put_known(csv, sample->fate != FATE_UNSENT, sample_lag(sample));
	put_known(csv, timed && out >= 0, out);
	put_known(csv, timed && in >= 0, in);
	put(csv, timed ? taker_word(sample->tx) : "");
	put(csv, ",");
	put(csv, timed ? taker_word(sample->rx) : "");
	put(csv, ",");
}

/* The middle of what is known of each; docs/json.md says how far that may be off. */
static void put_directions(struct csv *csv, const struct target *target,
                           const struct sample *sample)
{
	struct oneway_result result = { .verdict = ONEWAY_IMPOSSIBLE };

	if (target->reflection && sample->far && sample->fate == FATE_ANSWERED)
		result = target->reflection->latest;
	bool known = result.verdict != ONEWAY_IMPOSSIBLE;

	put_known(csv, known, result.forward.estimate);
	put_known(csv, known, result.reverse.estimate);
	if (known)
		put_last(csv, result.residence);
}

static void on_sample(void *state, const struct target *target, const struct sample *sample)
{
	struct csv *csv = state;
	bool came = fate_is_answer(sample->fate);

	csv_head(csv);
	if (!output_begin(csv->output))
		return;
	put_number(csv, sample->wall.ns);
	put_text(csv, target->name);
	put_text(csv, target->label ? target->label : "");
	put(csv, fate_word(sample->fate));
	put(csv, ",");
	put_number(csv, (int64_t)sample->sequence);
	put(csv, sample->from ? address_text(sample->from).text : "");
	put(csv, ",");
	put_known(csv, came, (int64_t)sample->bytes);
	put_known(csv, came && sample->ttl >= 0, sample->ttl);
	put_times(csv, sample);
	put(csv, came ? "" : reason_of(target, sample).word);
	put(csv, ",");
	put_directions(csv, target, sample);
	put(csv, "\r\n");
}

static void on_done(void *state)
{
	csv_head(state);
}

const struct sink_ops csv_sink = {
	.start = on_start,
	.sample = on_sample,
	.done = on_done,
};
