/* SPDX-License-Identifier: MIT */
#include "report/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"

#define DAY (86400 * NS_PER_SEC)
#define PER_CENT INT64_C(1000000) /* a ratio is kept in millionths of a per cent */
#define COUNT_MAX INT64_C(1000000000000)

enum unit { DURATION, RATIO, COUNT_OR_RATIO };

struct verdict_metric {
	const char *name;
	enum unit unit;
	double quantile;                                   /* of durations: 0 = none, but */
	double (*duration)(const struct moments *moments); /* ns */
	uint64_t (*count)(const struct tally *tally);      /* of the others, */
	uint64_t (*of)(const struct tally *tally);         /* and what a ratio is a part of */
	uint64_t least; /* answers without which it has no value */
};

static double mean_of(const struct moments *moments)
{
	return moments->mean;
}

static double max_of(const struct moments *moments)
{
	return (double)moments->max;
}

static double min_of(const struct moments *moments)
{
	return (double)moments->min;
}

static double jitter_of(const struct moments *moments)
{
	return moments->jitter;
}

static uint64_t settled_of(const struct tally *tally)
{
	return tally->received + tally->lost + tally->refused;
}

static uint64_t lost_of(const struct tally *tally)
{
	return tally->lost + tally->refused;
}

static uint64_t received_of(const struct tally *tally)
{
	return tally->received;
}

static uint64_t reordered_of(const struct tally *tally)
{
	return tally->reordered;
}

static uint64_t duplicates_of(const struct tally *tally)
{
	return tally->duplicates;
}

static const struct verdict_metric metrics[] = {
	{ "loss", RATIO, 0, NULL, lost_of, settled_of, 0 },
	{ "p50", DURATION, 0.5, NULL, NULL, NULL, 1 },
	{ "p90", DURATION, 0.9, NULL, NULL, NULL, 1 },
	{ "p95", DURATION, 0.95, NULL, NULL, NULL, 1 },
	{ "p99", DURATION, 0.99, NULL, NULL, NULL, 1 },
	{ "p99.9", DURATION, 0.999, NULL, NULL, NULL, 1 },
	{ "p99.99", DURATION, 0.9999, NULL, NULL, NULL, 1 },
	{ "avg", DURATION, 0, mean_of, NULL, NULL, 1 },
	{ "max", DURATION, 0, max_of, NULL, NULL, 1 },
	{ "min", DURATION, 0, min_of, NULL, NULL, 1 },
	{ "jitter", DURATION, 0, jitter_of, NULL, NULL, 2 },
	{ "reordered", COUNT_OR_RATIO, 0, NULL, reordered_of, received_of, 0 },
	{ "duplicates", COUNT_OR_RATIO, 0, NULL, duplicates_of, received_of, 0 },
};

/* --- understanding an expression --- */

static const struct verdict_metric *find_metric(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT(metrics); i++)
		if (strlen(metrics[i].name) == length &&
		    strncmp(metrics[i].name, name, length) == 0)
			return &metrics[i];
	return NULL;
}

static int unknown_metric(const char *text, size_t length, struct err *err)
{
	const char *names[COUNT(metrics) + 1] = { 0 };
	struct quoted shown = quote_bytes(text, length);

	for (size_t i = 0; i < COUNT(metrics); i++)
		names[i] = metrics[i].name;
	const char *nearest = text_nearest(shown.text, names);

	if (nearest)
		return err_set(err, -EINVAL, "unknown metric '%s' (did you mean '%s'?)",
		               shown.text, nearest);
	return err_set(err, -EINVAL,
	               "unknown metric '%s' (loss, p50 to p99.99, avg, max, min, jitter, "
	               "reordered or duplicates)",
	               shown.text);
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Takes the sign of comparison at *text; false when there is none. */
static bool take_relation(const char **text, enum verdict_relation *out)
{
	static const struct {
		const char *sign;
		enum verdict_relation relation;
	} relations[] = {
		{ ">=", AT_LEAST }, { "<=", AT_MOST }, { ">", ABOVE }, { "<", BELOW }
	};

	for (size_t i = 0; i < COUNT(relations); i++) {
		size_t length = strlen(relations[i].sign);

		if (strncmp(*text, relations[i].sign, length) != 0)
			continue;
		*text += length;
		*out = relations[i].relation;
		return true;
	}
	return false;
}

static int read_value(const char *text, struct verdict *verdict)
{
	enum unit unit = verdict->metric->unit;
	bool percent = *text && text[strlen(text) - 1] == '%';

	if (unit == DURATION)
		return parse_duration(text, DAY, &verdict->value);
	if (unit == COUNT_OR_RATIO && !percent)
		return parse_integer(text, 0, COUNT_MAX, &verdict->value);
	verdict->ratio = true;
	if (strcmp(text, "0") == 0)
		return 0; /* none at all is none in whatever unit */
	return parse_decimal(text, "%", PER_CENT, 100 * PER_CENT, &verdict->value);
}

static int refuse_value(const struct verdict_metric *metric, const char *text, size_t length,
                        struct err *err)
{
	static const char *const wanted[] = {
		[DURATION] = "a duration such as 5ms",
		[RATIO] = "a share such as 1% or 0.5%",
		[COUNT_OR_RATIO] = "a number such as 0 or a share such as 1%",
	};

	return err_set(err, -EINVAL, "'%s' is not %s, which '%s' is compared with",
	               quote_bytes(text, length).text, wanted[metric->unit], metric->name);
}

/* Without the blanks at its end. */
static size_t trimmed_length(const char *text)
{
	size_t length = strlen(text);

	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return length;
}

int verdict_parse(const char *text, struct verdict *out, struct err *err)
{
	struct verdict verdict = { .text = text };
	const char *name = skip_blanks(text);
	size_t length = strcspn(name, " \t<>=");
	const char *rest = skip_blanks(name + length);
	char value[32] = { 0 };

	verdict.metric = find_metric(name, length);
	if (!verdict.metric)
		return unknown_metric(name, length, err);
	if (!take_relation(&rest, &verdict.relation))
		return err_set(err, -EINVAL,
		               "'%s' compares with nothing (as 'loss>1%%' or 'p99>5ms' do)",
		               quote(text).text);
	rest = skip_blanks(rest);
	length = trimmed_length(rest);
	if (length < sizeof(value)) /* what is longer is no number anyway */
		memcpy(value, rest, length);
	if (read_value(value, &verdict) < 0)
		return refuse_value(verdict.metric, rest, length, err);
	*out = verdict;
	return 0;
}

/* --- judging --- */

static bool holds(double value, enum verdict_relation relation, double limit)
{
	switch (relation) {
	case ABOVE:
		return value > limit;
	case AT_LEAST:
		return value >= limit;
	case BELOW:
		return value < limit;
	case AT_MOST:
		return value <= limit;
	}
	return false;
}

static bool say(const struct verdict *verdict, const struct target *target, const char *what,
                struct err *finding)
{
	(void)err_set(finding, 0, "'%s' fails '%s': %s", target->name,
	              quote(verdict->text).text, what);
	return true;
}

static bool judge_quantile(const struct verdict *verdict, struct target *target,
                           struct err *finding)
{
	const struct verdict_metric *metric = verdict->metric;
	struct stats *stats = &target->stats;
	double value = (double)stats_quantile(stats, metric->quantile);
	char what[160], few[96] = { 0 };

	if (value <= 0) { /* no memory was left for a histogram */
		(void)snprintf(what, sizeof(what), "%s was not remembered", metric->name);
		return say(verdict, target, what, finding);
	}
	if (!holds(value, verdict->relation, (double)verdict->value))
		return false;
	if (!stats_supports(stats, metric->quantile))
		(void)snprintf(few, sizeof(few),
		               " (by nearest rank: %" PRIu64 " answers are too few for it)",
		               stats->count);
	(void)snprintf(what, sizeof(what), "%s is %.9g ms%s", metric->name,
	               span_ms((double)llround(value)), few);
	return say(verdict, target, what, finding);
}

static bool judge_duration(const struct verdict *verdict, struct target *target,
                           struct err *finding)
{
	const struct verdict_metric *metric = verdict->metric;
	uint64_t count = target->stats.count;
	char what[160];

	if (count < metric->least) {
		(void)snprintf(what, sizeof(what), "%s cannot be told from %s", metric->name,
		               count ? "one answer" : "no answers");
		return say(verdict, target, what, finding);
	}
	if (metric->quantile > 0)
		return judge_quantile(verdict, target, finding);
	struct moments moments = stats_moments(&target->stats);
	double value = metric->duration(&moments);

	if (!holds(value, verdict->relation, (double)verdict->value))
		return false;
	(void)snprintf(what, sizeof(what), "%s is %.9g ms", metric->name,
	               span_ms((double)llround(value)));
	return say(verdict, target, what, finding);
}

static bool judge_count(const struct verdict *verdict, const struct target *target,
                        struct err *finding)
{
	const struct verdict_metric *metric = verdict->metric;
	uint64_t count = metric->count(&target->tally);
	uint64_t of = metric->of(&target->tally);
	double limit = (double)verdict->value;
	char what[160];

	if (of == 0 && verdict->ratio) {
		(void)snprintf(what, sizeof(what), "%s cannot be told from nothing",
		               metric->name);
		return say(verdict, target, what, finding);
	}
	/* count / of against limit / 100 per cent, without a division that would round */
	if (verdict->ratio ? !holds((double)count * 100 * (double)PER_CENT, verdict->relation,
	                            limit * (double)of)
	                   : !holds((double)count, verdict->relation, limit))
		return false;
	if (verdict->ratio)
		(void)snprintf(what, sizeof(what), "%s is %.3g%% (%" PRIu64 " of %" PRIu64 ")",
		               metric->name, (double)count * 100 / (double)of, count, of);
	else
		(void)snprintf(what, sizeof(what), "%s is %" PRIu64, metric->name, count);
	return say(verdict, target, what, finding);
}

bool verdict_violated(const struct verdict *verdict, struct target *target, struct err *finding)
{
	if (verdict->metric->unit == DURATION)
		return judge_duration(verdict, target, finding);
	return judge_count(verdict, target, finding);
}
