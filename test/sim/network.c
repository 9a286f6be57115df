/* SPDX-License-Identifier: MIT */
#include "sim/network.h"

#include <stdlib.h>

struct parcel *parcel_new(struct world *world, struct channel *channel, int64_t delay)
{
	struct parcel *parcel = world->free_parcels;

	if (parcel) {
		world->free_parcels = parcel->next;
	} else {
		parcel = malloc(sizeof(*parcel));
		assert_int_equal(heap_reserve(&world->under_way, ++world->parcels), 0);
	}
	assert_non_null(parcel);
	*parcel = (struct parcel){
		.channel = channel,
		.generation = line_of(channel)->generation,
	};
	heap_put(&world->under_way, &parcel->arrival, world->now.ns + delay);
	return parcel;
}

void parcel_free(struct world *world, struct parcel *parcel)
{
	parcel->next = world->free_parcels;
	world->free_parcels = parcel;
}

struct mono network_next(const struct world *world)
{
	const struct heap_node *first = heap_first(&world->under_way);

	return first ? (struct mono){ first->key } : MONO_NEVER;
}

static void queue_put(struct queue *queue, struct parcel *parcel)
{
	if (!queue->first)
		queue->end = &queue->first;
	parcel->next = NULL;
	*queue->end = parcel;
	queue->end = &parcel->next;
}

struct parcel *queue_take(struct queue *queue)
{
	struct parcel *parcel = queue->first;

	if (parcel)
		queue->first = parcel->next;
	return parcel;
}

void queue_empty(struct world *world, struct queue *queue)
{
	struct parcel *parcel;

	while ((parcel = queue_take(queue)))
		parcel_free(world, parcel);
}

static void put_into_inbox(struct world *world, struct parcel *parcel)
{
	struct line *line = line_of(parcel->channel);

	if (parcel->generation != line->generation) {
		parcel_free(world, parcel);
		return;
	}
	queue_put(parcel->event.kind == EVENT_LEFT ? &line->departures : &line->inbox, parcel);
	if (line->is_ready)
		return;
	line->is_ready = true;
	line->next_ready = world->ready;
	world->ready = parcel->channel;
}

void network_collect(struct world *world)
{
	struct heap_node *first;

	while ((first = heap_first(&world->under_way)) && first->key <= world->now.ns) {
		struct parcel *parcel = CONTAINER_OF(first, struct parcel, arrival);

		heap_take(&world->under_way, first);
		if (parcel->there)
			mirror_reflect(world, parcel);
		else
			put_into_inbox(world, parcel);
	}
}

struct channel *network_ready(struct world *world)
{
	struct channel *channel = world->ready;

	if (channel) {
		world->ready = line_of(channel)->next_ready;
		line_of(channel)->is_ready = false;
	}
	return channel;
}

void network_sleep(struct world *world, int64_t span)
{
	struct parcel *all = NULL, *parcel;

	while (heap_first(&world->under_way)) {
		parcel = CONTAINER_OF(heap_first(&world->under_way), struct parcel, arrival);
		heap_take(&world->under_way, &parcel->arrival);
		parcel->next = all;
		all = parcel;
	}
	for (; all; all = all->next)
		heap_put(&world->under_way, &all->arrival,
		         span_max(world->now.ns, all->arrival.key - span));
}

void network_forget(struct world *world, uint32_t target)
{
	const struct truth *first = world_truth(world, target, 1);
	bool shared = world->settings.ops->scope == CHANNEL_FOR_ALL;
	size_t i = 0;

	while (i < world->under_way.count) {
		struct parcel *parcel =
			CONTAINER_OF(world->under_way.entries[i].node, struct parcel, arrival);
		bool own =
			parcel->truth >= first && parcel->truth < first + world->settings.count;

		if (!shared && parcel->channel->target == target) {
			heap_take(&world->under_way, &parcel->arrival);
			parcel_free(world, parcel);
			i = 0; /* the last has come to its place, or gone up */
			continue;
		}
		parcel->stray = parcel->stray || own;
		i++;
	}
}

void network_drop(struct world *world, const struct channel *channel)
{
	size_t i = 0;

	while (i < world->under_way.count) {
		struct parcel *parcel =
			CONTAINER_OF(world->under_way.entries[i].node, struct parcel, arrival);

		i++;
		if (parcel->channel != channel)
			continue;
		heap_take(&world->under_way, &parcel->arrival);
		parcel_free(world, parcel);
		i = 0; /* the last has come to its place, or gone up */
	}
}

void network_done(struct world *world)
{
	struct parcel *parcel;

	while (heap_first(&world->under_way)) {
		parcel = CONTAINER_OF(heap_first(&world->under_way), struct parcel, arrival);
		heap_take(&world->under_way, &parcel->arrival);
		parcel_free(world, parcel);
	}
	while ((parcel = world->free_parcels)) {
		world->free_parcels = parcel->next;
		free(parcel);
	}
	heap_done(&world->under_way);
}
