/* SPDX-License-Identifier: MIT */
#include "wire/payload.h"

#include <errno.h>

static uint8_t pattern(uint64_t nonce, size_t offset)
{
	return (uint8_t)((nonce >> (offset % 8 * 8)) + offset);
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
	for (; at < size; at++)
		out[at] = pattern(nonce, at);
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
	for (at = PAYLOAD_HEAD_BYTES; at < size; at++)
		if (data[at] != pattern(payload.nonce, at))
			return -EBADMSG;
	*out = payload;
	return 0;
}
