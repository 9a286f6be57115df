/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "core/random.h"
#include "unit.h"
#include "wire/payload.h"

static uint8_t packet[PAYLOAD_MAX];

static const size_t edges[] = { 0,  1,  2,  3,  4,  5,  6,  7,   8,   9,   10,   11,    12,
	                        13, 14, 19, 20, 21, 56, 64, 255, 256, 257, 1472, 65506, 65507 };

TEST(what_was_written_is_read_at_every_size)
{
	struct random random;

	random_seed(&random, 1);
	for (size_t i = 0; i < COUNT(edges); i++) {
		struct payload payload = { 0 };
		uint64_t nonce = random_next(&random);
		uint32_t key = (uint32_t)random_next(&random);
		size_t size = edges[i];

		payload_write(packet, size, key, nonce);
		assert_int_equal(payload_read(packet, size, &payload), 0);
		assert_int_equal(payload.has_key, size >= PAYLOAD_KEY_BYTES);
		assert_int_equal(payload.key, size >= PAYLOAD_KEY_BYTES ? key : 0);
		assert_int_equal(payload.nonce, nonce & payload.nonce_mask);
	}
}

/* By the letter of docs/protocol.md. */
static uint8_t byte_at(size_t size, size_t at, uint32_t key, uint64_t nonce)
{
	size_t head = size < PAYLOAD_KEY_BYTES ? 0 : PAYLOAD_KEY_BYTES;

	if (at < head)
		return (uint8_t)(key >> (24 - 8 * at));
	if (at < head + PAYLOAD_NONCE_BYTES)
		return (uint8_t)(nonce >> (56 - 8 * (at - head)));
	return (uint8_t)((nonce >> (at % 8 * 8)) + at);
}

static void assert_to_the_letter(size_t size)
{
	const uint32_t key = 0x89abcdef;
	const uint64_t nonce = UINT64_C(0xfedcba9876543210) * (size + 1);

	memset(packet, 0x55, sizeof(packet));
	payload_write(packet, size, key, nonce);
	for (size_t at = 0; at < size; at++)
		assert_int_equal(packet[at], byte_at(size, at, key, nonce));
	if (size < sizeof(packet))
		assert_int_equal(packet[size], 0x55);
}

TEST(each_byte_is_what_the_protocol_says)
{
	for (size_t size = 0; size < 1200; size++)
		assert_to_the_letter(size);
	for (size_t i = 0; i < COUNT(edges); i++)
		assert_to_the_letter(edges[i]);
}

TEST(each_flipped_byte_behind_the_head_is_refused)
{
	struct payload payload = { 0 };

	for (size_t size = PAYLOAD_HEAD_BYTES + 1; size < 700; size += 7) {
		payload_write(packet, size, 3, UINT64_C(0x0123456789abcdef));
		for (size_t at = PAYLOAD_HEAD_BYTES; at < size; at++) {
			packet[at] ^= 4;
			assert_int_equal(payload_read(packet, size, &payload), -EBADMSG);
			packet[at] ^= 4;
		}
	}
}

TEST(as_many_bytes_of_the_nonce_are_told_as_fit)
{
	for (size_t size = 0; size <= 20; size++) {
		struct payload payload = { 0 };
		size_t rest = size < PAYLOAD_KEY_BYTES ? size : size - PAYLOAD_KEY_BYTES;
		size_t bytes = size_min(rest, PAYLOAD_NONCE_BYTES);
		uint64_t mask = bytes == 0 ? 0 : UINT64_MAX << (64 - 8 * bytes);

		payload_write(packet, size, 7, UINT64_MAX);
		assert_int_equal(payload_read(packet, size, &payload), 0);
		assert_int_equal(payload.nonce_mask, mask);
	}
}

/* A byte changed in the key or the nonce still reads: then the table refuses it. */
static void assert_noticed(size_t size, size_t at, uint32_t key, uint64_t nonce)
{
	struct payload payload = { 0 };

	if (payload_read(packet, size, &payload) == -EBADMSG)
		return;
	assert_true(at < PAYLOAD_HEAD_BYTES);
	assert_true((payload.has_key && payload.key != key) ||
	            ((payload.nonce ^ nonce) & payload.nonce_mask) != 0);
}

TEST(any_flipped_bit_is_noticed)
{
	static const size_t sizes[] = { 1, 3, 4, 5, 11, 12, 13, 20, 56, 300 };
	const uint64_t nonce = UINT64_C(0x0123456789abcdef);

	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (size_t bit = 0; bit < sizes[i] * 8; bit++) {
			payload_write(packet, sizes[i], 77, nonce);
			packet[bit / 8] ^= (uint8_t)(1U << bit % 8);
			assert_noticed(sizes[i], bit / 8, 77, nonce);
		}
	}
}

TEST(a_flipped_bit_at_the_far_end_of_the_largest_is_refused)
{
	struct payload payload = { 0 };

	payload_write(packet, PAYLOAD_MAX, 1, 2);
	packet[PAYLOAD_MAX - 1] ^= 0x80;
	assert_int_equal(payload_read(packet, PAYLOAD_MAX, &payload), -EBADMSG);
}

TEST(a_shifted_pattern_is_refused)
{
	struct payload payload = { 0 };

	for (size_t shift = 1; shift < 200; shift++) {
		payload_write(packet, 600, 1, UINT64_C(0x1122334455667788));
		memmove(packet + PAYLOAD_HEAD_BYTES, packet + PAYLOAD_HEAD_BYTES + shift, 200);
		assert_int_equal(payload_read(packet, PAYLOAD_HEAD_BYTES + 200, &payload),
		                 -EBADMSG);
	}
}

TEST(the_layout_is_that_of_the_document)
{
	static const uint8_t expected[] = { 0x01, 0x02, 0x03, 0x04, 0x11, 0x22,
		                            0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };

	payload_write(packet, sizeof(expected), 0x01020304, UINT64_C(0x1122334455667788));
	assert_memory_equal(packet, expected, sizeof(expected));
	payload_write(packet, 3, 0x01020304, UINT64_C(0x1122334455667788));
	assert_memory_equal(packet, expected + 4, 3);
}

TEST(what_is_refused_leaves_the_old_record)
{
	struct payload payload = { .key = 42 };

	payload_write(packet, 56, 1, 2);
	packet[55] ^= 1;
	assert_int_equal(payload_read(packet, 56, &payload), -EBADMSG);
	assert_int_equal(payload.key, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_byte_is_what_the_protocol_says),
		cmocka_unit_test(each_flipped_byte_behind_the_head_is_refused),
		cmocka_unit_test(what_was_written_is_read_at_every_size),
		cmocka_unit_test(as_many_bytes_of_the_nonce_are_told_as_fit),
		cmocka_unit_test(any_flipped_bit_is_noticed),
		cmocka_unit_test(a_flipped_bit_at_the_far_end_of_the_largest_is_refused),
		cmocka_unit_test(a_shifted_pattern_is_refused),
		cmocka_unit_test(the_layout_is_that_of_the_document),
		cmocka_unit_test(what_is_refused_leaves_the_old_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
