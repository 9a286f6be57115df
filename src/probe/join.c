/* SPDX-License-Identifier: MIT */
#include "probe/join.h"

#include <errno.h>
#include <stdlib.h>

#include "probe/settle.h"

enum {
	MOMENT = 10 * 1000 * 1000, /* ns */
	UNSTAMPED_MOST = 8,
};

#define NOBODY UINT32_MAX

int join_init(struct join *join)
{
	join->ring = calloc(JOIN_ROOM, sizeof(struct joining));
	return join->ring ? 0 : -ENOMEM;
}

void join_done(struct join *join)
{
	free(join->ring);
}

static struct joining *at(const struct join *join, size_t i)
{
	return &join->ring[(join->first + i) % JOIN_ROOM];
}

static void tell_first(struct session *session)
{
	struct joining *joining = at(&session->join, 0);
	struct target *target = settle_target(session, joining->sample.target);

	session->join.first = (session->join.first + 1) % JOIN_ROOM;
	session->join.count--;
	if (joining->sample.target != NOBODY)
		settle_answered(session, target, &joining->sample);
}

/* Tells from the front on, up to one that waits. */
static void tell_ready(struct session *session)
{
	while (session->join.count > 0 && !mono_known(at(&session->join, 0)->until))
		tell_first(session);
}

static bool is_stamped(const struct channel *channel, const struct flight *flight)
{
	return channel->timestamps.tx == TAKEN_HARDWARE ? flight_more(flight)->hardware != 0
	                                                : mono_known(flight_more(flight)->left);
}

static bool must_wait(const struct channel *channel, const struct flight *flight)
{
	return channel->timestamps.tx != TAKEN_USER && !is_stamped(channel, flight) &&
	       channel->unstamped < UNSTAMPED_MOST;
}

void join_answer(struct session *session, struct channel *channel, const struct flight *flight,
                 uint64_t key, int64_t hardware, struct sample *sample)
{
	struct join *join = &session->join;
	bool wait = must_wait(channel, flight);

	if (is_stamped(channel, flight))
		channel->unstamped = 0;
	if (!wait && join->count == 0) {
		settle_answered(session, settle_owner(session, flight), sample);
		return;
	}
	if (join->count == JOIN_ROOM)
		tell_first(session);
	struct joining *joining = at(join, join->count++);

	*joining = (struct joining){
		.channel = channel,
		.key = key,
		.hardware = hardware,
		.until = wait ? mono_add(session->now, MOMENT) : (struct mono){ 0 },
		.from = *sample->from,
		.sample = *sample,
	};
	joining->sample.from = &joining->from;
	if (sample->far) {
		joining->far = *sample->far;
		joining->sample.far = &joining->far;
	}
	tell_ready(session);
}

void join_left(struct session *session, const struct channel *channel, uint64_t key,
               const struct flight *flight)
{
	struct join *join = &session->join;

	for (size_t i = 0; i < join->count; i++) {
		struct joining *joining = at(join, i);

		if (joining->channel != channel || joining->key != key ||
		    !is_stamped(channel, flight))
			continue;
		joining->until = (struct mono){ 0 };
		joining->channel->unstamped = 0;
		settle_departed(&joining->sample, channel, flight, joining->hardware);
	}
	tell_ready(session);
}

void join_expire(struct session *session)
{
	struct join *join = &session->join;

	for (size_t i = 0; i < join->count; i++) {
		struct joining *joining = at(join, i);

		if (!mono_known(joining->until) || mono_before(session->now, joining->until))
			continue;
		joining->until = (struct mono){ 0 };
		if (joining->channel)
			joining->channel->unstamped++;
	}
	tell_ready(session);
}

struct mono join_next(const struct session *session)
{
	return session->join.count ? at(&session->join, 0)->until : MONO_NEVER;
}

void join_close(struct session *session, const struct channel *channel)
{
	for (size_t i = 0; i < session->join.count; i++)
		if (at(&session->join, i)->channel == channel) {
			at(&session->join, i)->channel = NULL;
			at(&session->join, i)->until = (struct mono){ 0 };
		}
	tell_ready(session);
}

void join_forget(struct session *session, uint32_t target)
{
	for (size_t i = 0; i < session->join.count; i++)
		if (at(&session->join, i)->sample.target == target) {
			at(&session->join, i)->sample.target = NOBODY;
			at(&session->join, i)->until = (struct mono){ 0 };
		}
	tell_ready(session);
}

void join_flush(struct session *session)
{
	while (session->join.count > 0)
		tell_first(session);
}
