/* SPDX-License-Identifier: MIT */
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

socklen_t address_length(const struct address *address)
{
	switch (address_family(address)) {
	case AF_INET:
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return 0;
	}
}

uint16_t address_port(const struct address *address)
{
	return ntohs(address_family(address) == AF_INET6 ? address->v6.sin6_port
	                                                 : address->v4.sin_port);
}

void address_set_port(struct address *address, uint16_t port)
{
	if (address_family(address) == AF_INET6)
		address->v6.sin6_port = htons(port);
	else
		address->v4.sin_port = htons(port);
}

static int parse_v6(const char *literal, struct address *out)
{
	struct address address = { .v6 = { .sin6_family = AF_INET6 } };
	char host[INET6_ADDRSTRLEN] = { 0 };
	const char *zone = strchr(literal, '%');
	size_t length = zone ? (size_t)(zone - literal) : strlen(literal);

	if (length >= sizeof(host))
		return -EINVAL;
	(void)snprintf(host, sizeof(host), "%.*s", (int)length, literal);
	if (inet_pton(AF_INET6, host, &address.v6.sin6_addr) != 1)
		return -EINVAL;
	if (zone) {
		/* Behind a ':' the kernel would take anything: an alias of the old kind. */
		address.v6.sin6_scope_id = strchr(zone, ':') ? 0 : if_nametoindex(zone + 1);
		if (address.v6.sin6_scope_id == 0)
			return -ENODEV;
	}
	*out = address;
	return 0;
}

int address_parse(const char *literal, struct address *out)
{
	struct address address = { .v4 = { .sin_family = AF_INET } };

	if (inet_pton(AF_INET, literal, &address.v4.sin_addr) != 1)
		return parse_v6(literal, out);
	*out = address;
	return 0;
}

bool address_is_interface(const char *name)
{
	return if_nametoindex(name) != 0;
}

struct address address_any(int family)
{
	if (family == AF_INET6)
		return (struct address){ .v6 = { .sin6_family = AF_INET6 } };
	return (struct address){ .v4 = { .sin_family = AF_INET } };
}

struct address_text address_text(const struct address *address)
{
	struct address_text out = { 0 };
	char zone[IF_NAMESIZE] = { 0 };
	char host[INET6_ADDRSTRLEN] = { 0 };

	if (address_family(address) != AF_INET6) {
		(void)inet_ntop(AF_INET, &address->v4.sin_addr, out.text, sizeof(out.text));
		return out;
	}
	(void)inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
	bool zoned =
		address->v6.sin6_scope_id && if_indextoname(address->v6.sin6_scope_id, zone);

	(void)snprintf(out.text, sizeof(out.text), "%s%s%s", host, zoned ? "%" : "", zone);
	return out;
}

struct address_text address_text_port(const struct address *address)
{
	struct address_text host = address_text(address), out = { 0 };
	bool v6 = address_family(address) == AF_INET6;

	(void)snprintf(out.text, sizeof(out.text), "%s%.*s%s:%u", v6 ? "[" : "",
	               INET6_ADDRSTRLEN + IF_NAMESIZE, host.text, v6 ? "]" : "",
	               (unsigned)address_port(address));
	return out;
}

bool address_same_host(const struct address *a, const struct address *b)
{
	uint32_t zone_a = a->v6.sin6_scope_id, zone_b = b->v6.sin6_scope_id;

	if (address_family(a) != address_family(b))
		return false;
	if (address_family(a) == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(struct in6_addr)) == 0 &&
	       (zone_a == zone_b || zone_a == 0 || zone_b == 0);
}

bool address_is_any(const struct address *address)
{
	if (address_family(address) == AF_INET)
		return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

bool address_is_multicast(const struct address *address)
{
	if (address_family(address) == AF_INET)
		return IN_MULTICAST(ntohl(address->v4.sin_addr.s_addr));
	return IN6_IS_ADDR_MULTICAST(&address->v6.sin6_addr);
}

bool address_is_loopback(const struct address *address)
{
	if (address_family(address) == AF_INET)
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

bool address_is_link_local(const struct address *address)
{
	return address_family(address) == AF_INET6 &&
	       IN6_IS_ADDR_LINKLOCAL(&address->v6.sin6_addr);
}

int address_is_own(const struct address *address)
{
	struct ifaddrs *all = NULL;
	bool own = false;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (struct ifaddrs *one = all; one && !own; one = one->ifa_next) {
		struct address mine = { 0 };

		if (!one->ifa_addr)
			continue;
		mine.any.sa_family = one->ifa_addr->sa_family;
		if (address_length(&mine) == 0)
			continue;
		memcpy(&mine, one->ifa_addr, address_length(&mine));
		own = address_same_host(address, &mine);
	}
	freeifaddrs(all);
	return own;
}
