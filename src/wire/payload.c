/* SPDX-License-Identifier: MIT */
#include "wire/payload.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum {
	WORD = sizeof(uint64_t),
	ALIGNED =
		2 *
		WORD, /* the head and the beginning of the pattern, to where its words begin */
	PERIOD = 256, /* the pattern is the same again so many bytes on */
};

/* The eight bytes of the pattern from offset on, a multiple of 8; byte i is (nonce >> i % 8 * 8) + i.  The
 * bytes of both words are added each on its own, their highest bits apart, so that none carries into
 * the next. */
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

static void write_aligned(uint8_t *out, uint32_t key, uint64_t nonce)
{
	uint32_t big_key = htobe32(key);
	uint64_t big_nonce = htobe64(nonce), word = pattern_word(nonce, WORD);

	/* The word reaches back to byte 8, and the nonce goes over that. */
	memcpy(out + WORD, &word, WORD);
	memcpy(out, &big_key, sizeof(big_key));
	memcpy(out + PAYLOAD_KEY_BYTES, &big_nonce, sizeof(big_nonce));
}

/* What does not fit into the first words. */
static void write_short(uint8_t *out, size_t size, uint32_t key, uint64_t nonce)
{
	uint8_t aligned[ALIGNED];

	write_aligned(aligned, key, nonce);
	memcpy(out, aligned + (PAYLOAD_KEY_BYTES - key_bytes(size)), size);
}

void payload_write(uint8_t *out, size_t size, uint32_t key, uint64_t nonce)
{
	size_t first = size_min(size, ALIGNED + PERIOD), at = ALIGNED;
	uint64_t word;

	if (size < ALIGNED) {
		write_short(out, size, key, nonce);
		return;
	}
	write_aligned(out, key, nonce);
	for (; at + WORD <= first; at += WORD) {
		word = pattern_word(nonce, at);
		memcpy(out + at, &word, WORD);
	}
	word = pattern_word(nonce, at);
	memcpy(out + at, &word, first - at);
	/* The rest is the first period over and over, and each time twice as much of it is there. */
	for (at = first; at < size; at += size_min(at - ALIGNED, size - at))
		memcpy(out + at, out + ALIGNED, size_min(at - ALIGNED, size - at));
}

/* Whether all behind the head is the pattern. */
static bool is_pattern(const uint8_t *data, size_t size, uint64_t nonce)
{
	size_t first = size_min(size, ALIGNED + PERIOD), at = ALIGNED;
	uint64_t wrong = 0, word;
	uint8_t aligned[ALIGNED];

	if (size <= PAYLOAD_HEAD_BYTES)
		return true;
	write_aligned(aligned, 0, nonce);
	if (memcmp(data + PAYLOAD_HEAD_BYTES, aligned + PAYLOAD_HEAD_BYTES,
	           size_min(size, ALIGNED) - PAYLOAD_HEAD_BYTES) != 0)
		return false;
	for (; at + WORD <= first; at += WORD) {
		memcpy(&word, data + at, WORD);
		wrong |= word ^ pattern_word(nonce, at);
	}
	word = pattern_word(nonce, at);
	if (at < first && memcmp(data + at, &word, first - at) != 0)
		return false;
	/* A period on it is the same again, to the end. */
	return wrong == 0 && memcmp(data + first, data + ALIGNED, size - first) == 0;
}

int payload_read(const uint8_t *data, size_t size, struct payload *out)
{
	struct payload payload = { .has_key = size >= PAYLOAD_KEY_BYTES };
	size_t nonce_bytes = size_min(size - key_bytes(size), PAYLOAD_NONCE_BYTES);
	uint32_t big_key = 0;
	uint64_t big_nonce = 0;

	if (size == 0) {
		*out = payload;
		return 0;
	}
	memcpy(&big_key, data, key_bytes(size));
	memcpy(&big_nonce, data + key_bytes(size), nonce_bytes);
	payload.key = be32toh(big_key);
	payload.nonce = be64toh(big_nonce);
	if (nonce_bytes > 0)
		payload.nonce_mask = UINT64_MAX << (64 - 8 * nonce_bytes);
	if (!is_pattern(data, size, payload.nonce))
		return -EBADMSG;
	*out = payload;
	return 0;
}
