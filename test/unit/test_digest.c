/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/digest.h"
#include "unit.h"

enum { LONGEST = 300 };

static struct digest_key key_of(uint64_t seed)
{
	struct random random;
	struct digest_key key;

	random_seed(&random, seed);
	digest_key_init(&key, &random);
	return key;
}

TEST(the_same_bytes_have_the_same_digest_wherever_they_lie)
{
	const struct digest_key key = key_of(1);
	uint8_t bytes[LONGEST + 8], elsewhere[LONGEST + 8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37);
	for (size_t length = 0; length <= LONGEST; length++)
		for (size_t shift = 0; shift < 8; shift++) {
			memcpy(elsewhere + shift, bytes, length);
			assert_true(digest(&key, bytes, length) ==
			            digest(&key, elsewhere + shift, length));
		}
}

TEST(any_bit_that_differs_is_told_at_every_length)
{
	const struct digest_key key = key_of(2);
	uint8_t bytes[LONGEST] = { 0 };

	for (size_t length = 1; length <= LONGEST; length++) {
		uint64_t before = digest(&key, bytes, length);

		for (size_t bit = 0; bit < 8 * length; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
			assert_true(digest(&key, bytes, length) != before);
			bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
	}
}

TEST(zeros_of_different_lengths_differ)
{
	const struct digest_key key = key_of(3);
	static const uint8_t zeros[LONGEST];
	uint64_t seen[LONGEST];

	for (size_t length = 0; length < LONGEST; length++) {
		seen[length] = digest(&key, zeros, length);
		for (size_t other = 0; other < length; other++)
			assert_true(seen[length] != seen[other]);
	}
}

TEST(blocks_that_change_places_are_told)
{
	const struct digest_key key = key_of(4);
	uint8_t bytes[64], swapped[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i / 16);
	for (size_t block = 0; block < 3; block++) {
		memcpy(swapped, bytes, sizeof(bytes));
		memcpy(swapped + 16 * block, bytes + 16 * (block + 1), 16);
		memcpy(swapped + 16 * (block + 1), bytes + 16 * block, 16);
		assert_true(digest(&key, bytes, 64) != digest(&key, swapped, 64));
	}
}

TEST(another_key_gives_other_digests)
{
	const struct digest_key one = key_of(5), other = key_of(6);

	assert_true(digest(&one, "payload", 7) != digest(&other, "payload", 7));
	assert_true(digest_pair(&one, 1, 2) != digest_pair(&other, 1, 2));
	assert_true(digest_pair(&one, 1, 2) != digest_pair(&one, 2, 1));
	assert_true(digest_pair(&one, 1, 2) != digest_pair(&one, 1, 3));
}

/* Neighbouring numbers fall evenly into places by their low bits, as a table needs it. */
TEST(low_bits_are_as_good_as_any)
{
	const struct digest_key key = key_of(7);
	unsigned places[64] = { 0 };

	for (uint64_t i = 0; i < 64000; i++)
		places[digest_pair(&key, i, 0) % COUNT(places)]++;
	for (size_t i = 0; i < COUNT(places); i++)
		assert_in_range(places[i], 800, 1200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_bytes_have_the_same_digest_wherever_they_lie),
		cmocka_unit_test(any_bit_that_differs_is_told_at_every_length),
		cmocka_unit_test(zeros_of_different_lengths_differ),
		cmocka_unit_test(blocks_that_change_places_are_told),
		cmocka_unit_test(another_key_gives_other_digests),
		cmocka_unit_test(low_bits_are_as_good_as_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
