/* SPDX-License-Identifier: MIT */
/* route -- what this host would do with a packet to an address.
 *
 * The kernel is asked for the route, and sends nothing.  It knows more than the list of addresses
 * does: whole blocks may be local, and a router answers to anycast addresses that no list has.
 */
#pragma once

#include "net/address.h"

enum route {
	ROUTE_NONE,    /* it would go nowhere */
	ROUTE_AWAY,    /* to another host */
	ROUTE_HERE,    /* to this host itself */
	ROUTE_TO_MANY, /* broadcast or multicast */
	ROUTE_BARRED,  /* the administrator forbids it */
};

/* The enum route of an address, the port aside; -EIO when the kernel's answer is none, or whatever
 * kept it from being asked. */
MUST_CHECK int route_to(const struct address *address);
