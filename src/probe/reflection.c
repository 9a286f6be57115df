/* SPDX-License-Identifier: MIT */
#include "probe/reflection.h"

#include <errno.h>
#include <stdlib.h>

#include "core/window.h"

enum { GRAIN = 2 * 1000 }; /* ns by which a stamp may be off for being converted */

static int variation_init(struct variation *variation, uint64_t expected,
                          enum stats_thrift thrift)
{
	return stats_init(&variation->pdv, expected, thrift);
}

int reflection_new(struct reflection **out, uint64_t expected, enum stats_thrift thrift,
                   int tos)
{
	struct reflection *reflection = calloc(1, sizeof(*reflection));

	if (!reflection)
		return -ENOMEM;
	oneway_init(&reflection->oneway, GRAIN);
	oneway_init(&reflection->instant, GRAIN);
	reflection->tos = tos;
	reflection->ttl_out = reflection->out.last = reflection->back.last = -1;
	if (direction_init(&reflection->direction) < 0 ||
	    variation_init(&reflection->forward, expected, thrift) < 0 ||
	    variation_init(&reflection->reverse, expected, thrift) < 0 ||
	    variation_init(&reflection->residence, expected, thrift) < 0 ||
	    stats_init(&reflection->rtt, expected, thrift) < 0) {
		reflection_free(reflection);
		return -ENOMEM;
	}
	*out = reflection;
	return 0;
}

void reflection_free(struct reflection *reflection)
{
	if (!reflection)
		return;
	direction_done(&reflection->direction);
	stats_done(&reflection->forward.pdv);
	stats_done(&reflection->reverse.pdv);
	stats_done(&reflection->residence.pdv);
	stats_done(&reflection->rtt);
	free(reflection);
}

size_t reflection_bytes(uint64_t expected, enum stats_thrift thrift)
{
	return sizeof(struct reflection) + 4 * stats_bytes(expected, thrift) +
	       (size_t)2 * WINDOW_BITS / 8;
}

void reflection_sent(struct reflection *reflection)
{
	direction_sent(&reflection->direction);
}

void reflection_close(struct reflection *reflection)
{
	direction_close(&reflection->direction);
}

/* --- one reply --- */

static struct oneway_claim claim_of(const struct far_claim *claim)
{
	return (struct oneway_claim){ claim->synchronised && claim->error > 0, claim->error };
}

static struct oneway_probe probe_of(const struct sample *sample, int64_t own_offset)
{
	const struct far *far = sample->far;

	return (struct oneway_probe){
		.sequence = far->asked,
		.left = mono_known(sample->left) ? sample->left : sample->called,
		.arrived = mono_known(sample->arrived) ? sample->arrived : sample->read,
		.received = far->received,
		.sent = far->sent,
		.own = claim_of(&far->own),
		.far = claim_of(&far->clock),
		.own_offset = own_offset,
	};
}

static void vary(struct variation *variation, uint64_t sequence,
                 const struct oneway_delay *delay)
{
	if (delay->pdv >= 0)
		stats_add(&variation->pdv, sequence, delay->pdv);
	if (!delay->has_ipdv)
		return;
	int64_t magnitude = llabs(delay->ipdv);

	variation->ipdv_count++;
	variation->ipdv_mean +=
		((double)magnitude - variation->ipdv_mean) / (double)variation->ipdv_count;
	variation->ipdv_max = span_max(variation->ipdv_max, magnitude);
}

/* Puts it into the statistics. */
static void count(struct reflection *reflection, const struct sample *sample,
                  int64_t own_offset)
{
	struct oneway_probe probe = probe_of(sample, own_offset);
	struct oneway_result result = oneway_add(&reflection->oneway, &probe);

	if (result.verdict == ONEWAY_IMPOSSIBLE)
		return;
	reflection->better.result = result;
	stats_add(&reflection->rtt, sample->sequence, result.rtt);
	stats_add(&reflection->residence.pdv, sample->sequence, result.residence);
	vary(&reflection->forward, sample->sequence, &result.forward);
	vary(&reflection->reverse, sample->sequence, &result.reverse);
}

static void release(struct reflection *reflection, int64_t own_offset)
{
	if (!reflection->holds)
		return;
	reflection->holds = false;
	count(reflection, &reflection->held, own_offset);
}

/* What the reply says of the one before: when that really left, unless that cannot be. */
static void follow(struct reflection *reflection, const struct far *far)
{
	struct far *held = &reflection->held_far;

	if (!reflection->holds || !far->follows || far->followed != held->sequence ||
	    wall_since(far->followed_left, held->sent) < 0)
		return;
	held->sent = far->followed_left;
	reflection->better.sequence = reflection->held.sequence;
	reflection->better.wall = reflection->held.wall;
	reflection->followed++;
}

static void hold(struct reflection *reflection, const struct sample *sample)
{
	reflection->holds = true;
	reflection->held = *sample;
	reflection->held_far = *sample->far;
	reflection->held.far = &reflection->held_far;
	reflection->held.from = NULL; /* nobody asks for it any more */
}

static void look_at_marking(struct marking *marking, int arrived, int left)
{
	if (arrived < 0)
		return;
	marking->seen++;
	marking->rewritten += arrived != left;
	marking->last = arrived;
}

static enum reflection_news measure(struct reflection *reflection, const struct sample *sample,
                                    int64_t own_offset)
{
	struct oneway_probe probe = probe_of(sample, own_offset);

	reflection->latest = oneway_add(&reflection->instant, &probe);
	follow(reflection, sample->far);
	release(reflection, own_offset);
	if (sample->far->tells_departures)
		hold(reflection, sample);
	else
		count(reflection, sample, own_offset);
	return reflection->latest.verdict == ONEWAY_STEPPED ? REFLECTION_STEPPED
	                                                    : REFLECTION_NOTHING;
}

enum reflection_news reflection_heard(struct reflection *reflection,
                                      const struct sample *sample, int64_t own_offset)
{
	const struct far *far = sample->far;
	enum reflection_news news = REFLECTION_NOTHING;

	reflection->latest = (struct oneway_result){ .verdict = ONEWAY_IMPOSSIBLE };
	reflection->better.sequence = 0;
	reflection->reply = direction_heard(&reflection->direction, far->asked, far->sequence);
	reflection->ttl_out = far->ttl;
	look_at_marking(&reflection->out, far->tos, reflection->tos);
	look_at_marking(&reflection->back, sample->tos, reflection->tos);
	if (sample->fate == FATE_ANSWERED && sample_rtt(sample) >= 0)
		news = measure(reflection, sample, own_offset);
	return reflection->reply == DIRECTION_RESTARTED ? REFLECTION_RESTARTED : news;
}

void reflection_renew(struct reflection *reflection)
{
	oneway_renew(&reflection->oneway);
	oneway_renew(&reflection->instant);
}

void reflection_conclude(struct reflection *reflection)
{
	release(reflection, reflection->oneway.newest.own_offset);
}

bool reflection_is_open(const struct reflection *reflection)
{
	struct direction_counts counts = direction_counts(&reflection->direction);

	return counts.is_known && counts.undetermined > 0;
}
