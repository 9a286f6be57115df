/* SPDX-License-Identifier: MIT */
/* stamp_gate -- which test packets are answered, and as what: before anything is remembered of them.
 *
 *   without keys         every packet is an open request
 *   with keys            only what its key's HMAC holds for
 *   with both            that, as authenticated; what names an SSID of the key file without holding,
 *                        nobody; all else as open
 *
 * Silent is whatever is shorter than its reply would be, and whatever is a reply itself.
 */
#pragma once

#include "net/datagram.h"
#include "service/counters.h"
#include "service/stamp.h"
#include "wire/stamp.h"

/* The shortest test packet there is: that of TWAMP (RFC 5357 section 4.1.2), without any padding. */
enum { STAMP_SHORTEST_BYTES = 14 };

struct stamp_caller {
	enum stamp_mode mode;
	struct mac *
		mac; /* authenticated: its key; open: that of all others, NULL = there is none */
	struct stamp_request request;
};

/* Why it gets silence, or DROP_NONE.  A short request of a peer that may send such is filled up with
 * zeroes.  keys: NULL = there are none. */
enum drop stamp_gate(const struct stamp_setup *setup, const struct stamp_keys *keys,
                     struct datagram *datagram, struct stamp_caller *out);
