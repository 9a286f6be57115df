/* SPDX-License-Identifier: MIT */
#include "app/load_find.h"

#include "load/search.h"

#define RATE_LEAST 1
#define RATE_MOST 1e8

/* What was too much has to drain before anything else is asked. */
#define PAUSE (NS_PER_SEC / 5)
#define PAUSE_AFTER_FAILURE NS_PER_SEC

/* The search, while it goes on. */
struct quest {
	struct load_run *run;
	struct load_plan *plan;
	struct load_search search;
	double kept;   /* the rate of the result that is kept; 0 = of none that held */
	bool hindered; /* a step failed in which the generator was the bottleneck */
	bool silent;   /* nobody answers at all */
};

static bool too_many_failed(const struct quest *quest, const struct load_counts *counts)
{
	return (double)load_counts_failed(counts) >
	       verdict_failed_most(&quest->run->options->wish) *
	               (double)load_counts_settled(counts);
}

static bool judge(const struct quest *quest, const struct load_result *result,
                  struct err *finding)
{
	const struct load_counts *counts = &result->tally.counts;
	struct facts facts = facts_of_requests(result);
	bool holds = verdict_holds(&quest->run->options->wish, &facts, finding);

	if (!too_many_failed(quest, counts))
		return holds;
	(void)err_set(finding, 0, "%.3g%% were not answered",
	              100 * (double)load_counts_failed(counts) /
	                      (double)load_counts_settled(counts));
	return false;
}

/* The better of two results is kept. */
static void keep(struct quest *quest, struct load_result *kept, struct load_result *other,
                 bool held)
{
	struct load_result swapped = *kept;

	if (!held && quest->kept > 0)
		return;
	*kept = *other;
	*other = swapped;
	quest->kept = held ? quest->search.rate : 0;
}

static void take_step(struct quest *quest, struct load_result *kept, struct load_result *other)
{
	struct err finding;
	bool held = judge(quest, other, &finding);
	const struct load_step step = {
		.target = quest->run->target,
		.wish = quest->run->options->find,
		.search = &quest->search,
		.result = other,
		.held = held,
		.finding = finding.text,
	};

	load_outputs_step(quest->run->outputs, &step);
	quest->hindered = quest->hindered || (!held && other->generator.bottleneck);
	quest->silent = quest->search.held == 0 && other->tally.counts.answered == 0;
	keep(quest, kept, other, held);
	load_search_tell(&quest->search, held);
	if (!quest->search.finished && !quest->silent)
		(void)load_run_pause(quest->run, held ? PAUSE : PAUSE_AFTER_FAILURE);
}

/* One that was cut short says nothing. */
static int step(struct quest *quest, struct load_result *kept, struct err *err)
{
	struct load_result other;

	quest->plan->rate_from = quest->plan->rate_to = quest->search.rate;
	int result = load_run_prepare(quest->run, quest->plan, &other, err);

	if (result == 0)
		result = load_run_go(quest->run, NULL, &other, err);
	if (result == 0 && !quest->run->stopping)
		take_step(quest, kept, &other);
	load_run_forget(&other);
	return result;
}

int load_find(struct load_run *run, struct load_plan *plan, struct prober *prober,
              struct load_result *result, struct err *err)
{
	struct quest quest = { .run = run, .plan = plan };
	int failure = 0;

	/* It was prepared to say what is going to be asked. */
	load_threads_free(run->threads);
	run->threads = NULL;
	load_search_begin(&quest.search, plan->rate_from, RATE_LEAST, RATE_MOST);
	prober_loaded(prober, clock_mono());
	while (failure == 0 && !quest.search.finished && !quest.silent && !run->stopping)
		failure = step(&quest, result, err);
	prober_unloaded(prober, clock_mono());
	plan->rate_from = plan->rate_to = quest.kept > 0 ? quest.kept : quest.search.rate;
	if (failure == 0)
		load_outputs_found(run->outputs, &quest.search, run->target, quest.hindered);
	return failure;
}
