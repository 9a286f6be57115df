/* SPDX-License-Identifier: MIT */
#include "report/json_reflection.h"

#include <math.h>

#include "report/record.h"

static void put_delay(struct json_t *record, const char *const keys[5],
                      const struct oneway_delay *delay)
{
	record_integer(record, keys[0], delay->estimate);
	record_integer(record, keys[1], delay->low);
	record_integer(record, keys[2], delay->high);
	record_span(record, keys[3], delay->pdv);
	if (delay->has_ipdv)
		record_integer(record, keys[4], delay->ipdv);
}

static void put_result(struct json_t *record, const struct oneway_result *result)
{
	static const char *const forward[] = { "forward_ns", "forward_low_ns",
		                               "forward_high_ns", "forward_pdv_ns",
		                               "forward_ipdv_ns" };
	static const char *const reverse[] = { "reverse_ns", "reverse_low_ns",
		                               "reverse_high_ns", "reverse_pdv_ns",
		                               "reverse_ipdv_ns" };

	if (result->verdict == ONEWAY_IMPOSSIBLE)
		return;
	record_integer(record, "residence_ns", result->residence);
	put_delay(record, forward, &result->forward);
	put_delay(record, reverse, &result->reverse);
}

void json_put_reflected(struct json_t *record, const struct target *target,
                        const struct sample *sample)
{
	const struct far *far = sample->far;

	record_count(record, "reflector_seq", far->sequence);
	if (far->ttl >= 0)
		record_integer(record, "far_ttl", far->ttl);
	if (far->tos >= 0)
		record_integer(record, "far_tos", far->tos);
	if (sample->fate == FATE_ANSWERED)
		put_result(record, &target->reflection->latest);
}

void json_put_followed(struct json_t *record, const struct followed *followed)
{
	record_integer(record, "rtt_ns", followed->result.rtt);
	put_result(record, &followed->result);
}

static void put_stats(struct json_t *record, const char *name, struct stats *stats,
                      const struct variation *variation)
{
	struct json_t *part;
	struct moments moments = stats_moments(stats);

	if (stats->count == 0)
		return;
	part = record_part();
	record_count(part, "count", stats->count);
	record_integer(part, "min_ns", moments.min);
	record_integer(part, "avg_ns", llround(moments.mean));
	record_integer(part, "max_ns", moments.max);
	if (stats_supports(stats, 0.5))
		record_integer(part, "p50_ns", stats_quantile(stats, 0.5));
	if (stats_supports(stats, 0.99))
		record_integer(part, "p99_ns", stats_quantile(stats, 0.99));
	if (variation && variation->ipdv_count > 0) {
		record_integer(part, "ipdv_avg_ns", llround(variation->ipdv_mean));
		record_integer(part, "ipdv_max_ns", variation->ipdv_max);
	}
	record_add(record, name, part);
}

void json_put_direction(struct json_t *record, const struct direction_counts *counts)
{
	record_flag(record, "direction_known", counts->is_known);
	if (counts->is_known) {
		record_count(record, "forward_lost", counts->forward_lost);
		record_count(record, "reverse_lost", counts->reverse_lost);
	}
	record_count(record, "undetermined", counts->undetermined);
}

static void put_marking(struct json_t *record, const char *const keys[3],
                        const struct marking *marking)
{
	if (marking->seen == 0)
		return;
	record_count(record, keys[0], marking->seen);
	record_count(record, keys[1], marking->rewritten);
	record_count(record, keys[2], marking->congested);
}

static void put_markings(struct json_t *record, const struct reflection *reflection)
{
	static const char *const forward[] = { "forward_marks_seen", "forward_remarked",
		                               "forward_congested" };
	static const char *const reverse[] = { "reverse_marks_seen", "reverse_remarked",
		                               "reverse_congested" };

	put_marking(record, forward, &reflection->out);
	put_marking(record, reverse, &reflection->back);
}

static const char *knowledge_word(enum oneway_knowledge knowledge)
{
	switch (knowledge) {
	case ONEWAY_NOTHING:
		break;
	case ONEWAY_BY_ROUND_TRIP:
		return "round_trip";
	case ONEWAY_BY_DECLARATION:
		return "declared";
	case ONEWAY_CONTRADICTED:
		return "contradicted";
	case ONEWAY_AFTER_STEP:
		return "after_step";
	case ONEWAY_UNSTEADY:
		return "unsteady";
	}
	return "nothing";
}

static const char *extent_word(enum reflection_extent extent)
{
	switch (extent) {
	case REFLECTION_PLAIN:
		break;
	case REFLECTION_SESSIONS:
		return "sessions";
	case REFLECTION_EXTENDED:
		return "extended";
	}
	return "plain";
}

static void put_clock(struct json_t *record, const struct reflection *reflection)
{
	struct oneway_clock clock = oneway_clock(&reflection->oneway);
	struct json_t *part = record_part();

	record_word(part, "knowledge", knowledge_word(clock.knowledge));
	if (clock.knowledge != ONEWAY_NOTHING) {
		record_integer(part, "offset_ns", clock.offset);
		record_integer(part, "bound_ns", clock.bound);
		record_real(part, "skew_ppm", clock.skew_ppm);
		record_real(part, "skew_bound_ppm", clock.skew_bound_ppm);
	}
	record_count(part, "steps", clock.steps);
	if (clock.steps > 0)
		record_integer(part, "last_step_ns", clock.last_step);
	record_flag(part, "own_synchronised", clock.own_synchronised);
	record_flag(part, "far_synchronised", clock.far_synchronised);
	record_count(part, "impossible", clock.impossible);
	record_add(record, "clock", part);
}

void json_put_reflection(struct json_t *record, struct reflection *reflection)
{
	struct direction_counts counts = direction_counts(&reflection->direction);

	json_put_direction(record, &counts);
	record_count(record, "reflector_restarts", reflection->direction.restarts);
	record_count(record, "closing_probes", reflection->closings);
	record_word(record, "reflector", extent_word(reflection->extent));
	put_stats(record, "forward_pdv", &reflection->forward.pdv, &reflection->forward);
	put_stats(record, "reverse_pdv", &reflection->reverse.pdv, &reflection->reverse);
	put_stats(record, "residence", &reflection->residence.pdv, NULL);
	put_stats(record, "net_rtt", &reflection->rtt, NULL);
	record_count(record, "followed_up", reflection->followed);
	put_markings(record, reflection);
	put_clock(record, reflection);
}
