/* SPDX-License-Identifier: MIT */
#include "probe/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/channel.h"
#include "probe/departure.h"
#include "probe/intervals.h"
#include "probe/match.h"
#include "probe/reflection.h"
#include "probe/settle.h"
#include "probe/tell.h"

enum { DUE_AT_ONCE = 64 }; /* sends until what has come is read again */

int session_new(struct session **out, const struct session_options *options)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	if (join_init(&session->join) < 0) {
		free(session);
		return -ENOMEM;
	}
	session->options = *options;
	if (options->seeded)
		random_seed(&session->random, options->seed);
	else
		random_init(&session->random);
	session->next_identity = random_next(&session->random);
	*out = session;
	return 0;
}

static void target_free(struct session *session, struct target *target)
{
	if (!target)
		return;
	heap_take(&session->due, &target->next);
	channel_release(session, target);
	intervals_free(target);
	stats_done(&target->stats);
	losses_done(&target->losses);
	reflection_free(target->reflection);
	if (target->addresses != target->own_addresses)
		free(target->addresses);
	free(target->former);
	free(target);
}

void session_free(struct session *session)
{
	if (!session)
		return;
	session->join.count = 0; /* nobody is told any more */
	for (size_t i = 0; i < session->target_count; i++)
		target_free(session, session->targets[i]);
	for (size_t i = 0; i < session->shared_count; i++)
		channel_free(session, session->shared[i]);
	free(session->targets);
	free(session->shared);
	heap_done(&session->due);
	heap_done(&session->expiry);
	join_done(&session->join);
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
	size_t room = session->target_count + 1;
	struct target **targets;

	for (; session->first_free < session->target_count; session->first_free++)
		if (!session->targets[session->first_free])
			return (int)session->first_free;
	if (room > session->target_room) {
		room = 2 * session->target_room + 1;
		targets = reallocarray(session->targets, room, sizeof(struct target *));
		if (!targets)
			return -ENOMEM;
		session->targets = targets;
		session->target_room = room;
	}
	if (heap_reserve(&session->due, room) < 0)
		return -ENOMEM;
	session->targets[session->target_count] = NULL;
	return (int)session->target_count++;
}

static struct target *target_new(const struct session_target *given, uint32_t index)
{
	unsigned count = given->count < RESOLVED_MAX ? given->count : RESOLVED_MAX;
	struct target *target = calloc(1, sizeof(*target) + count * sizeof(struct address));

	if (!target)
		return NULL;
	target->index = index;
	target->name = given->name;
	target->label = given->label;
	target->ops = given->ops;
	target->count = (uint8_t)count;
	target->addresses = target->own_addresses;
	memcpy(target->addresses, given->addresses, count * sizeof(struct address));
	return target;
}

static int equip(struct session *session, struct target *target, struct err *err)
{
	const struct session_options *options = &session->options;
	int result = stats_init(&target->stats, (uint64_t)options->count, options->thrift);

	if (result == 0 && options->report > 0)
		result = intervals_new(session, target);
	if (result == 0 && target->ops->reflects)
		result = reflection_new(
			&target->reflection, (uint64_t)options->count, options->thrift,
			options->probe.socket.tos > 0 ? options->probe.socket.tos : 0);
	return result < 0 ? result : channel_assign(session, target, err);
}

int session_add(struct session *session, const struct session_target *given, struct err *err)
{
	int index = place_for_target(session);
	struct target *target = index < 0 ? NULL : target_new(given, (uint32_t)index);

	if (!target)
		return -ENOMEM;
	if (!mono_known(session->now))
		session->now = given->start;
	if (!mono_known(session->origin))
		session->origin = given->start;
	int result = equip(session, target, err);

	if (result < 0) {
		target_free(session, target);
		return result;
	}
	session->targets[index] = target;
	session->unfinished++;
	heap_put(&session->due, &target->next, given->start.ns);
	return index;
}

/* Nothing that comes for it any more will find it. */
static void forget_flights(struct inflight *inflight, uint32_t target)
{
	for (size_t i = 0; i < inflight->room; i++) {
		struct flight *flight = inflight_at(inflight, i);

		if (flight_more(flight)->target != target)
			continue;
		*flight = (struct flight){ 0 };
		*flight_note(flight) = (struct flight_more){ .target = UINT32_MAX };
	}
}

void session_remove(struct session *session, uint32_t index)
{
	struct target *target = session->targets[index];

	session->targets[index] = NULL;
	session->first_free = size_min(session->first_free, index);
	join_forget(session, index);
	if (target->phase != TARGET_FINISHED)
		session->unfinished--;
	if (target->ops->scope == CHANNEL_FOR_ALL && target->channel) {
		struct channel *channel = target->channel;

		forget_flights(&channel->inflight, index);
		channel_rearm(session, channel);
	}
	target_free(session, target);
}

static struct mono first_of(const struct heap *heap)
{
	const struct heap_node *node = heap_first(heap);

	return node ? (struct mono){ node->key } : MONO_NEVER;
}

static void do_what_is_due(struct session *session)
{
	struct heap_node *node;

	for (int i = 0; i < DUE_AT_ONCE; i++) {
		node = heap_first(&session->due);
		if (!node || node->key > session->now.ns)
			return;
		departure_advance(session, CONTAINER_OF(node, struct target, next));
	}
}

struct mono session_step(struct session *session, struct mono now)
{
	struct heap_node *node;

	session->now = now;
	if (session->join.count > 0)
		join_expire(session);
	while ((node = heap_first(&session->expiry)) && node->key <= now.ns)
		match_expire(session, CONTAINER_OF(node, struct channel, expiry));
	do_what_is_due(session);
	while (!mono_before(now, intervals_next(session)))
		intervals_tick(session);
	return mono_earlier(mono_earlier(first_of(&session->expiry), first_of(&session->due)),
	                    mono_earlier(join_next(session), intervals_next(session)));
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
	join_flush(session);
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

void session_suspended(struct session *session, int64_t span, struct mono now)
{
	struct notice notice = { .kind = NOTICE_SUSPENDED, .span = span };

	session->now = session->resumed = now;
	for (size_t i = 0; i < session->target_count; i++) {
		struct target *target = session->targets[i];

		if (target && target->reflection)
			reflection_renew(target->reflection);
		if (target)
			tell_event(session, target, notice);
	}
}

size_t session_memory(const struct session *session)
{
	const struct session_options *options = &session->options;
	size_t each = sizeof(struct target) + sizeof(struct address) +
	              losses_bytes((uint64_t)options->count) +
	              stats_bytes((uint64_t)options->count, options->thrift);
	size_t total = sizeof(*session) + JOIN_ROOM * sizeof(struct joining);

	for (size_t i = 0; i < session->target_count; i++) {
		const struct target *target = session->targets[i];

		if (!target)
			continue;
		total += each + intervals_bytes(session);
		if (target->reflection)
			total += reflection_bytes((uint64_t)options->count, options->thrift);
		for (struct channel **one = target->pool; one && *one; one++)
			total += channel_bytes(*one);
		if (target->ops->scope == CHANNEL_PER_TARGET)
			total += channel_bytes(target->channel);
	}
	for (size_t i = 0; i < session->shared_count; i++)
		total += channel_bytes(session->shared[i]);
	return total;
}
