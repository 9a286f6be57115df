/* SPDX-License-Identifier: MIT */
#include "report/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/summary.h"
#include "report/words.h"

enum {
	FIGURES_WIDTH = 65, /* of all columns behind the name */
	NAME_MAX_WIDTH = 100 - FIGURES_WIDTH,
	NAME_MIN_WIDTH = 6,
	ROWS_MORE = 64,
};

/* Ratios beyond what a loss can be, so that they come first. */
static const float loss_unknown = 2, loss_failed = 3;

/* Small, for there may be very many. */
struct table_row {
	union {
		struct target *target;
		char *failure; /* of loss_failed: a name, and the reason behind its end; owned */
	};
	float loss;
	float worst; /* ns: p99, or the largest of too few */
};

static bool is_failed(const struct table_row *row)
{
	return row->loss >= loss_failed;
}

/* A row to fill in; NULL when there is no memory for one. */
static struct table_row *add_row(struct table *table)
{
	if (table->count == table->room) {
		size_t room = table->room ? table->room * 2 : table->targets + ROWS_MORE;
		struct table_row *rows =
			reallocarray(table->rows, room, sizeof(struct table_row));

		if (!rows)
			return NULL;
		table->rows = rows;
		table->room = room;
	}
	return &table->rows[table->count++];
}

void table_done(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (is_failed(&table->rows[i]))
			free(table->rows[i].failure);
	free(table->rows);
	table->rows = NULL;
	table->count = table->room = 0;
}

static void on_start(void *state, const struct target *target)
{
	struct table *table = state;

	if (table->headed)
		return;
	table->headed = true;
	(void)fprintf(table->out, "PING %zu targets", table->targets);
	if (target->ops->echoes)
		(void)fprintf(table->out, ", %zu bytes", probe_size(target->ops, table->probe));
	(void)fprintf(table->out, ", every %s, %s\n", span_text(table->probe->interval).text,
	              stamps_text(target->tx, target->rx));
	(void)fflush(table->out);
}

struct title {
	char text[QUOTE_ROOM * 2 + 4];
};

/* "NAME", or "NAME (LABEL)". */
static struct title title_of(const char *name, const char *label)
{
	struct title title = { 0 };

	if (label)
		(void)snprintf(title.text, sizeof(title.text), "%s (%s)", quote(name).text,
		               quote(label).text);
	else
		(void)snprintf(title.text, sizeof(title.text), "%s", quote(name).text);
	return title;
}

static void on_failed(void *state, const struct sink_failure *failure)
{
	struct table *table = state;
	struct title title = title_of(failure->name, failure->label);
	size_t first = strlen(title.text) + 1, second = strlen(failure->reason) + 1;
	char *both = malloc(first + second);
	struct table_row *row = both ? add_row(table) : NULL;

	if (!row) {
		free(both);
		table->forgotten++;
		return;
	}
	memcpy(both, title.text, first);
	memcpy(both + first, failure->reason, second);
	*row = (struct table_row){
		.failure = both,
		.loss = loss_failed,
		.worst = -(float)table->count, /* in the order of their coming */
	};
}

static void on_summary(void *state, struct target *target)
{
	struct table *table = state;
	struct table_row *row = add_row(table);
	struct stats *stats = &target->stats;
	double loss = tally_loss(&target->tally);

	if (!row) {
		table->forgotten++;
		return;
	}
	*row = (struct table_row){
		.target = target,
		.loss = loss < 0 ? loss_unknown : (float)loss,
		.worst = (float)(stats_supports(stats, 0.99) ? stats_quantile(stats, 0.99)
		                                             : stats_moments(stats).max),
	};
}

/* The worse first; of equals the one that was there first. */
static int compare(const void *a, const void *b)
{
	const struct table_row *x = a, *y = b;

	if (x->loss < y->loss || x->loss > y->loss)
		return x->loss > y->loss ? -1 : 1;
	if (x->worst < y->worst || x->worst > y->worst)
		return x->worst > y->worst ? -1 : 1;
	if (is_failed(x) || is_failed(y))
		return 0;
	return (x->target->index > y->target->index) - (x->target->index < y->target->index);
}

static struct title row_title(const struct table_row *row)
{
	struct title title = { 0 };

	if (!is_failed(row))
		return title_of(row->target->name, row->target->label);
	(void)snprintf(title.text, sizeof(title.text), "%s", row->failure);
	return title;
}

/* Characters, not bytes. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static int width_of_names(const struct table *table)
{
	int width = NAME_MIN_WIDTH;

	for (size_t i = 0; i < table->count; i++) {
		int wanted = width_of(row_title(&table->rows[i]).text);

		if (wanted > width && wanted <= NAME_MAX_WIDTH)
			width = wanted;
	}
	return width;
}

/* In whole microseconds, for of so many figures each would cost five times as much as a fraction. */
static void print_ms(FILE *out, bool known, double span)
{
	int64_t us = llround(span / (double)NS_PER_US);

	if (known)
		(void)fprintf(out, " %5" PRId64 ".%03d", us / 1000, (int)(us % 1000));
	else
		(void)fputs("         -", out);
}

static void print_figures(FILE *out, struct target *target)
{
	struct stats *stats = &target->stats;
	struct moments moments = stats_moments(stats);
	double loss = tally_loss(&target->tally);
	bool some = stats->count > 0, p99 = stats_supports(stats, 0.99);

	(void)fprintf(out, " %7" PRIu64 " %6s", target->tally.transmitted,
	              loss < 0 ? "-" : share_text(loss).text);
	print_ms(out, some, (double)moments.min);
	print_ms(out, some, moments.mean);
	print_ms(out, p99, p99 ? (double)stats_quantile(stats, 0.99) : 0);
	print_ms(out, some, (double)moments.max);
	print_ms(out, stats->count > 1, moments.jitter);
	(void)fputc('\n', out);
}

static void print_row(FILE *out, const struct table_row *row, int width)
{
	struct title title = row_title(row);
	int padding = width - width_of(title.text);

	(void)fprintf(out, "%s%*s", title.text, padding > 0 ? padding : 0, "");
	if (is_failed(row))
		(void)fprintf(out, "  %s\n", row->failure + strlen(row->failure) + 1);
	else
		print_figures(out, row->target);
}

static void print_rows(const struct table *table)
{
	int width = width_of_names(table);

	(void)fprintf(table->out, "\n%-*s %7s %6s %9s %9s %9s %9s %9s\n", width, "target",
	              "sent", "loss", "min ms", "avg", "p99", "max", "jitter");
	for (size_t i = 0; i < table->count; i++)
		print_row(table->out, &table->rows[i], width);
	if (table->forgotten > 0)
		(void)fprintf(table->out, "(%zu more, for which there was no memory)\n",
		              table->forgotten);
}

/* All targets as if they were one. */
struct total {
	struct tally tally;
	struct moments moments; /* count, min, max, mean and squares */
	struct mono first, last;
	size_t failed, silent;
	enum taker tx, rx;
};

static void add_tally(struct tally *into, const struct tally *tally)
{
	into->transmitted += tally->transmitted;
	into->received += tally->received;
	into->lost += tally->lost;
	into->refused += tally->refused;
	into->unsent += tally->unsent;
	into->late += tally->late;
	into->duplicates += tally->duplicates;
	into->junk += tally->junk;
	into->reordered += tally->reordered;
	into->retransmissions += tally->retransmissions;
	into->unmeasured += tally->unmeasured;
	into->syn_lost += tally->syn_lost;
	into->worst_lag = span_max(into->worst_lag, tally->worst_lag);
	into->by_user += tally->by_user;
	into->by_kernel += tally->by_kernel;
	into->by_hardware += tally->by_hardware;
	into->distrusted += tally->distrusted;
}

/* Welford's recurrence for two samples instead of one (Chan et al. 1979). */
static void add_moments(struct moments *into, const struct moments *moments)
{
	double n = (double)into->count, m = (double)moments->count;
	double delta = moments->mean - into->mean;

	if (moments->count == 0)
		return;
	into->min = into->count == 0 ? moments->min : span_min(into->min, moments->min);
	into->max = into->count == 0 ? moments->max : span_max(into->max, moments->max);
	into->count += moments->count;
	into->mean += delta * m / (n + m);
	into->squares += moments->squares + delta * delta * n * m / (n + m);
}

static void add_target(struct total *total, const struct target *target)
{
	struct moments moments = stats_moments(&target->stats);

	add_tally(&total->tally, &target->tally);
	add_moments(&total->moments, &moments);
	total->silent += target->tally.received == 0;
	total->tx = target->tx;
	total->rx = target->rx;
	if (!mono_known(target->last))
		return;
	total->first = mono_known(total->first) ? mono_earlier(total->first, target->first)
	                                        : target->first;
	if (mono_before(total->last, target->last))
		total->last = target->last;
}

static void print_total(const struct table *table)
{
	struct total total = { 0 };
	FILE *out = table->out;

	for (size_t i = 0; i < table->count; i++) {
		if (is_failed(&table->rows[i]))
			total.failed++;
		else
			add_target(&total, table->rows[i].target);
	}
	(void)fprintf(out, "\n--- %zu targets", table->count + table->forgotten);
	if (total.failed > 0)
		(void)fprintf(out, ", %zu not asked", total.failed);
	if (total.silent > 0)
		(void)fprintf(out, ", %zu without an answer", total.silent);
	(void)fputs(" ---\n", out);
	summary_counts(out, &total.tally, mono_since(total.last, total.first));
	summary_rtt(out, &total.moments);
	summary_rare(out, &total.tally);
	summary_stamps(out, &total.tally, total.tx, total.rx);
	summary_lag(out, &total.tally, table->verbose);
}

void table_standing(FILE *out, const struct session *session)
{
	struct total total = { 0 };

	for (size_t i = 0; i < session->target_count; i++)
		if (session->targets[i])
			add_target(&total, session->targets[i]);
	(void)fprintf(out, "%zu targets: ", session->target_count);
	summary_brief(out, &total.tally, &total.moments);
	(void)fputc('\n', out);
	(void)fflush(out);
}

static void on_done(void *state)
{
	struct table *table = state;

	if (table->count > 0)
		qsort(table->rows, table->count, sizeof(struct table_row), compare);
	if (table->count > 0 || table->forgotten > 0) {
		print_rows(table);
		print_total(table);
	}
	(void)fflush(table->out);
	table_done(table);
}

const struct sink_ops table_sink = {
	.start = on_start,
	.failed = on_failed,
	.summary = on_summary,
	.done = on_done,
};
