/* SPDX-License-Identifier: MIT */
/* stamp_time -- instants and their error, as STAMP writes them (RFC 8762 section 4.2.1).
 *
 *    NTP (Z = 0)   | seconds since 1900, 32 bits | 2^-32 s, 32 bits        |   era 1 begins in 2036
 *    PTP (Z = 1)   | seconds since 1970, 32 bits | nanoseconds, 32 bits    |   truncated, RFC 8186
 *    error         | S | Z | scale, 6 bits | multiplier, 8 bits |   multiplier * 2^(scale - 32) s
 *
 * Both formats keep 32 bits of the seconds: what was read means the instant nearest to a time that
 * the reader knows.  Both directions round to the nearest unit; since 2^-32 s is less than half a
 * nanosecond, a wall that is written and read again is the same to the nanosecond.
 *
 * PTP counts TAI by the standard, while what software sends is usually UTC: who knows that a peer
 * sends TAI adds TAI - UTC to `near`, and takes it off what was read.
 */
#pragma once

#include "core/clock.h"

enum stamp_format { STAMP_NTP, STAMP_PTP };

/* The 64 bits of an instant. */
uint64_t stamp_time_encode(struct wall wall, enum stamp_format format);

/* The instant nearest to `near`, a reading of a clock, that has these 64 bits; -EBADMSG when its
 * nanoseconds (PTP) are no part of a second. */
MUST_CHECK int stamp_time_decode(uint64_t time, enum stamp_format format, struct wall near,
                                 struct wall *out);

/* What a clock's owner claims of it (RFC 4656 section 4.1.2). */
struct stamp_error {
	bool synchronised;        /* S: to UTC, by a source outside */
	enum stamp_format format; /* Z: of the times beside it */
	int64_t error;            /* ns */
};

/* Rounded up: what is read from it is never smaller.  An error of 0 or less is the least there is. */
uint16_t stamp_error_encode(const struct stamp_error *error);

/* Rounded up to ns, at most INT64_MAX.  -EBADMSG for a multiplier of 0: then `out` has S and Z
 * nevertheless, and an error of INT64_MAX, since peers are known that leave the field empty. */
MUST_CHECK int stamp_error_decode(uint16_t field, struct stamp_error *out);

/* Z alone. */
enum stamp_format stamp_error_format(uint16_t field);
