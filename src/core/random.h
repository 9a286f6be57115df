/* SPDX-License-Identifier: MIT */
/* random -- nonces that a lying peer cannot foresee, or that a test can repeat.
 *
 * random_init() draws from the kernel, a block at a time; random_seed() makes a sequence that is
 * the same for the same seed (SplitMix64), for simulations only.
 */
#pragma once

#include "base/base.h"

struct random {
	uint64_t pool[32];
	size_t left;
	uint64_t state;
	bool seeded;
};

void random_init(struct random *random);
void random_seed(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
