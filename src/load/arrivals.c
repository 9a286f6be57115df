/* SPDX-License-Identifier: MIT */
#include "load/arrivals.h"

#include <math.h>

/* Further away than anybody waits: 100 years. */
#define FAR_AWAY 3.2e18

static double seconds(int64_t span)
{
	return (double)span / (double)NS_PER_SEC;
}

/* Seconds from the begin of the ramp until so many are due: a t + s t^2 / 2 = mass, solved so that nothing
 * cancels out. */
static double time_on_ramp(const struct arrivals_plan *plan, double mass)
{
	double a = plan->from, b = plan->to, span = seconds(plan->ramp);
	double slope = (b - a) / span, total = (a + b) / 2 * span;

	if (mass > total)
		return span + (mass - total) / b; /* infinite where it has come to rest */
	if (mass <= 0)
		return 0;
	return 2 * mass / (a + sqrt(fmax(0, a * a + 2 * slope * mass)));
}

/* Seconds from the start until so many are due. */
static double time_of(const struct arrivals_plan *plan, double mass)
{
	double level = seconds(plan->level), before = plan->from * level;

	if (plan->ramp == 0 || mass < before)
		return mass / plan->from;
	return level + time_on_ramp(plan, mass - before);
}

/* And how many are due by a time: the integral of the rate. */
static double mass_of(const struct arrivals_plan *plan, double time)
{
	double a = plan->from, b = plan->to, span = seconds(plan->ramp);
	double level = seconds(plan->level);

	if (plan->ramp == 0 || time < level)
		return a * time;
	double on = fmin(time - level, span), after = time - level - on;

	return a * level + a * on + (b - a) / span * on * on / 2 + b * after;
}

static struct mono instant_of(const struct arrivals *arrivals, uint64_t whole, double part)
{
	double ns = time_of(&arrivals->plan, (double)whole + part) * (double)NS_PER_SEC;

	/* Nothing at the rate 0 is 0 / 0. */
	return ns < FAR_AWAY ? mono_add(arrivals->plan.start, llround(ns)) : MONO_NEVER;
}

static double exponential(struct random *random)
{
	/* 53 bits, and never 0, of which there is no logarithm. */
	return -log(((double)(random_next(random) >> 11) + 0.5) * 0x1p-53);
}

static void grow(struct arrivals *arrivals)
{
	double step = arrivals->part + exponential(&arrivals->random);

	arrivals->whole += (uint64_t)step;
	arrivals->part = step - floor(step);
}

void arrivals_init(struct arrivals *arrivals, const struct arrivals_plan *plan, uint64_t seed)
{
	*arrivals = (struct arrivals){ .plan = *plan };
	random_seed(&arrivals->random, seed);
	if (plan->poisson)
		grow(arrivals);
	arrivals->next = instant_of(arrivals, arrivals->whole, arrivals->part);
}

void arrivals_advance(struct arrivals *arrivals)
{
	if (arrivals->plan.poisson)
		grow(arrivals);
	else
		arrivals->whole++;
	arrivals->next = instant_of(arrivals, arrivals->whole, arrivals->part);
}

static uint64_t skip_one_by_one(struct arrivals *arrivals, struct mono until)
{
	uint64_t count = 0;

	for (; mono_before(arrivals->next, until); count++)
		arrivals_advance(arrivals);
	return count;
}

uint64_t arrivals_skip(struct arrivals *arrivals, struct mono until)
{
	uint64_t first = arrivals->whole;

	if (!mono_before(arrivals->next, until))
		return 0;
	if (arrivals->plan.poisson)
		return skip_one_by_one(arrivals, until);
	double mass =
		mass_of(&arrivals->plan, seconds(mono_since(until, arrivals->plan.start)));

	/* Nearly there at once, and the rest one by one, which is exact. */
	arrivals->whole = count_most(first, (uint64_t)fmax(0, mass * (1 - 1e-12) - 1));
	arrivals->next = instant_of(arrivals, arrivals->whole, 0);
	return arrivals->whole - first + skip_one_by_one(arrivals, until);
}
