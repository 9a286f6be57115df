/* SPDX-License-Identifier: MIT */
#include "base/heap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void heap_done(struct heap *heap)
{
	free(heap->nodes);
	*heap = (struct heap){ 0 };
}

int heap_reserve(struct heap *heap, size_t count)
{
	struct heap_node **nodes;

	if (count <= heap->room)
		return 0;
	count = count < 2 * heap->room ? 2 * heap->room : count;
	nodes = reallocarray(heap->nodes, count, sizeof(struct heap_node *));
	if (!nodes)
		return -ENOMEM;
	heap->nodes = nodes;
	heap->room = count;
	return 0;
}

static void set(struct heap *heap, size_t at, struct heap_node *node)
{
	heap->nodes[at] = node;
	node->place = at + 1;
}

static void sift_up(struct heap *heap, size_t at)
{
	struct heap_node *node = heap->nodes[at];

	while (at > 0 && node->key < heap->nodes[(at - 1) / 2]->key) {
		set(heap, at, heap->nodes[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	set(heap, at, node);
}

static void sift_down(struct heap *heap, size_t at)
{
	struct heap_node *node = heap->nodes[at];

	for (size_t child; (child = 2 * at + 1) < heap->count; at = child) {
		if (child + 1 < heap->count &&
		    heap->nodes[child + 1]->key < heap->nodes[child]->key)
			child++;
		if (node->key <= heap->nodes[child]->key)
			break;
		set(heap, at, heap->nodes[child]);
	}
	set(heap, at, node);
}

void heap_put(struct heap *heap, struct heap_node *node, int64_t key)
{
	node->key = key;
	if (node->place == 0) {
		assert(heap->count < heap->room);
		set(heap, heap->count++, node);
	}
	sift_up(heap, node->place - 1);
	sift_down(heap, node->place - 1);
}

void heap_take(struct heap *heap, struct heap_node *node)
{
	size_t at = node->place - 1;

	if (node->place == 0)
		return;
	node->place = 0;
	if (at == --heap->count)
		return;
	struct heap_node *last = heap->nodes[heap->count];

	set(heap, at, last);
	sift_up(heap, last->place - 1);
	sift_down(heap, last->place - 1);
}
