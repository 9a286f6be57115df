/* SPDX-License-Identifier: MIT */
#include "sim/far.h"

#include <math.h>

static const int64_t began = 1000 * NS_PER_SEC;
static const double hour = 3600e9;

double far_uniform(struct random *random)
{
	return ((double)(random_next(random) >> 11) + 0.5) / 0x1p53;
}

static double exponential(struct random *random, double mean)
{
	return -mean * log(far_uniform(random));
}

void far_init(struct far *far, const struct far_options *options)
{
	*far = (struct far){ .options = *options };
	random_seed(&far->random, options->seed);
}

int64_t far_offset(const struct far *far, struct mono at)
{
	const struct far_options *options = &far->options;
	double since = (double)(at.ns - began);
	double swing = options->wander * hour / (2 * M_PI) * (1 - cos(2 * M_PI * since / hour));

	return options->offset + far->stepped + llround(options->skew * since + swing);
}

static struct wall read_far(const struct far *far, struct mono at)
{
	return (struct wall){ at.ns + far_offset(far, at) };
}

/* Bursts and quiet take turns, each of exponential length. */
static bool in_burst(struct far *far, int way, struct mono now)
{
	const struct far_options *options = &far->options;
	double quiet = (double)options->burst * (1 - options->bursts) / options->bursts;

	if (!(options->bursts > 0))
		return false;
	while (!mono_before(now, far->quiet_until[way])) {
		far->burst_until[way] = mono_add(
			now, (int64_t)exponential(&far->random, (double)options->burst));
		far->quiet_until[way] = mono_add(far->burst_until[way],
		                                 (int64_t)exponential(&far->random, quiet));
	}
	return mono_before(now, far->burst_until[way]);
}

static int64_t delay(struct far *far, int way, struct mono now)
{
	const struct far_way *is = way ? &far->options.reverse : &far->options.forward;
	double queued = exponential(&far->random, is->queueing);

	if (in_burst(far, way, now))
		queued += is->standing * (far->burst_size[way] + far_uniform(&far->random));
	return is->least + (int64_t)queued +
	       (far->next > far->options.probes / 2 ? is->reroute : 0);
}

static void maybe_step(struct far *far)
{
	uint64_t every = far->options.step_every;

	if (every == 0 || far->next == 0 || far->next % every != 0)
		return;
	far->stepped += far->steps % 2 == 0 ? far->options.step : -far->options.step;
	far->steps++;
}

bool far_next(struct far *far, struct oneway_probe *probe, struct far_truth *truth)
{
	const struct far_options *options = &far->options;

	if (far->next == options->probes)
		return false;
	maybe_step(far);
	struct mono left = { began + (int64_t)far->next * options->interval };

	truth->steps = far->steps;
	truth->forward = delay(far, 0, left);
	struct mono received = mono_add(left, truth->forward);
	struct mono sent = mono_add(
		received, (int64_t)(far_uniform(&far->random) * (double)options->residence));

	truth->reverse = delay(far, 1, sent);
	truth->lost = far_uniform(&far->random) < options->loss;
	*probe = (struct oneway_probe){
		.sequence = far->next++,
		.left = left,
		.arrived = mono_add(sent, truth->reverse),
		.received = read_far(far, received),
		.sent = read_far(far, sent),
		.own_offset = options->offset,
	};
	return true;
}
