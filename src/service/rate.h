/* SPDX-License-Identifier: MIT */
/* rate -- how many datagrams one source may have answered in a second.
 *
 * A bucket for each prefix (/24 of IPv4, /64 of IPv6) holds a second's worth and fills as time goes
 * by.  The table has a fixed size; a newcomer takes the place of whoever is the fullest of four.  An
 * empty bucket leaks: one datagram in four is answered all the same, at random, so that whoever
 * forges a victim's address cannot silence it.  There is no limit for all together: that would be a
 * denial of service to anybody who sends enough.  Loopback is exempt.
 */
#pragma once

#include "core/clock.h"
#include "core/random.h"
#include "net/address.h"

struct rate;

/* per_second: 0 = any.  -ENOMEM. */
MUST_CHECK int rate_new(struct rate **out, int64_t per_second);

/* From any thread: from now on so many. */
void rate_set(struct rate *rate, int64_t per_second);
void rate_free(struct rate *rate);

/* Bytes of one table. */
size_t rate_size(void);

/* One datagram more from there: may it be answered? */
bool rate_allows(struct rate *rate, const struct address *from, struct mono now);
