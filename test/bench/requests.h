// SPDX-License-Identifier: MIT
// requests: STAMP test packets made in advance, so that the client costs less than the reflector: one
// for each place of a salvo, sent again and again.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The key of the sealed ones, as `text:` of a key file.
#define REQUESTS_KEY "0123456789abcdef"

struct requests {
	uint8_t *octets; // `count` of `size` each
	size_t size;
	size_t count;
	bool sealed;
};

// Of `size` octets: at least 44, sealed 112; what is more is one Extra Padding. 0, or negative errno.
int requests_make(struct requests *requests, size_t count, size_t size, bool sealed)
	__attribute__((warn_unused_result));
void requests_free(struct requests *requests);

const uint8_t *requests_at(const struct requests *requests, size_t place);

// The place of the request that this is the reply to; `count` when it is the reply to none.
size_t requests_find(const struct requests *requests, const uint8_t *octets, size_t length);
