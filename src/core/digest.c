/* SPDX-License-Identifier: MIT */
#include "core/digest.h"

#include <string.h>

enum { BLOCK = 16, STRIDE = 2 * BLOCK };

void digest_key_init(struct digest_key *key, struct random *random)
{
	for (size_t i = 0; i < COUNT(key->words); i++)
		key->words[i] = random_next(random);
}

/* Both halves of the product: each bit of either factor reaches all of the result. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = a;

	product *= b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t take_block(uint64_t sum, const uint8_t *block, uint64_t secret)
{
	uint64_t words[2];

	memcpy(words, block, sizeof(words));
	return fold(words[0] ^ sum, words[1] ^ secret);
}

uint64_t digest(const struct digest_key *key, const void *data, size_t length)
{
	const uint64_t *secret = key->words;
	const uint8_t *at = data, *end = at + length;
	uint64_t sum = secret[0], other = secret[1];
	uint8_t last[STRIDE] = { 0 };

	/* Two at a time, since a multiplication takes longer than it keeps the processor busy. */
	for (; (size_t)(end - at) >= STRIDE; at += STRIDE) {
		sum = take_block(sum, at, secret[2]);
		other = take_block(other, at + BLOCK, secret[3]);
	}
	if (at < end) {
		memcpy(last, at, (size_t)(end - at));
		sum = take_block(sum, last, secret[2]);
		other = take_block(other, last + BLOCK, secret[3]);
	}
	return fold(sum ^ length, other ^ secret[2]);
}

uint64_t digest_pair(const struct digest_key *key, uint64_t a, uint64_t b)
{
	return fold(fold(a ^ key->words[0], b ^ key->words[1]) ^ key->words[2], key->words[3]);
}
