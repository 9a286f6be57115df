/* SPDX-License-Identifier: MIT */
#include "probe/channel.h"

#include <errno.h>
#include <stdlib.h>

enum {
	POOL_MAX = 512,       /* channels of one PER_PROBE target */
	BOOKED_MAX = 1 << 20, /* probes in flight on one channel */
	BATCH_MARGIN = 2,
	/* Paced by answers, thousands of targets have few probes in flight, unless they are dead: then
	 * the ring grows. */
	PACED_ROOM = 1024,
};

static bool is_paced_by_answers(const struct session *session)
{
	return session->options.pace == PACE_ANSWERS;
}

/* How many probes of one target are remembered: those in flight, and as many again so that a late
 * answer is still known for what it is. */
static size_t places_needed(const struct session *session, const struct probe_ops *ops)
{
	const struct probe_options *probe = &session->options.probe;
	int64_t in_flight = probe->timeout / probe->interval + BATCH_MARGIN;

	if (session->options.pace == PACE_POISSON)
		in_flight *= 2; /* beyond the average */
	if (ops->scope == CHANNEL_PER_PROBE)
		return (size_t)span_min(in_flight, POOL_MAX);
	return (size_t)span_min(2 * in_flight, BOOKED_MAX);
}

static size_t places_of(const struct probe_ops *ops)
{
	return ops->key_bits < 20 ? (size_t)1 << ops->key_bits : BOOKED_MAX;
}

/* How many of them a target books on a shared channel. */
static size_t places_booked(const struct session *session, const struct probe_ops *ops)
{
	return is_paced_by_answers(session)
	               ? 1
	               : size_min(places_needed(session, ops), places_of(ops));
}

void channel_free(struct session *session, struct channel *channel)
{
	if (!channel)
		return;
	channel_close(session, channel);
	heap_take(&session->expiry, &channel->expiry);
	join_close(session, channel);
	inflight_done(&channel->inflight);
	free(channel->state);
	free(channel);
}

static struct channel *channel_new(struct session *session, const struct target *target)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	if (!channel)
		return NULL;
	channel->ops = target->ops;
	channel->options = &session->options.probe;
	channel->inflight.queueing = channel->options->queueing;
	channel->loop = session->options.loop;
	channel->watch.fd = -1;
	channel->target = target->index;
	channel->identity = session->next_identity++;
	channel->state = calloc(1, target->ops->state_size + 1);
	/* One more than there are channels now: none is in the heap twice. */
	session->channel_count++;
	if (!channel->state || heap_reserve(&session->expiry, session->channel_count) < 0) {
		session->channel_count--;
		channel_free(session, channel);
		return NULL;
	}
	return channel;
}

int channel_open(struct session *session, struct channel *channel, const struct target *target,
                 struct err *err)
{
	channel->family = address_family(target_address(target));
	channel->status = CHANNEL_OPENING;
	channel->opened = session->now;
	int result = channel->ops->open(channel, target_address(target), &channel->called, err);

	if (result < 0)
		channel_close(session, channel);
	else if (channel->ops->scope != CHANNEL_PER_TARGET)
		channel->status = CHANNEL_READY;
	return result;
}

void channel_reopen(struct session *session, struct channel *channel, struct target *target)
{
	int64_t pause = session->options.probe.interval;

	/* A little less than an interval: whoever asks once per interval is never a hair early. */
	if (mono_known(channel->opened) &&
	    mono_since(session->now, channel->opened) < pause - pause / 8)
		return;
	target->failure = channel_open(session, channel, target, NULL);
}

void channel_close(struct session *session, struct channel *channel)
{
	if (channel->status != CHANNEL_CLOSED)
		channel->ops->close(channel);
	channel->status = CHANNEL_CLOSED;
	channel_rearm(session, channel);
}

void channel_heal(struct session *session, struct channel *channel)
{
	if (socket_lost_device(channel->watch.fd))
		channel_close(session, channel);
}

size_t channel_bytes(const struct channel *channel)
{
	return sizeof(*channel) + channel->ops->state_size + inflight_bytes(&channel->inflight);
}

void channel_rearm(struct session *session, struct channel *channel)
{
	uint64_t key = 0;
	const struct flight *oldest = inflight_oldest(&channel->inflight, &key);

	if (oldest)
		heap_put(&session->expiry, &channel->expiry,
		         mono_add(oldest->called, channel->options->timeout).ns);
	else
		heap_take(&session->expiry, &channel->expiry);
}

/* A shared channel of the family with room for so many places more; NULL where one must be made. */
static struct channel *find_shared(const struct session *session, const struct probe_ops *ops,
                                   int family, size_t need)
{
	for (size_t i = 0; i < session->shared_count; i++) {
		struct channel *one = session->shared[i];

		if (one->ops == ops && !ops->alone && one->family == family &&
		    one->booked + need <= places_of(ops))
			return one;
	}
	return NULL;
}

static int make_shared(struct session *session, const struct target *target,
                       struct channel **out, struct err *err)
{
	struct channel **shared = reallocarray(session->shared, session->shared_count + 1,
	                                       sizeof(struct channel *));
	struct channel *channel = shared ? channel_new(session, target) : NULL;

	session->shared = shared ? shared : session->shared;
	if (!channel)
		return -ENOMEM;
	channel->inflight.skips = !channel->ops->alone && is_paced_by_answers(session) &&
	                          session->options.probe.stamping != STAMPING_KERNEL;
	int result = inflight_reserve(&channel->inflight, 1);

	if (result == 0)
		result = channel_open(session, channel, target, err);
	if (result < 0) {
		session->channel_count--;
		channel_free(session, channel);
		return result;
	}
	session->shared[session->shared_count++] = channel;
	*out = channel;
	return 0;
}

static int assign_shared(struct session *session, struct target *target, struct err *err)
{
	size_t need = places_booked(session, target->ops);
	struct channel *channel =
		find_shared(session, target->ops, address_family(target_address(target)), need);
	int result = channel ? 0 : make_shared(session, target, &channel, err);

	if (result < 0)
		return result;
	size_t room = channel->booked + need;

	if (is_paced_by_answers(session))
		room = size_min(places_needed(session, target->ops) * room, PACED_ROOM);
	if (inflight_reserve(&channel->inflight, room) < 0)
		return -ENOMEM;
	channel->booked += need;
	target->channel = channel;
	return 0;
}

static int assign_own(struct session *session, struct target *target)
{
	target->channel = channel_new(session, target);
	if (!target->channel)
		return -ENOMEM;
	return inflight_reserve(&target->channel->inflight,
	                        places_needed(session, target->ops));
}

static int assign_pool(struct session *session, struct target *target)
{
	size_t count = places_needed(session, target->ops);

	target->pool = calloc(count + 1, sizeof(struct channel *));
	if (!target->pool)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct channel *channel = channel_new(session, target);

		if (!channel)
			return -ENOMEM;
		target->pool[i] = channel;
		if (inflight_reserve(&channel->inflight, 1) < 0)
			return -ENOMEM;
	}
	target->channel = target->pool[0];
	return 0;
}

int channel_assign(struct session *session, struct target *target, struct err *err)
{
	switch (target->ops->scope) {
	case CHANNEL_FOR_ALL:
		return assign_shared(session, target, err);
	case CHANNEL_PER_TARGET:
		return assign_own(session, target);
	case CHANNEL_PER_PROBE:
		return assign_pool(session, target);
	}
	return -EINVAL;
}

bool channel_grow(struct channel *channel)
{
	size_t room = 2 * channel->inflight.room;

	return room <= places_of(channel->ops) &&
	       inflight_reserve(&channel->inflight, room) == 0;
}

/* The last one to leave a shared channel closes it: nobody is there to hear what it says. */
static void leave_shared(struct session *session, struct channel *channel)
{
	channel->booked -= places_booked(session, channel->ops);
	if (channel->booked > 0)
		return;
	for (size_t i = 0; i < session->shared_count; i++)
		if (session->shared[i] == channel)
			session->shared[i] = session->shared[--session->shared_count];
	channel_free(session, channel);
	session->channel_count--;
}

static void free_own(struct session *session, struct channel *channel)
{
	if (!channel)
		return;
	channel_free(session, channel);
	session->channel_count--;
}

void channel_release(struct session *session, struct target *target)
{
	if (target->ops->scope == CHANNEL_FOR_ALL) {
		if (target->channel)
			leave_shared(session, target->channel);
	} else if (target->ops->scope == CHANNEL_PER_TARGET) {
		free_own(session, target->channel);
	}
	for (struct channel **one = target->pool; one && *one; one++)
		free_own(session, *one);
	free(target->pool);
	target->channel = NULL;
	target->pool = NULL;
}

static bool channel_is_awaiting(struct channel *channel)
{
	uint64_t key = 0;

	return inflight_oldest(&channel->inflight, &key) != NULL;
}

struct channel *channel_for(const struct target *target)
{
	if (target->ops->scope != CHANNEL_PER_PROBE)
		return target->channel;
	for (struct channel **one = target->pool; *one; one++)
		if ((*one)->status == CHANNEL_CLOSED && !channel_is_awaiting(*one))
			return *one;
	return NULL;
}
