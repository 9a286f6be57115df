/* SPDX-License-Identifier: MIT */
#include "report/facts.h"

#include <math.h>

#include "report/times.h"

static const char no_answers[] = "cannot be told from no answers";

double metric_quantile(enum metric metric)
{
	static const double quantiles[METRICS] = {
		[METRIC_P50] = 0.5,  [METRIC_P90] = 0.9,     [METRIC_P95] = 0.95,
		[METRIC_P99] = 0.99, [METRIC_P99_9] = 0.999, [METRIC_P99_99] = 0.9999,
	};

	return quantiles[metric];
}

static struct fact count_fact(uint64_t count, uint64_t of)
{
	return (struct fact){ .count = count, .of = of };
}

/* Of durations, of which there are none where nothing was answered. */
static struct fact duration_fact(uint64_t answers, double value)
{
	return (struct fact){ .untold = answers ? NULL : no_answers, .value = value };
}

/* --- of a target --- */

static struct fact target_quantile(struct stats *stats, double q)
{
	struct fact fact = duration_fact(stats->count, (double)stats_quantile(stats, q));

	fact.is_by_few = !stats_supports(stats, q);
	if (!fact.untold && fact.value <= 0) /* no memory was left for a histogram */
		fact.untold = "was not remembered";
	return fact;
}

static void add_moments(struct facts *facts, const struct moments *moments)
{
	uint64_t count = moments->count;
	struct fact *jitter = &facts->of[METRIC_JITTER];

	facts->of[METRIC_AVG] = duration_fact(count, moments->mean);
	facts->of[METRIC_MAX] = duration_fact(count, (double)moments->max);
	facts->of[METRIC_MIN] = duration_fact(count, (double)moments->min);
	*jitter = duration_fact(count, moments->jitter);
	if (count == 1)
		jitter->untold = "cannot be told from one answer";
}

struct facts facts_of_target(struct target *target)
{
	const struct tally *tally = &target->tally;
	struct moments moments = stats_moments(&target->stats);
	struct facts facts = { .name = target->name, .answers = target->stats.count };
	uint64_t failed = tally->lost + tally->refused;

	for (enum metric i = METRIC_P50; i <= METRIC_P99_99; i++)
		facts.of[i] = target_quantile(&target->stats, metric_quantile(i));
	add_moments(&facts, &moments);
	facts.of[METRIC_LOSS] = count_fact(failed, tally->received + failed);
	facts.of[METRIC_REORDERED] = count_fact(tally->reordered, tally->received);
	facts.of[METRIC_DUPLICATES] = count_fact(tally->duplicates, tally->received);
	return facts;
}

/* --- of a load --- */

static struct fact load_quantile(const struct load_times *times, double q)
{
	struct fact fact =
		duration_fact(times->histogram.count, (double)times_quantile(times, q));

	fact.is_by_few = !quantile_is_supported(times->histogram.count, q);
	return fact;
}

static struct fact rate_fact(const struct load_result *result)
{
	return (struct fact){
		.untold = result->measured > 0 ? NULL : "cannot be told from no time",
		.value = load_result_rate(result),
	};
}

static struct fact lag_fact(const struct load_times *lag)
{
	struct fact fact = load_quantile(lag, metric_quantile(METRIC_P99));

	fact.is_by_few = false; /* a person who asks for the lag means the worst of few */
	if (fact.untold)
		fact.untold = "cannot be told where nothing was due at an instant";
	return fact;
}

struct facts facts_of_load(const struct load_result *result)
{
	const struct load_counts *counts = &result->tally.counts;
	const struct load_times *times = times_told(&result->tally);
	uint64_t answers = times->histogram.count;
	struct facts facts = { .name = result->target, .answers = answers };
	struct fact failed =
		count_fact(load_counts_failed(counts), load_counts_settled(counts));
	/* Of connections that are a request's own it is the request that failed. */
	uint64_t unmade =
		result->plan && result->plan->reconnect ? 0 : counts->connect_failures;

	for (enum metric i = METRIC_P50; i <= METRIC_P99_99; i++)
		facts.of[i] = load_quantile(times, metric_quantile(i));
	facts.of[METRIC_AVG] = duration_fact(answers, load_times_mean(times));
	facts.of[METRIC_MAX] = duration_fact(answers, (double)times->max);
	facts.of[METRIC_MIN] = duration_fact(answers, (double)times->min);
	facts.of[METRIC_LOSS] = facts.of[METRIC_ERRORS] = failed;
	facts.of[METRIC_ERRORS].count += unmade;
	facts.of[METRIC_ERRORS].of += unmade;
	facts.of[METRIC_RATE] = rate_fact(result);
	facts.of[METRIC_LAG] = lag_fact(&result->tally.lag);
	return facts;
}

struct facts facts_of_requests(const struct load_result *result)
{
	const struct load_times *times = times_told(&result->tally);
	double answers = (double)times->histogram.count;
	double requests = answers + (double)load_counts_failed(&result->tally.counts);
	struct facts facts = facts_of_load(result);

	for (enum metric i = METRIC_P50; i <= METRIC_P99_99 && answers > 0; i++)
		facts.of[i].value = (double)times_quantile(
			times, fmin(metric_quantile(i) * requests / answers, 1));
	return facts;
}
