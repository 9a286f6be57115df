/* SPDX-License-Identifier: MIT */
/* question -- what a client typed behind "ping": whom to ask, and how.
 *
 * The same endpoints as `sounder ping` asks, but every part must be there or have a default that
 * depends on the kind alone, and the host has an alphabet that no resolver, log or shell could
 * take for anything else.
 */
#pragma once

#include "net/endpoint.h"
#include "probe/probe.h"

struct question {
	const struct probe_ops *ops;
	char host[HOST_MAX + 1]; /* a literal or a name, without brackets */
	uint16_t port;           /* 0 where the kind has none */
};

/* Understands the text, which is then known to be printable ASCII without blanks.  -EINVAL with
 * the reason, *out untouched. */
MUST_CHECK int question_read(const char *text, struct question *out, struct err *err);
