/* SPDX-License-Identifier: MIT */
/* stamp -- the Session-Reflector (RFC 8762, RFC 8972): what it was told at the start.
 *
 * Who is answered, in which mode and as what is docs/stamp.md; the packets are wire/stamp.
 */
#pragma once

#include "net/address.h"
#include "service/stamp_keys.h"

struct stamp_setup {
	bool stateless;    /* replies have the numbers of their requests */
	uint32_t sessions; /* at most, each worker */
	int64_t idle;      /* ns after which a session is over */

	/* With keys, open requests are refused unless open_too. */
	const struct stamp_secret *secrets;
	size_t secret_count;
	bool open_too;

	uint64_t dscp_allowed; /* bit d: a reply may leave with DSCP d when asked to */
	bool hides_location;   /* a Location TLV is answered by zeroes */
	/* Peers whose requests may be shorter than their replies. */
	const struct address *short_peers;
	size_t short_peer_count;
};

/* Bytes that the sessions and keys of one worker take at most. */
size_t stamp_memory(const struct stamp_setup *setup);
