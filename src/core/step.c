/* SPDX-License-Identifier: MIT */
#include "core/step.h"

#include <math.h>

enum {
	PROBES_TO_JUDGE = 32,    /* before that nobody knows what queueing is usual */
	PROBES_TO_CONFIRM = 3,   /* so that one stamp gone wrong makes no step */
	PROBES_TO_PERSUADE = 64, /* where queueing could have done it */
	PROBES_TO_GIVE_UP = 256,
};

/* exp(-20) is two in a billion: how likely it is that queueing looks like a step. */
static const double evidence_enough = 20, evidence_most = 10;

/* By which share the two directions may differ in what they say of a step. */
static const double alike = 0.125;

/* How far the likeliest rate may be off: what the points leave open, or less by experience. */
static double rate_chance(const struct oneway *oneway)
{
	const struct skew *skew = &oneway->skew;
	const struct era *era = &oneway->era;
	double open = (skew->high - skew->low) / 2;
	double queueing = era->forward.excess + era->reverse.excess;
	double remembered = (double)skew_span(skew);

	return remembered > 0 ? fmin(open, skew->wander + queueing / remembered) : open;
}

/* By how much a direction may fall below its edge by chance: of n probes with exponential queueing the
 * lowest is 8 / n of the mean above none with a chance of exp(-8). */
static double tolerance(const struct oneway *oneway, const struct era_floor *edge,
                        struct mono at)
{
	double chance = edge->excess * fmax(0.25, 8 / (double)edge->count);
	double pause = (double)mono_since(at, oneway->last.forward.at);
	double risen = (double)mono_since(at, edge->lowest.at);

	return fmax(ONEWAY_STEP_LEAST, chance) + rate_chance(oneway) * fabs(pause) +
	       ERA_LEAK * fabs(risen);
}

static struct step step_of(const struct oneway *oneway, const struct era_pair *pair, bool ahead)
{
	const struct era *era = &oneway->era;
	double rate = oneway->skew.rate;
	int64_t forward =
		pair->forward.raw - era_floor_at(&era->forward, pair->forward.at, rate);
	int64_t reverse =
		pair->reverse.raw - era_floor_at(&era->reverse, pair->reverse.at, -rate);
	double by_forward = tolerance(oneway, &era->forward, pair->forward.at);
	double by_reverse = tolerance(oneway, &era->reverse, pair->reverse.at);

	if (ahead)
		return (struct step){
			-reverse, forward, by_reverse, by_forward, era->forward.excess, true
		};
	return (struct step){ -forward, reverse, by_forward, by_reverse, era->reverse.excess,
		              false };
}

struct step step_likelier(const struct oneway *oneway, const struct era_pair *pair)
{
	struct step ahead = step_of(oneway, pair, true), back = step_of(oneway, pair, false);

	return ahead.drop > back.drop ? ahead : back;
}

bool step_is_suspicious(const struct oneway *oneway, const struct era_pair *pair)
{
	const struct era *era = &oneway->era;
	struct step step = step_likelier(oneway, pair);

	if (!era->bounds.known)
		return false;
	if (era_bounds_disjoint(era->bounds, era_bounds_of(pair, &oneway->skew), &oneway->skew))
		return step.drop > ONEWAY_STEP_LEAST;
	return era->forward.count >= PROBES_TO_JUDGE && (double)step.drop > step.drop_chance &&
	       (double)step.rise > (double)step.drop - step.rise_chance;
}

/* The other direction must have risen by as much, and never by less. */
bool step_is_refuted(const struct oneway *oneway, const struct era_pair *pair,
                     const struct step *all)
{
	struct step this = step_of(oneway, pair, all->ahead);

	return (double)this.rise < (double)all->drop - all->drop_chance - all->rise_chance;
}

static bool is_same_queueing(const struct era_floor *one, const struct era_floor *other)
{
	return one->excess < 2 * other->excess + ONEWAY_STEP_LEAST &&
	       other->excess < 2 * one->excess + ONEWAY_STEP_LEAST;
}

/* As far up as down, and the queues are what they were. */
static bool is_alike(const struct oneway *oneway, const struct step *all)
{
	const struct era *era = &oneway->era, *suspect = &oneway->suspect;
	double apart = fabs((double)(all->rise - all->drop));

	return apart < fmax(ONEWAY_STEP_LEAST, alike * (double)all->drop) &&
	       is_same_queueing(&era->forward, &suspect->forward) &&
	       is_same_queueing(&era->reverse, &suspect->reverse);
}

bool step_is_confirmed(const struct oneway *oneway, const struct step *all)
{
	if (oneway->suspect.forward.count < PROBES_TO_CONFIRM)
		return false;
	if (era_bounds_disjoint(oneway->era.bounds, oneway->suspect.bounds, &oneway->skew))
		return true;
	return oneway->suspect.forward.count >= PROBES_TO_PERSUADE &&
	       oneway->evidence >= evidence_enough && is_alike(oneway, all);
}

/* After so long the edges from before are not known well enough any more. */
bool step_is_hopeless(const struct oneway *oneway, const struct step *all)
{
	return oneway->suspect.forward.count >= PROBES_TO_GIVE_UP ||
	       (double)all->drop < all->drop_chance;
}

double step_evidence(const struct step *step)
{
	return fmin((double)step->drop / fmax(step->queueing, 1), evidence_most);
}
