/* SPDX-License-Identifier: MIT */
#include "load/lanes.h"

#include <errno.h>
#include <stdlib.h>

int lanes_init(struct lanes *lanes, size_t count)
{
	*lanes = (struct lanes){ 0 };
	list_init(&lanes->ready);
	list_init(&lanes->waiting);
	lanes->all = calloc(count, sizeof(struct lane));
	if (!lanes->all || heap_reserve(&lanes->timers, count) < 0)
		return -ENOMEM;
	return 0;
}

void lanes_done(struct lanes *lanes)
{
	for (size_t i = 0; i < lanes->count; i++)
		lane_done(&lanes->all[i]);
	free(lanes->all);
	heap_done(&lanes->timers);
}

struct lane *lanes_first(const struct lanes *lanes)
{
	return list_empty(&lanes->ready) ? NULL
	                                 : CONTAINER_OF(lanes->ready.next, struct lane, queue);
}

void lanes_turn(struct lanes *lanes, struct lane *lane, struct mono now)
{
	list_remove(&lane->queue);
	if (lane_has_place(lane, now))
		list_append(&lanes->ready, &lane->queue);
}

void lanes_update(struct lanes *lanes, struct lane *lane, struct mono now)
{
	bool stands = !list_empty(&lane->queue), has_place = lane_has_place(lane, now);

	if (stands && !has_place)
		list_remove(&lane->queue);
	if (stands || !has_place)
		return;
	if (list_empty(&lanes->ready))
		lanes->free = now;
	list_append(&lanes->ready, &lane->queue);
}

int lanes_open(struct lanes *lanes, struct lane *lane, struct mono now)
{
	list_remove(&lane->queue);
	int result = lane_open(lane, now);

	if (result < 0)
		return result;
	if (lane->channel.status == CHANNEL_READY)
		lanes->open++;
	else
		lanes->connecting++;
	return 0;
}

void lanes_opened(struct lanes *lanes, struct lane *lane)
{
	lane->channel.status = CHANNEL_READY;
	lanes->connecting--;
	lanes->open++;
}

void lanes_close(struct lanes *lanes, struct lane *lane)
{
	list_remove(&lane->queue);
	lanes->open -= lane->channel.status == CHANNEL_READY;
	lanes->connecting -= lane->channel.status == CHANNEL_OPENING;
	lane_close(lane);
}

void lanes_await_opening(struct lanes *lanes, struct lane *lane)
{
	list_remove(&lane->queue);
	list_append(&lanes->waiting, &lane->queue);
}

struct lane *lanes_next_to_open(const struct lanes *lanes)
{
	if (lanes->connecting >= CONNECTING_MOST || list_empty(&lanes->waiting))
		return NULL;
	return CONTAINER_OF(lanes->waiting.next, struct lane, queue);
}

/* What may come to pass on it first. */
static struct mono next_of(struct lane *lane, struct mono now)
{
	struct channel *channel = &lane->channel;
	uint64_t key = 0;
	const struct flight *oldest = inflight_oldest(&channel->inflight, &key);
	struct mono rest = mono_before(now, lane->rest) ? lane->rest : MONO_NEVER;

	if (channel->status == CHANNEL_CLOSED && !lane->reconnects)
		return lane->rest;
	if (channel->status == CHANNEL_OPENING)
		return mono_add(channel->opened, channel->options->timeout);
	if (!oldest)
		return rest;
	return mono_earlier(rest, lane_expiry(lane, oldest));
}

void lanes_rearm(struct lanes *lanes, struct lane *lane, struct mono now)
{
	struct mono next = next_of(lane, now);

	if (next.ns == MONO_NEVER.ns || (lane->timer.place && lane->timer.key <= next.ns))
		return;
	heap_put(&lanes->timers, &lane->timer, next.ns);
}
