/* SPDX-License-Identifier: MIT */
/* key_file -- the keys of authenticated STAMP sessions, one a line.  Never on a command line, which
 * everybody can read.
 *
 *   # SSID (or * for every other one), then the key: hexadecimal, or text:WORDS up to the end of
 *   # the line, or to a blank and a #
 *   17     00112233445566778899aabbccddeeff
 *   0x1f   text:correct horse battery staple
 *   *      0f1e2d3c4b5a69788796a5b4c3d2e1f0
 */
#pragma once

#include "base/err.h"

enum { KEY_BYTES_MIN = 8, KEY_BYTES_MAX = 64, KEYS_MAX = 4096 };

struct stamp_key {
	uint16_t ssid; /* 0: of every one that has no line of its own */
	uint8_t length;
	uint8_t bytes[KEY_BYTES_MAX];
};

struct key_ring {
	struct stamp_key *keys;
	size_t count;
};

/* -EACCES where everybody may read or write the file; -EINVAL, or what opening or reading it says, with a
 * sentence that names file and line, and repeats nothing of what stands there. */
MUST_CHECK int key_file_read(const char *path, struct key_ring *out, struct err *err);

/* Wipes them. */
void key_ring_done(struct key_ring *ring);

/* The key of that session, NULL when it has none.  ssid 0: the only one, or that of "*". */
const struct stamp_key *key_ring_find(const struct key_ring *ring, uint16_t ssid);
