/* SPDX-License-Identifier: MIT */
/* endpoint -- KIND://HOST[:PORT], the one grammar for asking and answering.
 *
 *   tcp-echo://127.0.0.1:8888    udp-echo://[fe80::1%eth0]    example.com    ::1    pong
 *
 * What serve listens on is written exactly as what ping asks.  A path and a query are ignored;
 * "user@" is refused.  A bare kind is an endpoint whose host is to be filled in.
 */
#pragma once

#include "base/err.h"
#include "net/address.h"

enum { HOST_MAX = 253, KIND_MAX = 15 };

struct endpoint {
	char kind[KIND_MAX + 1]; /* "" = not given */
	char host[HOST_MAX + 1]; /* "" = not given; "*" = every address */
	int port;                /* -1 = not given */
	bool url;                /* was http:// or https://: asked by the TCP handshake */
};

/* Understands text; kinds is the NULL-terminated list of those that may be named.
 * -EINVAL with the reason, *out untouched. */
MUST_CHECK int endpoint_parse(const char *text, const char *const *kinds, struct endpoint *out,
                              struct err *err);

struct endpoint_text {
	char text[KIND_MAX + HOST_MAX + 32];
};

/* "tcp-echo://[::1]:8888"; port < 0 is left out. */
struct endpoint_text endpoint_text(const char *kind, const char *host, int port);
