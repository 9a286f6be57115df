/* SPDX-License-Identifier: MIT */
/* ping_options -- what the command line of `sounder ping` asks for, checked and complete. */
#pragma once

#include "base/option.h"
#include "net/endpoint.h"
#include "probe/probe.h"

struct ping_options {
	/* As given; -1 or NULL where not. */
	int64_t count, interval, timeout, deadline, size, ttl, tos, port, source_port;
	const char *dscp, *device, *pmtu, *kind, *host;
	bool v4, v6, numeric, quiet, epoch, outstanding, verbose, version, help;

	/* What follows from it. */
	int family; /* AF_UNSPEC, AF_INET, AF_INET6 */
	struct probe_options probe;
};

/* One who is to be asked. */
struct ping_target {
	const struct probe_ops *ops;
	struct endpoint endpoint; /* complete: kind, host and, where it has one, port */
	struct endpoint_text name;
};

const struct option_table *ping_option_table(void);

/* Reads the command line; returns how many words of argv name targets.  -EINVAL with the reason. */
MUST_CHECK int ping_options_read(struct ping_options *options, int argc, char **argv,
                                 struct err *err);

/* Completes one target from its word (NULL: from --kind, --host and --port alone). */
MUST_CHECK int ping_target_read(const struct ping_options *options, const char *word,
                                struct ping_target *out, struct err *err);
