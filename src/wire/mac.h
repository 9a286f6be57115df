/* SPDX-License-Identifier: MIT */
/* mac -- HMAC-SHA-256, of which the first 128 bits are sent (RFC 8762 section 4.4, RFC 2104, RFC 4868).
 *
 * The work is libcrypto's, by EVP_MAC, and libcrypto is loaded by mac_new(): a program that was given
 * no key never opens it.  A mac is keyed once and used for any number of packets, by one thread.
 */
#pragma once

#include "base/err.h"

enum { MAC_BYTES = 16 };

struct mac;

/* One stretch of what is authenticated. */
struct mac_part {
	const void *data;
	size_t length;
};

/* Keeps no reference to the key.  -EINVAL when it is empty; -ENOENT when there is no libcrypto, -ELIBACC
 * when it lacks what is needed, each with its sentence; -ENOMEM. */
MUST_CHECK int mac_new(struct mac **out, const void *key, size_t length, struct err *err);

/* The same by a libcrypto of another name. */
MUST_CHECK int mac_new_by(struct mac **out, const char *library, const void *key, size_t length,
                          struct err *err);

/* Wipes what was derived from the key. */
void mac_free(struct mac *mac);

/* Writes MAC_BYTES octets.  -EIO when libcrypto fails. */
MUST_CHECK int mac_sign(struct mac *mac, const void *data, size_t length, uint8_t *out);
MUST_CHECK int mac_sign_parts(struct mac *mac, const struct mac_part *parts, size_t count,
                              uint8_t *out);

/* Whether these MAC_BYTES octets are right, found out in a time that does not tell where they differ. */
bool mac_matches(struct mac *mac, const void *data, size_t length, const uint8_t *expected);
bool mac_matches_parts(struct mac *mac, const struct mac_part *parts, size_t count,
                       const uint8_t *expected);
