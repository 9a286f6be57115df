/* SPDX-License-Identifier: MIT */
#include "probe/closing.h"

#include "probe/channel.h"
#include "probe/intervals.h"
#include "probe/reflection.h"
#include "probe/settle.h"

enum { CLOSINGS_MOST = 3 };

static void finish(struct session *session, struct target *target)
{
	heap_take(&session->due, &target->next);
	target->phase = TARGET_FINISHED;
	session->unfinished--;
}

static bool is_needed(const struct target *target)
{
	return target->reflection && target->closings < CLOSINGS_MOST && target->channel &&
	       target->channel->status == CHANNEL_READY &&
	       reflection_is_open(target->reflection);
}

/* One more request; false when it could not leave. */
static bool ask(struct session *session, struct target *target)
{
	struct channel *channel = target->channel;
	uint64_t key = 0;
	struct mono called = session->now;
	struct flight *flight = inflight_open(&channel->inflight, &key);

	if (!flight)
		return false;
	flight->nonce = random_next(&session->random);
	flight_note(flight)->target = target->index;
	flight_note(flight)->sequence = (uint32_t)target->sequence;
	flight->closing = true;
	if (channel->ops->send(channel, target_address(target), key, &called) < 0) {
		inflight_withdraw(&channel->inflight);
		return false;
	}
	reflection_sent(target->reflection);
	flight->due = flight->called = called;
	channel_rearm(session, channel);
	return true;
}

void closing_begin(struct session *session, struct target *target)
{
	target->phase = TARGET_CLOSING;
	intervals_mark_last(target);
	if (target->reflection)
		reflection_close(target->reflection);
	closing_advance(session, target);
}

void closing_advance(struct session *session, struct target *target)
{
	if (!is_needed(target) || !ask(session, target)) {
		finish(session, target);
		return;
	}
	target->closings++;
	heap_put(&session->due, &target->next,
	         mono_add(session->now, session->options.probe.timeout).ns);
}

void closing_heard(struct session *session, struct target *target, struct flight *flight,
                   const struct sample *sample)
{
	/* Late or twice it says the same. */
	inflight_settle(flight, FATE_ANSWERED);
	if (sample->far)
		settle_closing(session, target, sample);
	if (target->phase == TARGET_CLOSING)
		finish(session, target);
}
