/* SPDX-License-Identifier: MIT */
#include "wire/payload.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum { WORD = sizeof(uint64_t) };

static uint8_t pattern(uint64_t nonce, size_t offset)
{
	return (uint8_t)((nonce >> (offset % 8 * 8)) + offset);
}

/* The same for the eight bytes from offset on, a multiple of 8: the bytes of both words are added each
 * on its own, their highest bits apart, so that none carries into the next. */
static uint64_t pattern_word(uint64_t nonce, size_t offset)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t places =
		(uint8_t)offset * UINT64_C(0x0101010101010101) + UINT64_C(0x0706050403020100);

	return htole64(((nonce & ~high) + (places & ~high)) ^ ((nonce ^ places) & high));
}

static size_t key_bytes(size_t size)
{
	return size < PAYLOAD_KEY_BYTES ? 0 : PAYLOAD_KEY_BYTES;
}

void payload_write(uint8_t *out, size_t size, uint32_t key, uint64_t nonce)
{
	size_t at = 0;

	for (; at < key_bytes(size); at++)
		out[at] = (uint8_t)(key >> (24 - at * 8));
	for (size_t i = 0; i < PAYLOAD_NONCE_BYTES && at < size; i++, at++)
		out[at] = (uint8_t)(nonce >> (56 - i * 8));
	for (; at < size && at % WORD != 0; at++)
		out[at] = pattern(nonce, at);
	for (; at + WORD <= size; at += WORD) {
		uint64_t word = pattern_word(nonce, at);

		memcpy(out + at, &word, WORD);
	}
	for (; at < size; at++)
		out[at] = pattern(nonce, at);
}

/* Whether all from byte `at` on is the pattern. */
static bool is_pattern(const uint8_t *data, size_t at, size_t size, uint64_t nonce)
{
	uint64_t wrong = 0, word;

	for (; at < size && at % WORD != 0; at++)
		wrong |= data[at] ^ pattern(nonce, at);
	for (; at + WORD <= size; at += WORD) {
		memcpy(&word, data + at, WORD);
		wrong |= word ^ pattern_word(nonce, at);
	}
	for (; at < size; at++)
		wrong |= data[at] ^ pattern(nonce, at);
	return wrong == 0;
}

int payload_read(const uint8_t *data, size_t size, struct payload *out)
{
	struct payload payload = { .has_key = size >= PAYLOAD_KEY_BYTES };
	size_t at = 0;

	for (; at < key_bytes(size); at++)
		payload.key = payload.key << 8 | data[at];
	for (size_t i = 0; i < PAYLOAD_NONCE_BYTES && at < size; i++, at++) {
		payload.nonce |= (uint64_t)data[at] << (56 - i * 8);
		payload.nonce_mask |= UINT64_C(0xff) << (56 - i * 8);
	}
	if (!is_pattern(data, at, size, payload.nonce))
		return -EBADMSG;
	*out = payload;
	return 0;
}
