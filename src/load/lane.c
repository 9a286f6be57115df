/* SPDX-License-Identifier: MIT */
#include "load/lane.h"

#include <errno.h>
#include <stdlib.h>

#include "probe/origin.h"

enum {
	PLACES_LEAST = 16,
	DOUBLED_MOST = 1 << 15, /* entries; above, twice as many would be much memory */
	LOOKED_BACK = 1024,     /* keys */
};

/* As many again, where that is little: so that a late answer is still known for what it is, and one request
 * that stays without an answer keeps nobody waiting for its place. */
static size_t places(size_t depth)
{
	return depth <= DOUBLED_MOST ? depth * 2 : depth;
}

/* Where the wire has no room for a key, one request is in flight at a time. */
static size_t depth_of(const struct lane_plan *plan)
{
	bool nameless = probe_is_nameless(plan->target->ops, plan->options);

	return plan->reconnects || nameless ? 1 : plan->depth;
}

int lane_init(struct lane *lane, const struct lane_plan *plan)
{
	const struct probe_ops *ops = plan->target->ops;

	*lane = (struct lane){
		.channel = { .ops = ops,
		             .options = plan->options,
		             .loop = plan->loop,
		             .watch = { .fd = -1 },
		             .family = address_family(&plan->target->address),
		             .identity = plan->identity },
		.target = plan->target,
		.depth = depth_of(plan),
		.stream = ops->scope == CHANNEL_PER_TARGET,
	};
	lane->reconnects = plan->reconnects && lane->stream;
	list_init(&lane->queue);
	lane->channel.inflight.skips = !lane->stream;
	lane->channel.inflight.lean = true;
	lane->channel.state = calloc(1, ops->state_size + 1);
	if (!lane->channel.state)
		return -ENOMEM;
	size_t room = places(lane->depth);

	return inflight_reserve(&lane->channel.inflight,
	                        room < PLACES_LEAST ? PLACES_LEAST : room);
}

void lane_done(struct lane *lane)
{
	lane_close(lane);
	inflight_done(&lane->channel.inflight);
	free(lane->channel.state);
}

int lane_open(struct lane *lane, struct mono now)
{
	struct channel *channel = &lane->channel;

	channel->status = CHANNEL_OPENING;
	channel->opened = channel->called = now;
	int result =
		channel->ops->open(channel, &lane->target->address, &channel->called, NULL);

	if (result < 0)
		lane_close(lane);
	else if (!lane->stream)
		channel->status = CHANNEL_READY;
	return result;
}

void lane_close(struct lane *lane)
{
	if (lane->channel.status != CHANNEL_CLOSED)
		lane->channel.ops->close(&lane->channel);
	lane->channel.status = CHANNEL_CLOSED;
	lane->owed = 0;
	lane->blocked = false;
}

bool lane_has_place(const struct lane *lane, struct mono now)
{
	if (mono_before(now, lane->rest))
		return false;
	if (lane->reconnects)
		return lane->channel.status == CHANNEL_CLOSED;
	return lane->channel.status == CHANNEL_READY && !lane->blocked &&
	       lane->flying < lane->depth && lane->owed < lane->channel.inflight.room;
}

int lane_send(struct lane *lane, const struct digest_key *nonces, struct mono due,
              struct mono *called)
{
	struct channel *channel = &lane->channel;
	uint64_t key = 0;
	struct flight *flight = inflight_open(&channel->inflight, &key);

	if (!flight)
		return -ENOSPC;
	flight->due = due;
	flight->nonce = digest_pair(nonces, channel->identity, key);
	int result = channel->ops->send(channel, &lane->target->address, key, called);

	if (result < 0) {
		inflight_withdraw(&channel->inflight);
		return result;
	}
	flight->called = *called;
	lane->flying++;
	lane->owed += lane->stream;
	return 0;
}

struct flight *lane_newest(const struct lane *lane)
{
	return inflight_find(&lane->channel.inflight, lane->channel.inflight.next - 1);
}

struct flight *lane_named(const struct lane *lane, const struct event *event)
{
	return event->key == KEY_UNKNOWN ? lane_newest(lane)
	                                 : inflight_find(&lane->channel.inflight, event->key);
}

struct flight *lane_meant(const struct lane *lane, const struct event *event)
{
	const struct inflight *inflight = &lane->channel.inflight;
	uint64_t last = inflight->next - 1, least = count_less(last, LOOKED_BACK);

	if (event->nonce_mask != UINT64_MAX)
		return NULL;
	for (uint64_t key = last; key > least; key--) {
		struct flight *flight = inflight_find(inflight, key);

		if (flight && flight->nonce == event->nonce)
			return flight;
	}
	return NULL;
}

bool lane_is_asked(const struct lane *lane, const struct event *event)
{
	return address_family(&event->from) == AF_UNSPEC ||
	       origin_is_from(lane->channel.ops, &lane->target->address, &event->from);
}

bool lane_is_answer(const struct lane *lane, const struct flight *flight,
                    const struct event *event)
{
	const struct probe_ops *ops = lane->channel.ops;

	return ((flight->nonce ^ event->nonce) & event->nonce_mask) == 0 &&
	       (!ops->echoes || ops->elastic || event->bytes == lane->channel.options->size);
}

bool lane_remembers(const struct lane *lane, const struct digest_key *nonces,
                    const struct event *event)
{
	const struct channel *channel = &lane->channel;

	if (event->key == 0 || event->key >= channel->inflight.next)
		return false;
	/* Elsewhere the nonce was the kind's own, and is forgotten, too. */
	return !channel->ops->key_in_payload ||
	       ((event->nonce ^ digest_pair(nonces, channel->identity, event->key)) &
	        event->nonce_mask) == 0;
}

size_t lane_payload(const struct lane *lane)
{
	return probe_size(lane->channel.ops, lane->channel.options);
}

struct load_room lane_room(const struct lane *lane)
{
	const struct inflight *inflight = &lane->channel.inflight;

	return (struct load_room){ inflight->room, inflight_bytes(inflight) };
}
