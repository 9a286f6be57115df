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
	if (verdict_violated(verdict, &target, &finding))
		must_be_a_sentence(&finding);
	else
		must(finding.text[0] == '\0');
	stats_done(&target.stats);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = string_of(data, size);
	struct verdict verdict = { 0 };
	struct err err = { 0 };
	int result = verdict_parse(text, &verdict, &err);

	if (result == 0) {
		must(verdict.text == text && verdict.metric && verdict.value >= 0);
		for (size_t answers = 0; answers < 4; answers++)
			check_judgement(&verdict, answers);
	} else {
		must(result == -EINVAL);
		must(!verdict.text);
		must_be_a_sentence(&err);
	}
	free(text);
	return 0;
}
