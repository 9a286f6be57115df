/* SPDX-License-Identifier: MIT */
#include "base/heap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { CHILDREN = 4 };

void heap_done(struct heap *heap)
{
	free(heap->entries);
	*heap = (struct heap){ 0 };
}

int heap_reserve(struct heap *heap, size_t count)
{
	struct heap_entry *entries;

	if (count <= heap->room)
		return 0;
	count = count < 2 * heap->room ? 2 * heap->room : count;
	entries = reallocarray(heap->entries, count, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	heap->entries = entries;
	heap->room = count;
	return 0;
}

static void set(struct heap *heap, size_t at, struct heap_entry entry)
{
	heap->entries[at] = entry;
	entry.node->place = at + 1;
}

/* The place between at and the root where the entry belongs; what is above it there moves down. */
static size_t sift_up(struct heap *heap, size_t at, struct heap_entry entry)
{
	while (at > 0 && entry.key < heap->entries[(at - 1) / CHILDREN].key) {
		set(heap, at, heap->entries[(at - 1) / CHILDREN]);
		at = (at - 1) / CHILDREN;
	}
	return at;
}

/* Of the children from first on. */
static size_t least_child(const struct heap *heap, size_t first)
{
	size_t end = size_min(first + CHILDREN, heap->count), least = first;
	int64_t key = heap->entries[first].key;

	for (size_t child = first + 1; child < end; child++) {
		int64_t other = heap->entries[child].key;

		least = other < key ? child : least;
		key = span_min(other, key);
	}
	return least;
}

/* The same below at; what is below it there moves up. */
static size_t sift_down(struct heap *heap, size_t at, struct heap_entry entry)
{
	for (size_t child; (child = CHILDREN * at + 1) < heap->count; at = child) {
		child = least_child(heap, child);
		if (entry.key <= heap->entries[child].key)
			break;
		set(heap, at, heap->entries[child]);
	}
	return at;
}

static void place(struct heap *heap, size_t at, struct heap_entry entry)
{
	size_t above = sift_up(heap, at, entry);

	/* What went up has nothing below it that is less. */
	set(heap, above == at ? sift_down(heap, at, entry) : above, entry);
}

void heap_put(struct heap *heap, struct heap_node *node, int64_t key)
{
	node->key = key;
	if (node->place == 0) {
		assert(heap->count < heap->room);
		node->place = ++heap->count;
	}
	place(heap, node->place - 1, (struct heap_entry){ key, node });
}

void heap_take(struct heap *heap, struct heap_node *node)
{
	size_t at = node->place - 1;

	if (node->place == 0)
		return;
	node->place = 0;
	if (at != --heap->count)
		place(heap, at, heap->entries[heap->count]);
}
