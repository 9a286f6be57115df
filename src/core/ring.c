/* SPDX-License-Identifier: MIT */
#include "core/ring.h"

#include <errno.h>
#include <stdlib.h>

int ring_init(struct ring *ring, size_t slot_bytes, size_t room)
{
	*ring = (struct ring){ .slot_bytes = slot_bytes, .room = room };
	ring->slots = calloc(room, slot_bytes);
	return ring->slots ? 0 : -ENOMEM;
}

void ring_done(struct ring *ring)
{
	free(ring->slots);
	ring->slots = NULL;
}

static void *slot(struct ring *ring, size_t index)
{
	return ring->slots + index % ring->room * ring->slot_bytes;
}

void *ring_free(struct ring *ring)
{
	size_t pushed = atomic_load_explicit(&ring->pushed, memory_order_relaxed);
	size_t popped = atomic_load_explicit(&ring->popped, memory_order_acquire);

	return pushed - popped < ring->room ? slot(ring, pushed) : NULL;
}

void ring_push(struct ring *ring)
{
	atomic_fetch_add_explicit(&ring->pushed, 1, memory_order_release);
}

void *ring_head(struct ring *ring)
{
	size_t popped = atomic_load_explicit(&ring->popped, memory_order_relaxed);
	size_t pushed = atomic_load_explicit(&ring->pushed, memory_order_acquire);

	return pushed != popped ? slot(ring, popped) : NULL;
}

void ring_pop(struct ring *ring)
{
	atomic_fetch_add_explicit(&ring->popped, 1, memory_order_release);
}
