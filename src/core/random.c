/* SPDX-License-Identifier: MIT */
#include "core/random.h"

#include <sys/random.h>

void random_init(struct random *random)
{
	*random = (struct random){ 0 };
}

void random_seed(struct random *random, uint64_t seed)
{
	*random = (struct random){ .state = seed, .seeded = true };
}

static uint64_t split_mix(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* A read of at most 256 bytes is never cut short once the kernel's pool is ready (getrandom(2)). */
static void refill(struct random *random)
{
	while (getrandom(random->pool, sizeof(random->pool), 0) < 0)
		;
	random->left = COUNT(random->pool);
}

uint64_t random_next(struct random *random)
{
	if (random->seeded)
		return split_mix(&random->state);
	if (random->left == 0)
		refill(random);
	return random->pool[--random->left];
}
