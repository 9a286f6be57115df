/* SPDX-License-Identifier: MIT */
#include "core/oneway.h"

#include <math.h>

#include "core/step.h"

enum { PROBES_AFTER_STEP = 32 };

/* Stamps are of this side of 2116, so that no difference of differences overflows. */
#define WALL_MOST (INT64_C(1) << 62)

void oneway_init(struct oneway *oneway, int64_t grain)
{
	*oneway = (struct oneway){ .grain = grain };
	skew_init(&oneway->skew, grain);
}

void oneway_renew(struct oneway *oneway)
{
	oneway->era = oneway->suspect = (struct era){ 0 };
	oneway->last.known = false;
	skew_forget(&oneway->skew);
}

static bool is_plausible(struct wall wall)
{
	return wall.ns > 0 && wall.ns < WALL_MOST;
}

static bool is_possible(const struct oneway *oneway, const struct oneway_probe *probe)
{
	if (!mono_known(probe->left) || !mono_known(probe->arrived) ||
	    !is_plausible(probe->received) || !is_plausible(probe->sent))
		return false;
	int64_t elapsed = mono_since(probe->arrived, probe->left);
	int64_t residence = probe->sent.ns - probe->received.ns;

	return residence >= 0 && (double)residence <= (double)elapsed * (1 + SKEW_PRIOR) +
	                                                      2 * (double)oneway->grain;
}

static bool is_suspecting(const struct oneway *oneway)
{
	return oneway->suspect.forward.count > 0;
}

/* The lowest points since the suspicion, as one probe. */
static struct era_pair suspected(const struct oneway *oneway)
{
	return (struct era_pair){ oneway->suspect.forward.lowest,
		                  oneway->suspect.reverse.lowest };
}

/* What was suspected is part of the era after all -- unless it contradicts that: then it was never
 * anything but wrong. */
static void refute(struct oneway *oneway)
{
	struct era *era = &oneway->era, *suspect = &oneway->suspect;
	double rate = oneway->skew.rate;

	if (!era_bounds_disjoint(era->bounds, suspect->bounds, &oneway->skew)) {
		era_bounds_tighten(&era->bounds, suspect->bounds, &oneway->skew);
		era_floor_lower(&era->forward, suspect->forward.lowest, rate);
		era_floor_lower(&era->reverse, suspect->reverse.lowest, -rate);
	}
	*suspect = (struct era){ 0 };
}

static void begin_anew(struct oneway *oneway)
{
	oneway->era = oneway->suspect;
	oneway->suspect = (struct era){ 0 };
	oneway->last.known = false;
	skew_forget(&oneway->skew);
	(void)skew_add(&oneway->skew, oneway->era.forward.lowest, oneway->era.reverse.lowest);
}

static void confirm(struct oneway *oneway, const struct step *shift,
                    struct oneway_result *result)
{
	int64_t size = shift->drop + (shift->rise - shift->drop) / 2;

	result->step = oneway->last_step = shift->ahead ? size : -size;
	result->step_since = oneway->suspect.since;
	result->verdict = ONEWAY_STEPPED;
	oneway->steps++;
	begin_anew(oneway);
}

/* One more probe since the suspicion. */
static void pursue(struct oneway *oneway, const struct era_pair *pair,
                   struct oneway_result *result)
{
	struct era *suspect = &oneway->suspect;
	struct era_pair before = suspected(oneway);
	struct step all = step_likelier(oneway, &before);

	if (step_is_refuted(oneway, pair, &all)) {
		refute(oneway);
		return;
	}
	if (era_bounds_disjoint(suspect->bounds, era_bounds_of(pair, &oneway->skew),
	                        &oneway->skew))
		*suspect = (struct era){ 0 };
	era_add(suspect, pair, &oneway->skew);
	before = suspected(oneway);
	all = step_likelier(oneway, &before);
	oneway->evidence += step_evidence(&all);
	result->verdict = ONEWAY_SUSPICIOUS;
	if (step_is_confirmed(oneway, &all))
		confirm(oneway, &all, result);
	else if (step_is_hopeless(oneway, &all))
		begin_anew(oneway);
}

static void begin_suspicion(struct oneway *oneway, const struct era_pair *pair,
                            struct oneway_result *result)
{
	oneway->evidence = 0;
	era_add(&oneway->suspect, pair, &oneway->skew);
	result->verdict = ONEWAY_SUSPICIOUS;
}

static int64_t above(const struct era_floor *edge, struct skew_point point, double rate)
{
	return span_max(point.raw - era_floor_at(edge, point.at, rate), 0);
}

static int64_t change(struct skew_point from, struct skew_point to, double rate)
{
	return to.raw - from.raw - llround(rate * (double)mono_since(to.at, from.at));
}

/* A probe that belongs to the era: the only ones that tell a variation and form the rate. */
static void measure(struct oneway *oneway, const struct oneway_probe *probe,
                    const struct era_pair *pair, struct oneway_result *result)
{
	struct era *era = &oneway->era;
	struct oneway_last *last = &oneway->last;

	/* Neither a step nor within what the rate may do: it may do more than was thought. */
	if (era->bounds.known &&
	    era_bounds_disjoint(era->bounds, era_bounds_of(pair, &oneway->skew), &oneway->skew))
		era->bounds.known = false;
	era_add(era, pair, &oneway->skew);
	if (skew_add(&oneway->skew, pair->forward, pair->reverse))
		era_redraw(era, &oneway->skew);
	double rate = oneway->skew.rate;

	result->forward.pdv = above(&era->forward, pair->forward, rate);
	result->reverse.pdv = above(&era->reverse, pair->reverse, -rate);
	result->forward.ipdv = change(last->forward, pair->forward, rate);
	result->reverse.ipdv = change(last->reverse, pair->reverse, -rate);
	result->forward.has_ipdv = result->reverse.has_ipdv =
		last->known && probe->sequence == last->sequence + 1;
	*last = (struct oneway_last){ probe->sequence, pair->forward, pair->reverse, true };
}

/* theta by what both ends declare. */
static struct era_bounds declared(const struct oneway_probe *probe)
{
	int64_t error = probe->own.error + probe->far.error;

	return (struct era_bounds){ .low = probe->own_offset - error,
		                    .high = probe->own_offset + error,
		                    .known = probe->own.synchronised &&
		                             probe->far.synchronised };
}

/* theta at an instant by all that is known. */
static struct era_bounds known_at(const struct oneway *oneway, struct mono at)
{
	const struct era *era = is_suspecting(oneway) ? &oneway->suspect : &oneway->era;
	struct era_bounds bounds = era_bounds_at(era->bounds, at, &oneway->skew);
	struct era_bounds told = declared(&oneway->newest);

	if (!told.known || oneway->contradicted)
		return bounds;
	bounds.low = span_max(bounds.low, told.low);
	bounds.high = span_min(bounds.high, told.high);
	return bounds;
}

static void judge_declaration(struct oneway *oneway)
{
	struct era_bounds told = declared(&oneway->newest);
	struct era_bounds stamped;

	oneway->contradicted = false;
	stamped = known_at(oneway, oneway->newest.arrived);
	oneway->contradicted = told.known && stamped.low > stamped.high;
}

/* A delay by how much more the far clock went on than it ran ahead: ns of that clock. */
static void bound_delay(struct oneway_delay *delay, const struct oneway *oneway, int64_t low,
                        int64_t high)
{
	int64_t slack = 2 * oneway->grain;

	delay->low = span_max((int64_t)floor((double)low / (1 + oneway->skew.high)) - slack, 0);
	delay->high = span_max((int64_t)ceil((double)high / (1 + oneway->skew.low)) + slack, 0);
}

/* What one direction took is what the other did not. */
static void share_round_trip(struct oneway_delay *forward, struct oneway_delay *reverse,
                             int64_t least, int64_t most)
{
	struct oneway_delay given = *forward;

	forward->low = span_max(given.low, least - reverse->high);
	forward->high = span_min(given.high, most - reverse->low);
	reverse->low = span_max(reverse->low, least - given.high);
	reverse->high = span_min(reverse->high, most - given.low);
}

static void settle_middle(struct oneway_delay *delay, int64_t most)
{
	delay->high = span_max(span_min(delay->high, most), 0);
	delay->low = span_min(delay->low, delay->high);
	delay->estimate = delay->low + (delay->high - delay->low) / 2;
}

static void tell_delays(const struct oneway *oneway, const struct era_pair *pair,
                        struct oneway_result *result)
{
	struct era_bounds out = known_at(oneway, pair->forward.at);
	struct era_bounds back = known_at(oneway, pair->reverse.at);
	int64_t elapsed = mono_since(pair->reverse.at, pair->forward.at);
	double residence = (double)result->residence;
	int64_t slack = 2 * oneway->grain;
	int64_t least = elapsed - (int64_t)ceil(residence / (1 + oneway->skew.low)) - slack;
	int64_t most = elapsed - (int64_t)floor(residence / (1 + oneway->skew.high)) + slack;

	bound_delay(&result->forward, oneway, pair->forward.raw - out.high,
	            pair->forward.raw - out.low);
	bound_delay(&result->reverse, oneway, pair->reverse.raw + back.low,
	            pair->reverse.raw + back.high);
	share_round_trip(&result->forward, &result->reverse, least, most);
	settle_middle(&result->forward, most);
	settle_middle(&result->reverse, most);
}

struct oneway_result oneway_add(struct oneway *oneway, const struct oneway_probe *probe)
{
	struct oneway_result result = { .forward.pdv = -1, .reverse.pdv = -1 };

	if (!is_possible(oneway, probe)) {
		oneway->impossible++;
		result.verdict = ONEWAY_IMPOSSIBLE;
		return result;
	}
	struct era_pair pair = { { probe->left, probe->received.ns - probe->left.ns },
		                 { probe->arrived, probe->arrived.ns - probe->sent.ns } };

	result.residence = probe->sent.ns - probe->received.ns;
	result.rtt = span_max(mono_since(probe->arrived, probe->left) - result.residence, 0);
	oneway->newest = *probe;
	oneway->probes++;
	if (is_suspecting(oneway))
		pursue(oneway, &pair, &result);
	else if (step_is_suspicious(oneway, &pair))
		begin_suspicion(oneway, &pair, &result);
	if (result.verdict == ONEWAY_MEASURED)
		measure(oneway, probe, &pair, &result);
	judge_declaration(oneway);
	tell_delays(oneway, &pair, &result);
	return result;
}

static enum oneway_knowledge knowledge(const struct oneway *oneway)
{
	if (!oneway->era.bounds.known && !is_suspecting(oneway))
		return ONEWAY_NOTHING;
	if (oneway->contradicted)
		return ONEWAY_CONTRADICTED;
	if (declared(&oneway->newest).known)
		return ONEWAY_BY_DECLARATION;
	if (oneway->skew.contradictions > 0)
		return ONEWAY_UNSTEADY;
	if (oneway->steps > 0 && oneway->era.forward.count < PROBES_AFTER_STEP)
		return ONEWAY_AFTER_STEP;
	return ONEWAY_BY_ROUND_TRIP;
}

struct oneway_clock oneway_clock(const struct oneway *oneway)
{
	const struct skew *skew = &oneway->skew;
	struct oneway_clock clock = {
		.knowledge = knowledge(oneway),
		.skew_ppm = skew->rate * 1e6,
		.skew_bound_ppm = fmax(skew->high - skew->rate, skew->rate - skew->low) * 1e6,
		.steps = oneway->steps,
		.last_step = oneway->last_step,
		.own_synchronised = oneway->newest.own.synchronised,
		.far_synchronised = oneway->newest.far.synchronised,
		.impossible = oneway->impossible,
	};

	if (clock.knowledge == ONEWAY_NOTHING)
		return clock;
	struct era_bounds bounds = known_at(oneway, oneway->newest.arrived);
	int64_t width = bounds.high - bounds.low;

	clock.offset = bounds.low + width / 2 - oneway->newest.own_offset;
	clock.bound = width - width / 2;
	return clock;
}
