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
#define A_SECOND INT64_C(1000000) /* and a rate in millionths a second */
#define COUNT_MAX INT64_C(1000000000000)

enum unit { DURATION, RATIO, COUNT_OR_RATIO, RATE };

struct verdict_metric {
	const char *name;
	enum metric metric;
	enum unit unit;
	unsigned of; /* VERDICT_PING, VERDICT_LOAD, or both */
};

enum { BOTH = VERDICT_PING | VERDICT_LOAD };

static const struct verdict_metric metrics[] = {
	{ "loss", METRIC_LOSS, RATIO, BOTH },
	{ "p50", METRIC_P50, DURATION, BOTH },
	{ "p90", METRIC_P90, DURATION, BOTH },
	{ "p95", METRIC_P95, DURATION, BOTH },
	{ "p99", METRIC_P99, DURATION, BOTH },
	{ "p99.9", METRIC_P99_9, DURATION, BOTH },
	{ "p99.99", METRIC_P99_99, DURATION, BOTH },
	{ "avg", METRIC_AVG, DURATION, BOTH },
	{ "max", METRIC_MAX, DURATION, BOTH },
	{ "min", METRIC_MIN, DURATION, BOTH },
	{ "jitter", METRIC_JITTER, DURATION, VERDICT_PING },
	{ "reordered", METRIC_REORDERED, COUNT_OR_RATIO, VERDICT_PING },
	{ "duplicates", METRIC_DUPLICATES, COUNT_OR_RATIO, VERDICT_PING },
	{ "rate", METRIC_RATE, RATE, VERDICT_LOAD },
	{ "errors", METRIC_ERRORS, COUNT_OR_RATIO, VERDICT_LOAD },
	{ "lag", METRIC_LAG, DURATION, VERDICT_LOAD },
};

/* --- understanding an expression --- */

static const struct verdict_metric *find_metric(const char *name, size_t length,
                                                enum verdict_about about)
{
	for (size_t i = 0; i < COUNT(metrics); i++)
		if ((metrics[i].of & about) && strlen(metrics[i].name) == length &&
		    strncmp(metrics[i].name, name, length) == 0)
			return &metrics[i];
	return NULL;
}

static int unknown_metric(const char *text, size_t length, enum verdict_about about,
                          struct err *err)
{
	const char *names[COUNT(metrics) + 1] = { 0 };
	struct quoted shown = quote_bytes(text, length);
	size_t count = 0;

	for (size_t i = 0; i < COUNT(metrics); i++)
		if (metrics[i].of & about)
			names[count++] = metrics[i].name;
	const char *nearest = text_nearest(shown.text, names);

	if (nearest)
		return err_set(err, -EINVAL, "unknown metric '%s' (did you mean '%s'?)",
		               shown.text, nearest);
	return err_set(err, -EINVAL,
	               "unknown metric '%s' (loss, p50 to p99.99, avg, max, min, %s)",
	               shown.text,
	               about == VERDICT_PING ? "jitter, reordered or duplicates"
	                                     : "rate, errors or lag");
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
	if (unit == RATE)
		return parse_decimal(text, "", A_SECOND, COUNT_MAX * A_SECOND, &verdict->value);
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
		[RATE] = "a number such as 10000",
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

int verdict_parse(const char *text, enum verdict_about about, struct verdict *out,
                  struct err *err)
{
	struct verdict verdict = { .text = text };
	const char *name = skip_blanks(text);
	size_t length = strcspn(name, " \t<>=");
	const char *rest = skip_blanks(name + length);
	char value[32] = { 0 };

	verdict.metric = find_metric(name, length, about);
	if (!verdict.metric)
		return unknown_metric(name, length, about, err);
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

/* Who answers fewer keeps no promise. */
static const double failed_most = 0.05;

static bool compare(double value, enum verdict_relation relation, double limit)
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

/* What an expression comes to. */
struct judgement {
	bool told, holds;
	char what[160]; /* "p99 is 4 ms" */
};

static struct judgement judge_duration(const struct verdict *verdict, const struct facts *facts)
{
	const struct verdict_metric *metric = verdict->metric;
	const struct fact *fact = &facts->of[metric->metric];
	struct judgement out = {
		.told = true,
		.holds = compare(fact->value, verdict->relation, (double)verdict->value),
	};
	char few[96] = { 0 };

	if (fact->is_by_few)
		(void)snprintf(few, sizeof(few),
		               " (by nearest rank: %" PRIu64 " answers are too few for it)",
		               facts->answers);
	(void)snprintf(out.what, sizeof(out.what), "%s is %.9g ms%s", metric->name,
	               span_ms((double)llround(fact->value)), few);
	return out;
}

static struct judgement judge_rate(const struct verdict *verdict, const struct fact *fact)
{
	double limit = (double)verdict->value / (double)A_SECOND;
	struct judgement out = {
		.told = true,
		.holds = compare(fact->value, verdict->relation, limit),
	};

	(void)snprintf(out.what, sizeof(out.what), "%s is %.6g/s", verdict->metric->name,
	               fact->value);
	return out;
}

static struct judgement judge_ratio(const struct verdict *verdict, const struct fact *fact)
{
	const char *name = verdict->metric->name;
	double count = (double)fact->count, of = (double)fact->of;
	struct judgement out = { .told = fact->of > 0 };

	if (!out.told) {
		(void)snprintf(out.what, sizeof(out.what), "%s cannot be told from nothing",
		               name);
		return out;
	}
	/* count / of against limit / 100 per cent, without a division that would round */
	out.holds = compare(count * 100 * (double)PER_CENT, verdict->relation,
	                    (double)verdict->value * of);
	(void)snprintf(out.what, sizeof(out.what), "%s is %.3g%% (%" PRIu64 " of %" PRIu64 ")",
	               name, count * 100 / of, fact->count, fact->of);
	return out;
}

static struct judgement judge_count(const struct verdict *verdict, const struct fact *fact)
{
	struct judgement out = {
		.told = true,
		.holds =
			compare((double)fact->count, verdict->relation, (double)verdict->value),
	};

	(void)snprintf(out.what, sizeof(out.what), "%s is %" PRIu64, verdict->metric->name,
	               fact->count);
	return out;
}

static struct judgement judge(const struct verdict *verdict, const struct facts *facts)
{
	const struct fact *fact = &facts->of[verdict->metric->metric];
	struct judgement out = { 0 };

	if (fact->untold) {
		(void)snprintf(out.what, sizeof(out.what), "%s %s", verdict->metric->name,
		               fact->untold);
		return out;
	}
	if (verdict->metric->unit == DURATION)
		return judge_duration(verdict, facts);
	if (verdict->metric->unit == RATE)
		return judge_rate(verdict, fact);
	return verdict->ratio ? judge_ratio(verdict, fact) : judge_count(verdict, fact);
}

bool verdict_violated(const struct verdict *verdict, const struct facts *facts,
                      struct err *finding)
{
	struct judgement judgement = judge(verdict, facts);

	if (judgement.told && !judgement.holds)
		return false;
	(void)err_set(finding, 0, "'%s' fails '%s': %s", facts->name, quote(verdict->text).text,
	              judgement.what);
	return true;
}

bool verdict_holds(const struct verdict *verdict, const struct facts *facts,
                   struct err *finding)
{
	struct judgement judgement = judge(verdict, facts);

	(void)err_set(finding, 0, "%s", judgement.what);
	return judgement.told && judgement.holds;
}

double verdict_failed_most(const struct verdict *verdict)
{
	double quantile = metric_quantile(verdict->metric->metric);

	if (verdict->metric->unit != DURATION)
		return 1;
	if (verdict->metric->metric == METRIC_MAX)
		return 0;
	return quantile > 0 ? fmin(1 - quantile, failed_most) : failed_most;
}
