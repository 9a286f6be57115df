/* SPDX-License-Identifier: MIT */
#include "app/load_threads.h"

#include <errno.h>
#include <stdlib.h>

#include "app/load_worker.h"

/* What makes the generator the bottleneck (load/result.h). */
#define CPU_MOST 0.9
#define LAG_QUANTILE 0.99
#define LAG_MOST NS_PER_MS

struct load_threads {
	struct load_plan plan;
	size_t count;
	bool asked; /* and not yet answered by the first `taken` of them */
	size_t taken;
	struct worker workers[];
};

/* The share of one of them. */
static struct load_plan share_of(const struct load_plan *plan, size_t index, size_t count)
{
	struct load_plan share = *plan;
	size_t each = plan->connections / count, more = plan->connections % count;

	share.connections = each + (index < more);
	share.first = index * each + size_min(index, more);
	double part = (double)share.connections / (double)plan->connections;

	share.rate_from = plan->rate_from * part;
	share.rate_to = plan->rate_to * part;
	share.seed = plan->seed + index;
	return share;
}

/* At a constant rate they ask in turns. */
static int64_t delay_of(const struct load_plan *plan, size_t index)
{
	if (plan->pace != LOAD_CONSTANT || plan->rate_from < 1)
		return 0;
	return (int64_t)((double)index * (double)NS_PER_SEC / plan->rate_from);
}

int load_threads_new(struct load_threads **out, const struct load_plan *plan, size_t count,
                     const struct watch *news, struct err *err)
{
	struct load_threads *threads =
		calloc(1, sizeof(*threads) + count * sizeof(threads->workers[0]));
	int result = 0;

	if (!threads)
		return err_set(err, -ENOMEM, "cannot start: out of memory");
	threads->plan = *plan;
	while (threads->count < count && result == 0) {
		size_t index = threads->count++;
		struct load_plan share = share_of(plan, index, count);

		result = worker_init(&threads->workers[index], &share, news, err);
		threads->workers[index].delay = delay_of(plan, index);
	}
	if (result < 0) {
		load_threads_free(threads);
		return result;
	}
	*out = threads;
	return 0;
}

void load_threads_free(struct load_threads *threads)
{
	if (!threads)
		return;
	load_threads_stop(threads);
	for (size_t i = 0; i < threads->count; i++)
		worker_done(&threads->workers[i]);
	free(threads);
}

int load_threads_open(struct load_threads *threads, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < threads->count && result == 0; i++)
		result = worker_start(&threads->workers[i]);
	if (result < 0)
		return err_set(err, result, "cannot start a thread: %s",
		               err_reason(result).text);
	return 0;
}

static bool all_reached(const struct load_threads *threads, int phase)
{
	for (size_t i = 0; i < threads->count; i++)
		if (worker_phase(&threads->workers[i]) < phase)
			return false;
	return true;
}

bool load_threads_are_open(const struct load_threads *threads)
{
	return all_reached(threads, WORKER_OPEN);
}

bool load_threads_finished(const struct load_threads *threads)
{
	return all_reached(threads, WORKER_FINISHED);
}

void load_threads_set_start(struct load_threads *threads, struct mono start)
{
	for (size_t i = 0; i < threads->count; i++)
		worker_set_start(&threads->workers[i], start);
}

void load_threads_stop(struct load_threads *threads)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->workers[i].wake.fd >= 0)
			worker_stop(&threads->workers[i]);
}

void load_threads_ask(struct load_threads *threads)
{
	if (threads->asked)
		return; /* somebody is slow */
	threads->asked = true;
	threads->taken = 0;
	for (size_t i = 0; i < threads->count; i++)
		worker_ask(&threads->workers[i]);
}

bool load_threads_take(struct load_threads *threads, struct load_tally *out)
{
	if (!threads->asked)
		return false;
	while (threads->taken < threads->count) {
		if (!worker_take(&threads->workers[threads->taken], out))
			return false;
		threads->taken++;
	}
	threads->asked = false;
	return true;
}

struct load_room load_threads_room(const struct load_threads *threads)
{
	struct load_room sum = { 0 };

	for (size_t i = 0; i < threads->count; i++) {
		struct load_room room = driver_room(threads->workers[i].driver);

		sum.entries += room.entries;
		sum.bytes += room.bytes;
	}
	return sum;
}

static int collect_fairness(const struct load_threads *threads, struct load_result *result)
{
	size_t connections = threads->plan.connections, at = 0;
	uint64_t *answers = calloc(connections, sizeof(*answers));

	if (!answers)
		return -ENOMEM;
	for (size_t i = 0; i < threads->count; i++) {
		driver_lane_answers(threads->workers[i].driver, answers + at);
		at += share_of(&threads->plan, i, threads->count).connections;
	}
	result->fairness = load_fairness(answers, connections);
	free(answers);
	return 0;
}

static void collect_cost(const struct worker_cost *cost, struct load_generator *generator)
{
	double cpu = (double)cost->cpu / (double)cost->span;

	generator->cpu_time += cost->cpu;
	generator->cpu = cpu > generator->cpu ? cpu : generator->cpu;
	if (cost->waited < 0 || generator->preempted < 0)
		generator->preempted = -1;
	else
		generator->preempted += cost->waited;
}

static bool is_bottleneck(const struct load_result *result)
{
	const struct histogram *lag = &result->tally.lag.histogram;

	return result->generator.cpu > CPU_MOST ||
	       histogram_quantile(lag, LAG_QUANTILE) > LAG_MOST;
}

int load_threads_collect(struct load_threads *threads, struct load_result *result)
{
	result->threads = threads->count;
	result->room = load_threads_room(threads);
	result->generator = (struct load_generator){ 0 };
	for (size_t i = 0; i < threads->count; i++) {
		struct worker *worker = &threads->workers[i];

		worker_join(worker);
		load_tally_merge(&result->tally, driver_tally(worker->driver));
		if (worker->ended && worker->cost.span > 0)
			collect_cost(&worker->cost, &result->generator);
	}
	result->generator.bottleneck = is_bottleneck(result);
	return collect_fairness(threads, result);
}
