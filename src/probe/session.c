/* SPDX-License-Identifier: MIT */
#include "probe/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/channel.h"
#include "probe/match.h"
#include "probe/opening.h"
#include "probe/settle.h"
#include "probe/tell.h"
#include "wire/payload.h"

int session_new(struct session **out, const struct session_options *options)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->options = *options;
	if (options->seeded)
		random_seed(&session->random, options->seed);
	else
		random_init(&session->random);
	*out = session;
	return 0;
}

static void target_free(struct session *session, struct target *target)
{
	if (!target)
		return;
	heap_take(&session->due, &target->next);
	channel_release(session, target);
	stats_done(&target->stats);
	free(target);
}

void session_free(struct session *session)
{
	if (!session)
		return;
	for (size_t i = 0; i < session->target_count; i++)
		target_free(session, session->targets[i]);
	for (size_t i = 0; i < session->shared_count; i++)
		channel_free(session, session->shared[i]);
	free(session->targets);
	free(session->shared);
	heap_done(&session->due);
	heap_done(&session->expiry);
	free(session);
}

void session_add_sink(struct session *session, const struct sink_ops *ops, void *state)
{
	if (session->sink_count < SESSION_SINKS)
		session->sinks[session->sink_count++] = (struct sink){ ops, state };
}

/* A free place among the targets, made if there is none; negative errno. */
static int place_for_target(struct session *session)
{
	struct target **targets;

	for (size_t i = 0; i < session->target_count; i++)
		if (!session->targets[i])
			return (int)i;
	targets = reallocarray(session->targets, session->target_count + 1,
	                       sizeof(struct target *));
	if (!targets)
		return -ENOMEM;
	session->targets = targets;
	targets[session->target_count] = NULL;
	if (heap_reserve(&session->due, session->target_count + 1) < 0)
		return -ENOMEM;
	return (int)session->target_count++;
}

int session_add(struct session *session, const struct session_target *given, struct err *err)
{
	struct target *target = calloc(1, sizeof(*target));
	int index = place_for_target(session);

	if (!target || index < 0) {
		free(target);
		return -ENOMEM;
	}
	target->index = (uint32_t)index;
	target->name = given->name;
	target->ops = given->ops;
	target->count = given->count < RESOLVED_MAX ? given->count : RESOLVED_MAX;
	memcpy(target->addresses, given->addresses, target->count * sizeof(struct address));
	target->start = given->start;
	session->now = given->start;

	int result = stats_init(&target->stats, (uint64_t)session->options.count);

	if (result == 0)
		result = channel_assign(session, target, err);
	if (result < 0) {
		target_free(session, target);
		return result;
	}
	session->targets[index] = target;
	session->unfinished++;
	heap_put(&session->due, &target->next, target->start.ns);
	return index;
}

/* Nothing that comes for it any more will find it. */
static void forget_flights(struct inflight *inflight, uint32_t target)
{
	for (size_t i = 0; i < inflight->room; i++)
		if (inflight->ring[i].target == target)
			inflight->ring[i] = (struct flight){ .target = UINT32_MAX };
}

void session_remove(struct session *session, uint32_t index)
{
	struct target *target = session->targets[index];

	session->targets[index] = NULL;
	if (target->phase != TARGET_FINISHED)
		session->unfinished--;
	if (target->ops->scope == CHANNEL_FOR_ALL) {
		struct channel *channel = target->channels[0];

		forget_flights(&channel->inflight, index);
		channel_rearm(session, channel);
	}
	target_free(session, target);
}

/* After the last probe the target only waits; else for the next instant of its schedule. */
static void plan_next(struct session *session, struct target *target)
{
	int64_t count = session->options.count;

	if (count > 0 && target->sequence >= (uint64_t)count) {
		heap_take(&session->due, &target->next);
		target->phase = target->awaited ? TARGET_FINISHING : TARGET_FINISHED;
		session->unfinished -= target->phase == TARGET_FINISHED;
		return;
	}
	target->phase = TARGET_RUNNING;
	target->due = schedule_next(&target->schedule);
	heap_put(&session->due, &target->next, target->due.ns);
}

/* Making ready may have taken longer than an interval, and that is nobody's lag: the first probe is
 * due now. */
static void start_schedule(struct session *session, struct target *target)
{
	tell_start(session, target);
	target->first = session->now;
	schedule_init(&target->schedule, session->now, session->options.probe.interval);
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
	settle_refused_unsent(session, target, target->channels[0], failure);
	plan_next(session, target);
}

/* The probe before has no answer yet. */
static void tell_outstanding(struct session *session, const struct target *target)
{
	const struct flight *before =
		target->last_channel
			? inflight_find(&target->last_channel->inflight, target->last_key)
			: NULL;
	struct notice notice = { .kind = NOTICE_OUTSTANDING };

	if (!before || !before->open || before->sequence + 1 != target->sequence)
		return;
	notice.sequence = before->sequence;
	tell_event(session, target, notice);
}

static void note_departure(struct session *session, struct target *target,
                           struct channel *channel, struct flight *flight, uint64_t key)
{
	target->tally.worst_lag =
		span_max(target->tally.worst_lag, mono_since(flight->called, target->due));
	target->tally.transmitted++;
	target->awaited++;
	target->called = flight->called;
	tell_outstanding(session, target);
	target->last_channel = channel;
	target->last_key = key;
	if (channel->expiry.place == 0)
		channel_rearm(session, channel);
}

static void send_probe(struct session *session, struct target *target, struct channel *channel)
{
	uint64_t key = 0;
	struct mono called = session->now;
	struct flight *flight = inflight_open(&channel->inflight, &key);

	if (!flight) {
		give_up(session, target, -ENOBUFS);
		return;
	}
	target->sequence++;
	flight->nonce = random_next(&session->random);
	flight->due = target->due;
	flight->sequence = target->sequence;
	flight->target = target->index;
	int result = channel->ops->send(channel, target_address(target), key, &called);

	flight->called = called;
	if (result == 0) {
		note_departure(session, target, channel, flight, key);
	} else {
		inflight_withdraw(&channel->inflight);
		channel->called = called;
		if (result == -ECONNREFUSED)
			settle_refused_unsent(session, target, channel, result);
		else
			settle_unsent(session, target, result);
		if (channel->ops->scope == CHANNEL_PER_PROBE)
			channel_close(session, channel);
	}
	plan_next(session, target);
}

/* PER_TARGET: the connection must stand first. */
static bool stands(struct session *session, struct target *target, struct channel *channel)
{
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
	return target->ops->key_in_payload && target->awaited > 0 &&
	       session->options.probe.size < PAYLOAD_KEY_BYTES;
}

/* A probe is due.  One late by less than an interval is sent at once, but no closer to the one
 * before than half their distance; a later one is skipped, so that nothing ever bursts. */
static void fire(struct session *session, struct target *target)
{
	int64_t interval = session->options.probe.interval;
	struct mono earliest = mono_add(target->called, interval / 2);

	if (mono_since(session->now, target->due) >= interval) {
		while (target->phase == TARGET_RUNNING &&
		       mono_since(session->now, target->due) >= interval)
			give_up(session, target, -ETIME);
		return;
	}
	if (mono_known(target->called) && mono_before(session->now, earliest)) {
		heap_put(&session->due, &target->next, earliest.ns);
		return;
	}
	if (must_wait_its_turn(session, target)) {
		give_up(session, target, -EBUSY);
		return;
	}
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
	struct channel *channel = target->channels[0];

	if (channel->status != CHANNEL_READY)
		fail_with_channel(session, target);
	else if (mono_since(session->now, target->due) >= session->options.probe.interval)
		give_up(session, target, -ETIME);
	else
		send_probe(session, target, channel);
}

static void advance(struct session *session, struct target *target)
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
	case TARGET_FINISHING:
	case TARGET_FINISHED:
		heap_take(&session->due, &target->next);
		break;
	}
}

static struct mono first_of(const struct heap *heap)
{
	const struct heap_node *node = heap_first(heap);

	return node ? (struct mono){ node->key } : MONO_NEVER;
}

struct mono session_step(struct session *session, struct mono now)
{
	struct heap_node *node;

	session->now = now;
	while ((node = heap_first(&session->expiry)) && node->key <= now.ns)
		match_expire(session, CONTAINER_OF(node, struct channel, expiry));
	while ((node = heap_first(&session->due)) && node->key <= now.ns)
		advance(session, CONTAINER_OF(node, struct target, next));
	return mono_earlier(first_of(&session->expiry), first_of(&session->due));
}

void session_heard(struct session *session, struct watch *watch, struct mono now)
{
	struct channel *channel = CONTAINER_OF(watch, struct channel, watch);

	session->now = now;
	match_events(session, channel);
	if (channel->status != CHANNEL_CLOSED)
		channel_rearm(session, channel);
}

void session_stop(struct session *session)
{
	for (size_t i = 0; i < session->target_count; i++) {
		struct target *target = session->targets[i];

		if (!target || target->phase == TARGET_FINISHED)
			continue;
		heap_take(&session->due, &target->next);
		target->phase = TARGET_FINISHED;
		session->unfinished--;
	}
}

bool session_finished(const struct session *session)
{
	return session->unfinished == 0;
}
