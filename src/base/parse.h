/* SPDX-License-Identifier: MIT */
/* parse -- numbers and durations as people write them, exactly or not at all. */
#pragma once

#include "base/base.h"

/* An integer, decimal or 0x and hexadecimal.  -EINVAL when it is none, -ERANGE outside [min, max]. */
MUST_CHECK int parse_integer(const char *text, int64_t min, int64_t max, int64_t *out);

/* A duration in nanoseconds: "1", "0.2", "200us", "1.5ms", "1m"; a bare number is seconds.
 * Digits finer than a nanosecond, signs and exponents are -EINVAL; above max is -ERANGE. */
MUST_CHECK int parse_duration(const char *text, int64_t max, int64_t *out);

/* A decimal number followed by exactly this suffix, as a whole count of 1/unit: "1.5%" with unit
 * 1000 is 1500.  Digits finer than 1/unit are -EINVAL, as is everything else that is none; above
 * max is -ERANGE. */
MUST_CHECK int parse_decimal(const char *text, const char *suffix, int64_t unit, int64_t max,
                             int64_t *out);
