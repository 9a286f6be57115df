/* SPDX-License-Identifier: MIT */
/* digest -- 64 bits that stand for any number of bytes, to tell whether two of them differ.
 *
 * Keyed by a secret, so that nobody can find bytes on purpose that have the same: two that differ
 * do so by chance alone, about once in 2^64.  Made for speed, some 16 bytes a nanosecond; it proves
 * nothing to anybody who has the key.
 */
#pragma once

#include "core/random.h"

struct digest_key {
	uint64_t words[4];
};

void digest_key_init(struct digest_key *key, struct random *random);

uint64_t digest(const struct digest_key *key, const void *data, size_t length);

/* The same of two words. */
uint64_t digest_pair(const struct digest_key *key, uint64_t a, uint64_t b);
