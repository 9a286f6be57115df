/* SPDX-License-Identifier: MIT */
/* inherited -- sockets that somebody else has bound, for us to serve: a service manager, or the server
 * that ran before us.
 *
 * They are found by what they are, not by where they stand: type and address, asked of the kernel, and
 * the kind where whoever gave them named one.
 */
#pragma once

#include "base/err.h"
#include "net/address.h"
#include "net/endpoint.h"

struct inherited_socket {
	int fd; /* -1: taken, or closed */
	bool taken;
	int type;
	struct address address;
	char kind[KIND_MAX + 1]; /* "" = whatever is served there */
	bool must_serve;         /* it is an error to leave it */
};

/* Zeroed, it is empty. */
struct inherited {
	struct inherited_socket *all;
	size_t count;
};

/* Takes fd, also when it fails; it becomes non-blocking and close-on-exec.  kind: NULL = not named.
 * -EINVAL with the reason for what cannot be served: neither a datagram socket nor one that listens,
 * not bound, of another family, or an IPv6 socket that takes IPv4 as well. */
MUST_CHECK int inherited_add(struct inherited *inherited, int fd, const char *kind,
                             struct err *err);

/* Closes those that were not taken; what they were stays known. */
void inherited_close(struct inherited *inherited);
void inherited_done(struct inherited *inherited);

/* The next socket of that kind, type and address, which is the caller's then; -1 = there is none.
 * Port 0 stands for any, and becomes the one that was found. */
int inherited_take(struct inherited *inherited, const char *kind, int type,
                   struct address *address);

/* A second descriptor of the same socket, for another who serves at it. */
MUST_CHECK int inherited_share(int fd);

/* How many were taken. */
size_t inherited_taken(const struct inherited *inherited);

/* One that must be served and was not taken; NULL when there is none. */
const struct inherited_socket *inherited_left(const struct inherited *inherited);
