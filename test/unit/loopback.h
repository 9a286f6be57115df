/* SPDX-License-Identifier: MIT */
/* loopback -- what the tests of net need of this host's own addresses. */
#pragma once

#include <errno.h>
#include <poll.h>

#include "net/address.h"
#include "net/socket.h"
#include "unit.h"

enum { PATIENCE_MS = 5000 };

static inline struct address address_of(const char *literal, uint16_t port)
{
	struct address address = { 0 };

	assert_int_equal(address_parse(literal, &address), 0);
	address_set_port(&address, port);
	return address;
}

/* A socket bound to a free port of the loopback address, which is written to *address. */
static inline int bound_socket(int family, int type, struct address *address)
{
	*address = address_of(family == AF_INET6 ? "::1" : "127.0.0.1", 0);
	int fd = socket_bind(address, type, SOCKET_ALONE);

	if (fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT)
		skip(); /* a host without IPv6 */
	assert_true(fd >= 0);
	return fd;
}

/* Waits until the descriptor is ready for these events; false when it never is. */
static inline bool wait_for(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return poll(&poll_fd, 1, PATIENCE_MS) == 1;
}
