/* SPDX-License-Identifier: MIT */
/* step -- whether the far clock was set, by what the probes of a suspicion are beside the era before
 * (core/oneway).
 *
 *   forward   --------.          ,--------      rises by the step
 *   reverse   --------'--------- `--------      falls by the step, at the same probe
 *
 * Queueing raises; only what ends or gets faster falls.  So the direction that falls gives the size,
 * and the other must never be less than so much above its edge.  Where the fall is more than the
 * whole round trip nothing but a step can have done it.  Where it is not, many probes must agree: by
 * exponential queueing of the mean seen, n of them are all so far up with a chance of
 * exp(-n * size / mean).
 */
#pragma once

#include "core/oneway.h"

/* A step as the two directions show it. */
struct step {
	int64_t drop, rise;              /* ns below the one edge, above the other */
	double drop_chance, rise_chance; /* what of that is nothing */
	double queueing;                 /* ns, the mean where it rises */
	bool ahead;                      /* the far clock was put forward */
};

/* The step that a pair shows, if it shows one: in the direction that fell. */
struct step step_likelier(const struct oneway *oneway, const struct era_pair *pair);

/* Whether a probe should begin a suspicion. */
bool step_is_suspicious(const struct oneway *oneway, const struct era_pair *pair);

/* Of a suspicion: all is the step that its lowest points show, pair the newest probe. */
bool step_is_refuted(const struct oneway *oneway, const struct era_pair *pair,
                     const struct step *all);
bool step_is_confirmed(const struct oneway *oneway, const struct step *all);
bool step_is_hopeless(const struct oneway *oneway, const struct step *all);

/* What one probe adds to the evidence. */
double step_evidence(const struct step *step);
