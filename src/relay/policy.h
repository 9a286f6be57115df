/* SPDX-License-Identifier: MIT */
/* policy -- whom this server may ask because a stranger said so.
 *
 *   name or literal --> address --> policy_unwrap() --> policy_refusal() --> asked, that very address
 *
 * Global unicast addresses are open to all.  Closed unless a block that was allowed holds them:
 * whatever IANA's special-purpose registries do not call globally reachable, multicast, broadcast,
 * whatever the kernel delivers to this host itself, and of IPv6 all that was never given out as
 * global unicast.
 *
 * An IPv6 address may carry an IPv4 address to which somebody on the way unpacks it (NAT64, 6to4,
 * Teredo ...).  It is asked only if it may be asked itself and so may what it carries: one does not
 * open the other.  An IPv4-mapped address (::ffff:0:0/96) never reaches a wire, the kernel sends
 * IPv4: it is that IPv4 address, here and for those who allow blocks.
 */
#pragma once

#include "base/err.h"
#include "net/address.h"

enum { POLICY_ALLOWED_MAX = 64 };

/* All addresses of a family that begin with the same bits. */
struct block {
	int family;
	unsigned bits;
	uint8_t bytes[16];
};

/* Zeroed, it allows nothing special. */
struct policy {
	struct block allowed[POLICY_ALLOWED_MAX];
	size_t allowed_count;
};

/* Opens a block: "10.0.0.0/8", "fd00::/8", or a single address.  -EINVAL with the reason. */
MUST_CHECK int policy_allow(struct policy *policy, const char *cidr, struct err *err);

/* The address as packets will carry it: IPv4 where it was mapped, a zone only where it means
 * something.  So one host has one name, however it was written. */
struct address policy_unwrap(const struct address *address);

/* NULL when the address may be asked, else what it is: "a loopback address".  Asks the kernel
 * which addresses are this host's own; sends nothing. */
const char *policy_refusal(const struct policy *policy, const struct address *address);
