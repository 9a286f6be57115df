/* SPDX-License-Identifier: MIT */
#include "probe/reflection.h"

#include <errno.h>
#include <stdlib.h>

#include "core/window.h"

enum {
	GRAIN = 2 * 1000, /* ns by which a stamp may be off for being converted */
	DSCP_SHIFT = 2,
	ECN = 3,
};

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
	reflection->ttl_out = -1;
	reflection->newest.verdict = ONEWAY_IMPOSSIBLE;
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
	reflection->closings += reflection->closing;
}

bool reflection_mark(struct reflection *reflection)
{
	return !reflection->closing && direction_mark(&reflection->direction);
}

bool reflection_take(struct reflection *reflection, struct direction_counts *counts)
{
	return direction_take(&reflection->direction, counts);
}

void reflection_close(struct reflection *reflection)
{
	direction_close(&reflection->direction);
	reflection->closing = true;
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

/* Puts it into the statistics; false when its stamps cannot be. */
static bool count(struct reflection *reflection, const struct sample *sample,
                  int64_t own_offset)
{
	struct oneway_probe probe = probe_of(sample, own_offset);
	struct oneway_result result = oneway_add(&reflection->oneway, &probe);

	if (result.verdict == ONEWAY_IMPOSSIBLE)
		return false;
	reflection->better.result = result;
	stats_add(&reflection->rtt, sample->sequence, result.rtt);
	stats_add(&reflection->residence.pdv, sample->sequence, result.residence);
	vary(&reflection->forward, sample->sequence, &result.forward);
	vary(&reflection->reverse, sample->sequence, &result.reverse);
	return true;
}

static bool release(struct reflection *reflection)
{
	if (!reflection->holds)
		return false;
	reflection->holds = false;
	return count(reflection, &reflection->held, reflection->held_offset);
}

/* What the reply says of the one before: when that really left, unless that cannot be. */
static bool is_followed(struct reflection *reflection, const struct far *far)
{
	struct far *held = &reflection->held_far;
	struct wall told = held->sent;

	if (!reflection->holds || !far->follows || far->followed != held->sequence ||
	    wall_since(far->followed_left, told) < 0)
		return false;
	held->sent = far->followed_left;
	if (sample_residence(&reflection->held) >= 0)
		return true;
	held->sent = told;
	return false;
}

/* The one that waits need not wait any more; true when better has more to say of it than was said. */
static bool follow(struct reflection *reflection, const struct far *far)
{
	bool followed = is_followed(reflection, far);

	if (!release(reflection) || !followed)
		return false;
	reflection->better.sequence = reflection->held.sequence;
	reflection->better.wall = reflection->held.wall;
	reflection->followed++;
	return true;
}

static void hold(struct reflection *reflection, const struct sample *sample, int64_t own_offset)
{
	reflection->holds = true;
	reflection->held = *sample;
	reflection->held_far = *sample->far;
	reflection->held.far = &reflection->held_far;
	reflection->held.from = NULL; /* nobody asks for it any more */
	reflection->held_offset = own_offset;
}

/* A mark of congestion is what ECN is for, and no rewriting. */
static bool is_congested(int arrived, int left)
{
	return (arrived & ECN) == ECN && (left & ECN) != 0 && (left & ECN) != ECN;
}

static void look_at_request(struct marking *marking, int arrived, int left)
{
	bool congested = is_congested(arrived, left);
	int differs = (arrived ^ left) & ~(congested ? ECN : 0);

	if (arrived < 0)
		return;
	marking->seen++;
	marking->congested += congested;
	if (!differs)
		return;
	marking->rewritten++;
	marking->left = left;
	marking->arrived = arrived;
}

/* Nobody says with which ECN a reply left. */
static void look_at_reply(struct marking *marking, int arrived, int dscp)
{
	if (arrived < 0 || dscp < 0)
		return;
	marking->seen++;
	marking->congested += (arrived & ECN) == ECN;
	if (arrived >> DSCP_SHIFT == dscp)
		return;
	marking->rewritten++;
	marking->left = dscp << DSCP_SHIFT;
	marking->arrived = arrived & ~ECN;
}

static bool measure(struct reflection *reflection, const struct sample *sample,
                    int64_t own_offset)
{
	struct oneway_probe probe = probe_of(sample, own_offset);

	reflection->latest = oneway_add(&reflection->instant, &probe);
	if (reflection->latest.verdict == ONEWAY_MEASURED)
		reflection->newest = reflection->latest;
	if (sample->far->tells_departures)
		hold(reflection, sample, own_offset);
	else
		(void)count(reflection, sample, own_offset);
	return reflection->latest.verdict == ONEWAY_STEPPED;
}

static void take_numbers(struct reflection *reflection, const struct far *far,
                         struct reflection_news *news)
{
	reflection->better.sequence = 0;
	/* Of a reply before this one a stateless reflector knows nothing. */
	if (far->follows)
		direction_trust(&reflection->direction);
	reflection->reply = direction_heard(&reflection->direction, far->asked, far->sequence);
	news->restarted = reflection->reply == DIRECTION_RESTARTED;
}

struct reflection_news reflection_heard(struct reflection *reflection,
                                        const struct sample *sample, int64_t own_offset)
{
	const struct far *far = sample->far;
	struct reflection_news news = { 0 };

	reflection->latest = (struct oneway_result){ .verdict = ONEWAY_IMPOSSIBLE };
	take_numbers(reflection, far, &news);
	reflection->ttl_out = far->ttl;
	if (far->extended)
		reflection->extent = REFLECTION_EXTENDED;
	else if (far->session && reflection->extent == REFLECTION_PLAIN)
		reflection->extent = REFLECTION_SESSIONS;
	look_at_request(&reflection->out, far->tos, reflection->tos);
	look_at_reply(&reflection->back, sample->tos, far->dscp);
	if (sample->fate != FATE_ANSWERED || sample_rtt(sample) < 0)
		return news;
	news.followed = follow(reflection, far);
	news.stepped = measure(reflection, sample, own_offset);
	return news;
}

struct reflection_news reflection_heard_closing(struct reflection *reflection,
                                                const struct far *far)
{
	struct reflection_news news = { 0 };

	take_numbers(reflection, far, &news);
	news.followed = follow(reflection, far);
	return news;
}

void reflection_renew(struct reflection *reflection)
{
	oneway_renew(&reflection->oneway);
	oneway_renew(&reflection->instant);
}

void reflection_conclude(struct reflection *reflection)
{
	(void)release(reflection);
}

/* The newest probes have no answer: whether they arrived is seen by the number of the next reply, even
 * of a reflector of which nobody knew until then that it counts. */
static bool has_open_tail(const struct direction *direction)
{
	return direction->whole.received > 0 && direction->whole.last < direction->sent;
}

bool reflection_is_open(const struct reflection *reflection)
{
	struct direction_counts counts = direction_counts(&reflection->direction);

	return counts.undetermined > 0 &&
	       (counts.is_known || has_open_tail(&reflection->direction));
}
