/* SPDX-License-Identifier: MIT */
/* stamp_keys -- the keys of authenticated sessions, found by their SSID.
 *
 * Each worker has a set of its own, keyed once at the start: a packet costs its HMAC and no more.
 */
#pragma once

#include "wire/mac.h"

struct stamp_secret {
	uint16_t ssid; /* 0: of every session that has none of its own */
	size_t length;
	const uint8_t *bytes;
};

struct stamp_keys;

/* No two of one SSID; nothing of the secrets is kept.  What mac_new() says. */
MUST_CHECK int stamp_keys_new(struct stamp_keys **out, const struct stamp_secret *secrets,
                              size_t count, struct err *err);
void stamp_keys_free(struct stamp_keys *keys);

/* Bytes of so many, about. */
size_t stamp_keys_size(size_t count);

/* That of this SSID or else that of all others; NULL when there is neither. */
struct mac *stamp_keys_find(const struct stamp_keys *keys, uint16_t ssid);

/* Whether this SSID, which is not 0, has a key of its own. */
bool stamp_keys_has(const struct stamp_keys *keys, uint16_t ssid);
