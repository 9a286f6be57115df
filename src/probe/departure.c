/* SPDX-License-Identifier: MIT */
#include "probe/departure.h"

#include <errno.h>

#include "probe/channel.h"
#include "probe/closing.h"
#include "probe/intervals.h"
#include "probe/match.h"
#include "probe/opening.h"
#include "probe/reflection.h"
#include "probe/settle.h"
#include "probe/stamps.h"
#include "probe/tell.h"

enum {
	STALE = 5, /* losses in a row over a connection */
	/* ns until the first probe: the kernel begins to stamp what arrives a moment after it is asked
	 * to, and whoever hears of the start may take a moment, too. */
	BREATH = 300 * 1000,
};

static struct mono next_due(struct session *session, struct target *target)
{
	switch (session->options.pace) {
	case PACE_PERIODIC:
		break;
	case PACE_POISSON:
		return schedule_next_poisson(&target->schedule, &session->random);
	case PACE_ANSWERS:
		if (target->sequence == 0)
			break;
		return mono_add(session->now, session->options.probe.interval);
	}
	return schedule_next(&target->schedule);
}

/* After the last probe the target only waits; else for the next instant of its schedule. */
static void plan_next(struct session *session, struct target *target)
{
	int64_t count = session->options.count;
	struct mono before = target->due;

	if (count > 0 && target->sequence >= (uint64_t)count) {
		heap_take(&session->due, &target->next);
		target->phase = TARGET_FINISHING;
		settle_finish(session, target);
		return;
	}
	target->phase = TARGET_RUNNING;
	target->due = next_due(session, target);
	target->gap = mono_known(before) ? mono_since(target->due, before) : 0;
	heap_put(&session->due, &target->next, target->due.ns);
}

static void note_takers(const struct session *session, struct target *target)
{
	const struct channel *channel = target->channel;
	bool timed = target->ops->scope == CHANNEL_PER_PROBE &&
	             session->options.probe.stamping != STAMPING_USER;

	target->tx = (uint8_t)(timed ? TAKEN_KERNEL : channel->timestamps.tx);
	target->rx = (uint8_t)(timed ? TAKEN_KERNEL : channel->timestamps.rx);
}

/* Making ready may have taken longer than an interval, and that is nobody's lag: the first probe is
 * due now. */
static void start_schedule(struct session *session, struct target *target)
{
	note_takers(session, target);
	tell_start(session, target);
	target->first = session->now;
	if (target->rx != TAKEN_USER)
		target->first = mono_add(session->now, BREATH);
	schedule_init(&target->schedule, target->first, session->options.probe.interval);
	plan_next(session, target);
}

/* The probe that was due did not leave. */
static void give_up(struct session *session, struct target *target, int error)
{
	target->sequence++;
	settle_unsent(session, target, error);
	plan_next(session, target);
}

/* The probe that was due found its connection refused, or gone, or never up. */
static void fail_with_channel(struct session *session, struct target *target)
{
	int failure = target->failure ? target->failure : -ETIMEDOUT;

	if (failure != -ECONNREFUSED) {
		give_up(session, target, failure);
		return;
	}
	target->sequence++;
	settle_refused_unsent(session, target, target->channel, failure);
	plan_next(session, target);
}

/* The probe before has no answer yet. */
static void tell_outstanding(struct session *session, const struct target *target)
{
	const struct channel *channel =
		target->pool ? target->pool[target->last_in] : target->channel;
	const struct flight *before = inflight_find(&channel->inflight, target->last_key);
	struct notice notice = { .kind = NOTICE_OUTSTANDING };

	if (!before || !before->open || flight_more(before)->target != target->index ||
	    flight_more(before)->sequence + 1 != (uint32_t)target->sequence)
		return;
	notice.sequence = target->sequence - 1;
	tell_event(session, target, notice);
}

static void note_departure(struct session *session, struct target *target,
                           struct channel *channel, struct flight *flight, uint64_t key)
{
	intervals_mark(session, target, flight->due);
	if (target->reflection)
		reflection_sent(target->reflection);
	target->tally.transmitted++;
	flight_note(flight)->ordinal = (uint32_t)target->tally.transmitted;
	intervals_sent(session, target, flight->due);
	target->awaited++;
	target->called = flight->called;
	tell_outstanding(session, target);
	target->last_key = key;
	while (target->pool && target->pool[target->last_in] != channel)
		target->last_in = target->pool[target->last_in + 1] ? target->last_in + 1 : 0;
	if (channel->expiry.place == 0)
		channel_rearm(session, channel);
}

/* A place for one more probe in flight; NULL when there is none. */
static struct flight *take_off(struct session *session, struct target *target,
                               struct channel *channel, uint64_t *key)
{
	struct flight *flight = inflight_open(&channel->inflight, key);

	if (!flight && session->options.pace == PACE_ANSWERS && channel_grow(channel))
		flight = inflight_open(&channel->inflight, key);
	if (!flight)
		return NULL;
	target->sequence++;
	flight->nonce = random_next(&session->random);
	/* Paced by answers it is due when its turn comes. */
	if (session->options.pace == PACE_ANSWERS)
		target->due = session->now;
	int64_t delay = mono_since(session->now, target->due);

	flight->due = target->due;
	*flight_note(flight) = (struct flight_more){
		.sequence = (uint32_t)target->sequence,
		.target = target->index,
		.delay = (uint32_t)span_min(span_max(delay, 0), UINT32_MAX),
	};
	return flight;
}

/* Paced by answers a probe that finds no place is not due yet. */
static void find_no_place(struct session *session, struct target *target)
{
	if (session->options.pace == PACE_ANSWERS)
		heap_put(&session->due, &target->next,
		         mono_add(session->now, session->options.probe.interval).ns);
	else
		give_up(session, target, -ENOBUFS);
}

static void stay(struct session *session, struct target *target, struct channel *channel,
                 struct mono called, int result)
{
	inflight_withdraw(&channel->inflight);
	channel->called = called;
	if (result == -ECONNREFUSED)
		settle_refused_unsent(session, target, channel, result);
	else
		settle_unsent(session, target, result);
	if (channel->ops->scope == CHANNEL_PER_PROBE)
		channel_close(session, channel);
	if (channel->ops->scope != CHANNEL_FOR_ALL)
		return;
	/* The stamps of others that have left are taken before their numbers lose their meaning. */
	match_events(session, channel);
	stamps_restart(channel);
	channel_heal(session, channel);
}

static void send_probe(struct session *session, struct target *target, struct channel *channel)
{
	uint64_t key = 0;
	struct mono called = session->now;
	struct flight *flight = take_off(session, target, channel, &key);

	if (!flight) {
		find_no_place(session, target);
		return;
	}
	int result = channel->ops->send(channel, target_address(target), key, &called);

	flight->called = called;
	if (result == 0)
		note_departure(session, target, channel, flight, key);
	else
		stay(session, target, channel, called, result);
	plan_next(session, target);
}

/* A connection over which nothing has come for long may be one that the network has forgotten, or that
 * will be tried again only after minutes. */
static void renew(struct session *session, struct target *target, struct channel *channel)
{
	settle_abandoned(session, channel, FATE_LOST, -ETIMEDOUT);
	channel_close(session, channel);
	target->lost_in_a_row = 0;
}

/* PER_TARGET: the connection must stand first. */
static bool stands(struct session *session, struct target *target, struct channel *channel)
{
	if (channel->status == CHANNEL_READY && target->lost_in_a_row >= STALE)
		renew(session, target, channel);
	if (channel->status == CHANNEL_CLOSED)
		channel_reopen(session, channel, target);
	if (channel->status == CHANNEL_READY)
		return true;
	if (channel->status == CHANNEL_CLOSED) {
		fail_with_channel(session, target);
		return false;
	}
	target->phase = TARGET_HOLDING;
	heap_put(&session->due, &target->next,
	         mono_add(target->due, session->options.probe.interval).ns);
	return false;
}

/* FOR_ALL: closed since its interface or source address went away (channel_heal). */
static bool is_open(struct session *session, struct target *target)
{
	struct channel *channel = target->channel;

	/* Or there was none to be had for the family of its new address (session_readdress). */
	if (!channel)
		target->failure = channel_assign(session, target, NULL);
	else if (channel->status == CHANNEL_CLOSED)
		channel_reopen(session, channel, target);
	if (target->channel && target->channel->status != CHANNEL_CLOSED)
		return true;
	give_up(session, target, target->failure ? target->failure : -ENODEV);
	return false;
}

/* PER_PROBE: a channel of its own for this one. */
static bool prepared(struct session *session, struct target *target, struct channel *channel)
{
	int result = channel ? channel_open(session, channel, target, NULL) : -ENOBUFS;

	if (result < 0)
		give_up(session, target, result);
	return result == 0;
}

static bool must_wait_its_turn(const struct session *session, const struct target *target)
{
	return target->awaited > 0 && probe_is_nameless(target->ops, &session->options.probe);
}

/* Nothing has left yet that the schedule could stay true to: it begins when this process could. */
static void begin_now(struct session *session, struct target *target)
{
	target->first = session->now;
	schedule_init(&target->schedule, session->now, session->options.probe.interval);
	target->due = next_due(session, target);
}

/* Whether the probe that is due may leave now.  One late by less than an interval may, but no closer to
 * the one before than half their distance; a later one is skipped, so that nothing ever bursts. */
static bool is_in_time(struct session *session, struct target *target)
{
	int64_t interval = session->options.probe.interval;
	struct mono earliest = mono_add(target->called, target->gap / 2);

	if (session->options.pace == PACE_ANSWERS)
		return true;
	if (target->sequence == 0 && mono_since(session->now, target->due) >= interval)
		begin_now(session, target);
	if (mono_since(session->now, target->due) >= interval) {
		while (target->phase == TARGET_RUNNING &&
		       mono_since(session->now, target->due) >= interval)
			give_up(session, target, -ETIME);
		return false;
	}
	if (mono_known(target->called) && mono_before(session->now, earliest)) {
		heap_put(&session->due, &target->next, earliest.ns);
		return false;
	}
	return true;
}

/* A probe is due. */
static void fire(struct session *session, struct target *target)
{
	if (!is_in_time(session, target))
		return;
	if (must_wait_its_turn(session, target)) {
		give_up(session, target, -EBUSY);
		return;
	}
	if (target->ops->scope == CHANNEL_FOR_ALL && !is_open(session, target))
		return;
	struct channel *channel = channel_for(target);

	if (target->ops->scope == CHANNEL_PER_PROBE && !prepared(session, target, channel))
		return;
	if (target->ops->scope == CHANNEL_PER_TARGET && !stands(session, target, channel))
		return;
	send_probe(session, target, channel);
}

/* The probe held for its channel: sent now that it stands, or not at all. */
static void after_holding(struct session *session, struct target *target)
{
	struct channel *channel = target->channel;

	/* The kernel would ask again after ever longer pauses; a new connection is asked for at once. */
	if (channel->status == CHANNEL_OPENING &&
	    mono_since(session->now, channel->opened) >= session->options.probe.timeout)
		channel_close(session, channel);
	if (channel->status != CHANNEL_READY)
		fail_with_channel(session, target);
	else if (mono_since(session->now, target->due) >= session->options.probe.interval)
		give_up(session, target, -ETIME);
	else
		send_probe(session, target, channel);
}

void departure_advance(struct session *session, struct target *target)
{
	switch (target->phase) {
	case TARGET_WAITING:
		if (opening_begin(session, target))
			start_schedule(session, target);
		break;
	case TARGET_OPENING:
		if (opening_continue(session, target))
			start_schedule(session, target);
		break;
	case TARGET_RUNNING:
		fire(session, target);
		break;
	case TARGET_HOLDING:
		after_holding(session, target);
		break;
	case TARGET_CLOSING:
		closing_advance(session, target);
		break;
	case TARGET_FINISHING:
	case TARGET_FINISHED:
		heap_take(&session->due, &target->next);
		break;
	}
}
