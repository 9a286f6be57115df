/* SPDX-License-Identifier: MIT */
/* ask_options -- of a command line that names whom to ask, what says how: the same for ping and load. */
#pragma once

#include "app/key_file.h"
#include "base/err.h"
#include "probe/probe.h"

struct ask_options {
	const char *default_kind; /* of a target that names none; NULL = it has to */

	/* As given; -1 or NULL where not. */
	int64_t size, ttl, tos, port, source_port, ssid, utc_offset;
	const char *kind, *host, *device, *key;
	bool v4, v6, ptp;

	/* What follows from it. */
	int family;           /* AF_UNSPEC, AF_INET, AF_INET6 */
	struct key_ring keys; /* of key */
	struct probe_options probe;
};

/* Nothing was given. */
struct ask_options ask_options_none(void);

/* Checks what was given and completes all of probe that follows from it; reads the file of keys.
 * -EINVAL with the reason; ask_options_done() may follow all the same. */
MUST_CHECK int ask_options_complete(struct ask_options *ask, struct err *err);
void ask_options_done(struct ask_options *ask);

/* -EINVAL with the reason when there is no such kind. */
MUST_CHECK int ask_kind_check(const char *kind, struct err *err);

/* The one sentence for those who may not send ICMP, with every way out; returns -EPERM. */
int ask_denied(struct err *err, const char *host);
