/* SPDX-License-Identifier: MIT */
#include "report/anatomy.h"

#include <inttypes.h>
#include <math.h>

#include "report/words.h"

enum { SCHEMA = 5, DIGITS = 1000 }; /* a quantile is at most 1.1 % off: three digits */

static const struct {
	const char *name;
	int64_t (*span)(const struct sample *sample);
} parts[ANATOMY_PARTS] = {
	{ "due to sent (own lag)", sample_lag },
	{ "  waiting for the processor", sample_delay },
	{ "host out: sent to wire", sample_host_out },
	{ "  until it was queued", sample_to_queue },
	{ "  in the queue of its device", sample_in_queue },
	{ "network and far end", network_span },
	{ "host in: wire to read", sample_host_in },
};

int anatomy_init(struct anatomy *anatomy, FILE *out)
{
	int result = 0;

	*anatomy = (struct anatomy){ .out = out };
	for (size_t i = 0; i < ANATOMY_PARTS && result == 0; i++)
		result = histogram_init(&anatomy->parts[i].spans, SCHEMA);
	return result;
}

void anatomy_done(struct anatomy *anatomy)
{
	for (size_t i = 0; i < ANATOMY_PARTS; i++)
		histogram_done(&anatomy->parts[i].spans);
}

static void add(struct anatomy_part *part, int64_t span)
{
	if (span < 0)
		return;
	histogram_record(&part->spans, span);
	part->mean += ((double)span - part->mean) / (double)part->spans.count;
	part->max = span_max(part->max, span);
}

static void on_sample(void *state, const struct target *target, const struct sample *sample)
{
	struct anatomy *anatomy = state;

	(void)target;
	if (sample->fate != FATE_ANSWERED)
		return;
	anatomy->answers++;
	for (size_t i = 0; i < ANATOMY_PARTS; i++)
		add(&anatomy->parts[i], parts[i].span(sample));
}

struct figure {
	char text[320];
};

/* In us, with the digits that the histogram has; "-" where so few do not tell. */
static struct figure quantile_text(const struct anatomy_part *part, double q)
{
	struct figure figure = { "-" };
	int64_t quantile = span_min(histogram_quantile(&part->spans, q), part->max);
	int64_t unit = 1;

	while (quantile / unit >= DIGITS)
		unit *= 10;
	quantile = (quantile + unit / 2) / unit * unit;
	if (quantile_is_supported(part->spans.count, q))
		(void)snprintf(figure.text, sizeof(figure.text), "%.1f",
		               (double)quantile / (double)NS_PER_US);
	return figure;
}

static void print_part(const struct anatomy *anatomy, size_t i)
{
	const struct anatomy_part *part = &anatomy->parts[i];
	uint64_t known = part->spans.count;

	(void)fprintf(anatomy->out, "%-28s", parts[i].name);
	if (known == 0)
		(void)fprintf(anatomy->out, " %10s %10s %10s %10s", "-", "-", "-", "-");
	else
		(void)fprintf(anatomy->out, " %10.1f %10s %10s %10.1f",
		              part->mean / (double)NS_PER_US, quantile_text(part, 0.5).text,
		              quantile_text(part, 0.99).text,
		              (double)part->max / (double)NS_PER_US);
	if (known < anatomy->answers)
		(void)fprintf(anatomy->out, "  (unknown for %s)",
		              share_text((double)(anatomy->answers - known) /
		                         (double)anatomy->answers)
		                      .text);
	(void)fputc('\n', anatomy->out);
}

static void on_done(void *state)
{
	struct anatomy *anatomy = state;

	if (anatomy->answers > 0) {
		(void)fprintf(anatomy->out, "\n%-28s %10s %10s %10s %10s\n",
		              "anatomy of the round trips", "mean us", "p50", "p99", "max");
		for (size_t i = 0; i < ANATOMY_PARTS; i++)
			print_part(anatomy, i);
	}
	(void)fflush(anatomy->out);
}

const struct sink_ops anatomy_sink = {
	.sample = on_sample,
	.done = on_done,
};
