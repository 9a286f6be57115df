/* SPDX-License-Identifier: MIT */
/* heap -- which of many things is due first.
 *
 *   [0] --- [1 2 3 4] -+- [5 6 7 8]
 *                      +- [9 10 11 12] ...
 *
 * Nodes are embedded in what they order and know their own place, so moving or removing one costs
 * the logarithm of their number.  With ten thousand of them that is the time that memory takes, so a
 * node has four children rather than two, and their keys stand next to each other in the heap:
 * nodes on the way are written to, but never read.  heap_reserve() allocates; nothing else does, so a
 * heap in use never fails.
 */
#pragma once

#include "base/base.h"

struct heap_node {
	int64_t key;
	size_t place; /* 1-based; 0 = in no heap */
};

struct heap_entry {
	int64_t key; /* the node's */
	struct heap_node *node;
};

struct heap {
	struct heap_entry *entries;
	size_t count, room;
};

void heap_done(struct heap *heap);

/* Room for count nodes in all.  -ENOMEM when there is none; the heap is then as it was. */
MUST_CHECK int heap_reserve(struct heap *heap, size_t count);

/* Puts the node at key, wherever it was before.  There must be room for it. */
void heap_put(struct heap *heap, struct heap_node *node, int64_t key);

/* Takes the node out, if it is in. */
void heap_take(struct heap *heap, struct heap_node *node);

/* The node with the least key; NULL when the heap is empty. */
static inline struct heap_node *heap_first(const struct heap *heap)
{
	return heap->count ? heap->entries[0].node : NULL;
}
