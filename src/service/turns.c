/* SPDX-License-Identifier: MIT */
#include "service/turns.h"

#define FIRST_EDGE INT64_C(1024)

int64_t turns_edge(size_t bucket)
{
	return FIRST_EDGE << bucket;
}

size_t turns_bucket(int64_t span)
{
	if (span <= FIRST_EDGE)
		return 0;
	/* The doublings of the first edge that it takes to reach the span. */
	size_t doublings = 64 - (size_t)__builtin_clzll((uint64_t)(span - 1) / FIRST_EDGE);

	return size_min(doublings, TURNS_EDGES);
}

void turns_begin(struct turns *turns, struct mono now)
{
	atomic_store_explicit(&turns->since, now.ns, memory_order_relaxed);
}

void turns_end(struct turns *turns, struct mono now)
{
	int64_t since = atomic_load_explicit(&turns->since, memory_order_relaxed);
	int64_t span = span_max(now.ns - since, 0);

	atomic_store_explicit(&turns->since, 0, memory_order_relaxed);
	counter_add(&turns->total, (uint64_t)span);
	counter_add(&turns->within[turns_bucket(span)], 1);
}

int64_t turns_age(const struct turns *turns, struct mono now)
{
	int64_t since = atomic_load_explicit(&turns->since, memory_order_relaxed);

	return since == 0 ? 0 : span_max(now.ns - since, 0);
}
