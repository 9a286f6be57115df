/* SPDX-License-Identifier: MIT */
#include "report/comparison_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/record.h"

static const double confidence = 0.95;

static const char *verdict_word(enum comparison_verdict verdict)
{
	static const char *const words[] = {
		[COMPARISON_SAME] = "none",
		[COMPARISON_SLOWER] = "slower",
		[COMPARISON_FASTER] = "faster",
		[COMPARISON_MIXED] = "mixed",
	};

	return words[verdict];
}

static void put_side(struct json_t *record, const char *key, const struct crop *crop,
                     const struct shift_side *side)
{
	struct json_t *part = record_part();

	record_text(part, "target", crop->target);
	record_count(part, "count", side->values);
	record_count(part, "settled", crop->losses.settled);
	record_count(part, "lost", crop->losses.lost);
	record_flag(part, "ordered", side->ordered);
	if (side->block > 0)
		record_count(part, "block", side->block);
	record_add(record, key, part);
}

static void put_shift(struct json_t *record, const char *key, const struct shift *shift)
{
	struct json_t *part;

	if (!shift->known)
		return;
	part = record_part();
	record_integer(part, "a_ns", llround(shift->a));
	record_integer(part, "b_ns", llround(shift->b));
	record_integer(part, "difference_ns", llround(shift->b - shift->a));
	if (shift->bounded) {
		record_integer(part, "low_ns", llround(shift->low));
		record_integer(part, "high_ns", llround(shift->high));
		record_flag(part, "differs", shift_is_real(shift));
	}
	record_add(record, key, part);
}

static void put_losses(struct json_t *record, const struct shift *losses)
{
	struct json_t *part;

	if (!losses->known)
		return;
	part = record_part();
	record_real(part, "a", losses->a);
	record_real(part, "b", losses->b);
	record_real(part, "difference", losses->b - losses->a);
	if (losses->bounded) {
		record_real(part, "low", losses->low);
		record_real(part, "high", losses->high);
		record_flag(part, "differs", shift_is_real(losses));
	}
	record_add(record, "loss", part);
}

static void put_broken(struct json_t *record, const struct comparison *comparison,
                       const struct limit *limits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct err finding = { 0 };
		struct json_t *part;

		if (!comparison_breaks(comparison, &limits[i], &finding))
			continue;
		part = record_part();
		record_text(part, "limit", limits[i].text);
		record_text(part, "detail", finding.text);
		record_append(record, "failed", part);
	}
}

void comparison_json(struct output *output, const struct comparison *comparison, uint64_t seed,
                     const struct limit *limits, size_t count)
{
	static const char *const keys[SHIFTS] = { "p50", "p90", "p99", "p99_9", "avg" };
	struct wall now = clock_wall();
	struct json_t *record;
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, seed);
	record_await(output, now);
	record = record_new("comparison", now, comparison->a->target, NULL);
	record_word(record, "verdict", verdict_word(comparison_verdict(comparison)));
	record_text(record, "detail", comparison_sentence(comparison).text);
	record_real(record, "confidence", confidence);
	record_word(record, "seed", text);
	put_side(record, "a", comparison->a, &comparison->side_a);
	put_side(record, "b", comparison->b, &comparison->side_b);
	for (size_t j = 0; j < SHIFTS; j++)
		put_shift(record, keys[j], &comparison->metrics[j]);
	put_losses(record, &comparison->metrics[LIMIT_LOSS]);
	put_broken(record, comparison, limits, count);
	record_write(record, output);
}
