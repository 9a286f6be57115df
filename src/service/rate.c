/* SPDX-License-Identifier: MIT */
#include "service/rate.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	SETS = 1024,
	WAYS = 4,
	LEAK = 4, /* one in so many */
};

/* Emptied until: how far its datagrams, at their pace, reach beyond now (a virtual schedule). */
struct bucket {
	uint64_t prefix;
	struct mono until;
};

struct rate {
	_Atomic int64_t gap; /* ns between datagrams at the full rate; 0 = any rate */
	uint64_t salt;
	struct random random;
	struct bucket buckets[SETS][WAYS];
};

int rate_new(struct rate **out, int64_t per_second)
{
	struct rate *rate = calloc(1, sizeof(*rate));

	if (!rate)
		return -ENOMEM;
	rate_set(rate, per_second);
	random_init(&rate->random);
	rate->salt = random_next(&rate->random);
	*out = rate;
	return 0;
}

void rate_set(struct rate *rate, int64_t per_second)
{
	atomic_store_explicit(&rate->gap, per_second > 0 ? NS_PER_SEC / per_second : 0,
	                      memory_order_relaxed);
}

void rate_free(struct rate *rate)
{
	free(rate);
}

size_t rate_size(void)
{
	return sizeof(struct rate);
}

/* The /24 or the /64, never 0. */
static uint64_t prefix_of(const struct address *from)
{
	uint64_t prefix = 0;

	if (address_family(from) == AF_INET)
		return UINT64_C(1) << 63 | ntohl(from->v4.sin_addr.s_addr) >> 8;
	memcpy(&prefix, &from->v6.sin6_addr, sizeof(prefix));
	return prefix ? prefix : 1;
}

/* The bucket of this prefix; a stranger's place is that of the fullest. */
static struct bucket *bucket_of(struct rate *rate, uint64_t prefix)
{
	uint64_t mixed = (prefix ^ rate->salt) * UINT64_C(0x9e3779b97f4a7c15);
	struct bucket *set = rate->buckets[mixed >> 32 & (SETS - 1)];
	struct bucket *chosen = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].prefix == prefix)
			return &set[i];
		if (mono_before(set[i].until, chosen->until))
			chosen = &set[i];
	}
	*chosen = (struct bucket){ .prefix = prefix };
	return chosen;
}

bool rate_allows(struct rate *rate, const struct address *from, struct mono now)
{
	int64_t gap = atomic_load_explicit(&rate->gap, memory_order_relaxed);

	if (gap == 0 || address_is_loopback(from))
		return true;
	struct bucket *bucket = bucket_of(rate, prefix_of(from));

	if (mono_before(bucket->until, now))
		bucket->until = now;
	if (mono_since(bucket->until, now) > NS_PER_SEC - gap)
		return random_next(&rate->random) % LEAK == 0;
	bucket->until = mono_add(bucket->until, gap);
	return true;
}
