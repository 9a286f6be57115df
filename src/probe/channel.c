/* SPDX-License-Identifier: MIT */
#include "probe/channel.h"

#include <errno.h>
#include <stdlib.h>

enum {
	POOL_MAX = 512,       /* channels of one PER_PROBE target */
	BOOKED_MAX = 1 << 20, /* probes in flight on one channel */
	BATCH_MARGIN = 2,
};

/* How many probes of one target are remembered: those in flight, and as many again so that a late
 * answer is still known for what it is. */
static size_t places_needed(const struct session *session)
{
	const struct probe_options *probe = &session->options.probe;
	int64_t in_flight = probe->timeout / probe->interval + BATCH_MARGIN;

	return (size_t)span_min(2 * in_flight, BOOKED_MAX);
}

static size_t places_of(const struct probe_ops *ops)
{
	return ops->key_bits < 20 ? (size_t)1 << ops->key_bits : BOOKED_MAX;
}

/* How many of them a target books on a shared channel. */
static size_t places_booked(const struct session *session, const struct probe_ops *ops)
{
	return size_min(places_needed(session), places_of(ops));
}

void channel_free(struct session *session, struct channel *channel)
{
	if (!channel)
		return;
	channel_close(session, channel);
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
	channel->loop = session->options.loop;
	channel->watch.fd = -1;
	channel->target = target->index;
	channel->random = random_next(&session->random);
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
	heap_take(&session->expiry, &channel->expiry);
	if (channel->status != CHANNEL_CLOSED)
		channel->ops->close(channel);
	channel->status = CHANNEL_CLOSED;
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

static int assign_shared(struct session *session, struct target *target, struct err *err)
{
	int family = address_family(target_address(target));
	size_t need = places_booked(session, target->ops), room = places_of(target->ops);
	struct channel *channel = NULL;

	for (size_t i = 0; i < session->shared_count && !channel; i++) {
		struct channel *one = session->shared[i];

		if (one->ops == target->ops && one->family == family &&
		    one->booked + need <= room)
			channel = one;
	}
	if (!channel) {
		struct channel **shared = reallocarray(
			session->shared, session->shared_count + 1, sizeof(struct channel *));

		if (!shared)
			return -ENOMEM;
		session->shared = shared;
		channel = channel_new(session, target);
		if (!channel)
			return -ENOMEM;
		int result = channel_open(session, channel, target, err);

		if (result < 0) {
			session->channel_count--;
			channel_free(session, channel);
			return result;
		}
		session->shared[session->shared_count++] = channel;
	}
	if (inflight_reserve(&channel->inflight, channel->booked + need) < 0)
		return -ENOMEM;
	channel->booked += need;
	target->channels[0] = channel;
	target->channel_count = 1;
	return 0;
}

static int assign_own(struct session *session, struct target *target, size_t count,
                      size_t places)
{
	for (size_t i = 0; i < count; i++) {
		struct channel *channel = channel_new(session, target);

		if (!channel)
			return -ENOMEM;
		target->channels[target->channel_count++] = channel;
		if (inflight_reserve(&channel->inflight, places) < 0)
			return -ENOMEM;
	}
	return 0;
}

int channel_assign(struct session *session, struct target *target, struct err *err)
{
	size_t places = places_needed(session);
	size_t count = target->ops->scope == CHANNEL_PER_PROBE ? size_min(places, POOL_MAX) : 1;

	target->channels = calloc(count, sizeof(struct channel *));
	if (!target->channels)
		return -ENOMEM;
	switch (target->ops->scope) {
	case CHANNEL_FOR_ALL:
		return assign_shared(session, target, err);
	case CHANNEL_PER_TARGET:
		return assign_own(session, target, 1, places);
	case CHANNEL_PER_PROBE:
		return assign_own(session, target, count, 1);
	}
	return -EINVAL;
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

void channel_release(struct session *session, struct target *target)
{
	for (size_t i = 0; i < target->channel_count; i++) {
		if (target->ops->scope == CHANNEL_FOR_ALL) {
			leave_shared(session, target->channels[i]);
			continue;
		}
		channel_free(session, target->channels[i]);
		session->channel_count--;
	}
	free(target->channels);
}

struct channel *channel_for(struct target *target)
{
	if (target->ops->scope != CHANNEL_PER_PROBE)
		return target->channels[0];
	for (size_t i = 0; i < target->channel_count; i++)
		if (target->channels[i]->status == CHANNEL_CLOSED)
			return target->channels[i];
	return NULL;
}
