/* SPDX-License-Identifier: MIT */
/* Payloads of echo probes: what is read, written again, is the same; and the other way round. */
#include <errno.h>

#include "fuzz/fuzz.h"
#include "wire/payload.h"

enum { SIZE_BYTES = 2, HEAD = SIZE_BYTES + 4 + 8 };

static uint64_t number_of(const uint8_t *data, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | data[i];
	return value;
}

static void check_reading(const uint8_t *data, size_t size)
{
	uint8_t *exact = copy_of(data, size), *again = copy_of(data, size);
	struct payload payload = { .key = 42 };
	int result = payload_read(exact, size, &payload);

	must(result == 0 || (result == -EBADMSG && payload.key == 42));
	if (result == 0) {
		must((payload.nonce & ~payload.nonce_mask) == 0);
		memset(again, 0, size);
		payload_write(again, size, payload.key, payload.nonce);
		must(size == 0 || memcmp(again, data, size) == 0);
	}
	free(exact);
	free(again);
}

/* Size, key and nonce come from the input; then one bit of what was written is turned over. */
static void check_writing(const uint8_t *data)
{
	size_t size = (size_t)number_of(data, SIZE_BYTES) % (PAYLOAD_MAX + 1);
	uint32_t key = (uint32_t)number_of(data + SIZE_BYTES, 4);
	uint64_t nonce = number_of(data + SIZE_BYTES + 4, 8);
	struct payload payload = { 0 };
	uint8_t *packet = malloc(size + 1);

	must(packet != NULL);
	payload_write(packet, size, key, nonce);
	must(payload_read(packet, size, &payload) == 0);
	must(payload.has_key == (size >= PAYLOAD_KEY_BYTES));
	must(!payload.has_key || payload.key == key);
	must(payload.nonce == (nonce & payload.nonce_mask));
	if (size > PAYLOAD_HEAD_BYTES) {
		size_t tail = size - PAYLOAD_HEAD_BYTES;

		packet[PAYLOAD_HEAD_BYTES + nonce % tail] ^= (uint8_t)(1U << key % 8);
		must(payload_read(packet, size, &payload) == -EBADMSG);
	}
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_reading(data, size);
	if (size >= HEAD)
		check_writing(data);
	return 0;
}
