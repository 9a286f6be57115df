/* SPDX-License-Identifier: MIT */
/* payload -- what our own echo probes carry (docs/protocol.md).
 *
 *    0       4               12                      size
 *    | key   | nonce          | pattern ...            |     big endian
 *
 * Each byte of the pattern follows from the nonce and its place, so that one changed, shifted or
 * repeated byte shows.  Below 12 bytes as many bytes of the nonce as fit; below 4 no key, only
 * nonce: then one probe may be in flight at a time.
 */
#pragma once

#include "base/base.h"

enum {
	PAYLOAD_KEY_BYTES = 4,
	PAYLOAD_NONCE_BYTES = 8,
	PAYLOAD_HEAD_BYTES = PAYLOAD_KEY_BYTES + PAYLOAD_NONCE_BYTES,
	PAYLOAD_MAX = 65507, /* UDP over IPv4: 65535 - 20 - 8 */
};

struct payload {
	uint32_t key;
	bool has_key;
	uint64_t nonce;      /* its leading bytes, the others 0 */
	uint64_t nonce_mask; /* which bits of the nonce were there */
};

void payload_write(uint8_t *out, size_t size, uint32_t key, uint64_t nonce);

/* -EBADMSG when a byte of the pattern is not what its nonce demands. */
MUST_CHECK int payload_read(const uint8_t *data, size_t size, struct payload *out);
