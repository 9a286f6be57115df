/* SPDX-License-Identifier: MIT */
/* Expressions of --fail-if: what is understood can be judged, whatever came of a target. */
#include <errno.h>

#include "fuzz/fuzz.h"
#include "report/verdict.h"

static void check_judgement(const struct verdict *verdict, size_t answers)
{
	struct target target = { .name = "icmp://192.0.2.1" };
	struct err finding = { 0 };

	must(stats_init(&target.stats, 4, STATS_AMPLE) == 0);
	for (size_t i = 0; i < answers; i++)
		stats_add(&target.stats, i + 1, (int64_t)i * NS_PER_MS);
	target.tally.transmitted = target.tally.received = answers;
	target.tally.lost = answers / 2;
	struct facts facts = facts_of_target(&target);

	if (verdict_violated(verdict, &facts, &finding))
		must_be_a_sentence(&finding);
	else
		must(finding.text[0] == '\0');
	stats_done(&target.stats);
}

/* The same of a load, as what is not put up with and as a wish. */
static void check_load(const struct verdict *verdict, uint64_t answers)
{
	struct load_result result = { .target = "icmp://192.0.2.1", .measured = NS_PER_SEC };
	struct err finding = { 0 }, wish = { 0 };

	must(load_tally_init(&result.tally) == 0);
	for (uint64_t i = 0; i < answers; i++)
		load_times_add(&result.tally.corrected, (int64_t)i * NS_PER_MS);
	result.tally.counts.sent = result.tally.counts.answered = answers;
	struct facts facts = facts_of_load(&result);
	bool violated = verdict_violated(verdict, &facts, &finding);
	bool holds = verdict_holds(verdict, &facts, &wish);

	must(violated == (finding.text[0] != '\0'));
	must(violated || !holds);
	must_be_a_sentence(&wish);
	load_tally_done(&result.tally);
}

static void check_expression(const char *text, enum verdict_about about)
{
	struct verdict verdict = { 0 };
	struct err err = { 0 };

	int result = verdict_parse(text, about, &verdict, &err);

	if (result < 0) {
		must(result == -EINVAL && !verdict.text);
		must_be_a_sentence(&err);
		return;
	}
	must(verdict.text == text && verdict.metric && verdict.value >= 0);
	for (size_t answers = 0; answers < 4; answers++) {
		if (about == VERDICT_PING)
			check_judgement(&verdict, answers);
		else
			check_load(&verdict, answers);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = string_of(data, size);

	check_expression(text, VERDICT_PING);
	check_expression(text, VERDICT_LOAD);
	free(text);
	return 0;
}
