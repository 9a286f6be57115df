/* SPDX-License-Identifier: MIT */
/* address -- an IPv4 or IPv6 address with its port, in one struct for both. */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/base.h"

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

struct address_text {
	char text[INET6_ADDRSTRLEN * 2 + IF_NAMESIZE]; /* with brackets and port */
};

static inline int address_family(const struct address *address)
{
	return address->any.sa_family;
}

/* Length as the socket calls want it; 0 for an address that was never set. */
socklen_t address_length(const struct address *address);

uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);

/* Reads a literal: "127.0.0.1", "::1", "fe80::1%eth0".  -EINVAL for anything else, names too;
 * -ENODEV when the zone names no interface.  The port is 0. */
MUST_CHECK int address_parse(const char *literal, struct address *out);

/* True when this host has an interface of that name. */
bool address_is_interface(const char *name);

/* The address that stands for every one of its family. */
struct address address_any(int family);

/* "127.0.0.1", "fe80::1%eth0"; with the port: "127.0.0.1:80", "[::1]:80". */
struct address_text address_text(const struct address *address);
struct address_text address_text_port(const struct address *address);

/* The same host; ports are not looked at, zones only where both have one. */
bool address_same_host(const struct address *a, const struct address *b);

bool address_is_any(const struct address *address);
bool address_is_multicast(const struct address *address);
bool address_is_loopback(const struct address *address);
bool address_is_link_local(const struct address *address);

/* 1 when an interface of this host has the address, else 0; a negative errno when the list of them
 * cannot be had.  Asks the kernel: not for hot paths. */
MUST_CHECK int address_is_own(const struct address *address);
