/* SPDX-License-Identifier: MIT */
/* ping_target -- those who are to be asked, thousands of them if need be: what is kept of each is
 * sixteen bytes and its words. */
#pragma once

#include "app/ask_options.h"
#include "net/endpoint.h"

enum { PING_TARGETS_MAX = 1 << 20 };

struct ping_target {
	const struct probe_ops *ops;
	const char *name;             /* "tcp://[::1]:443": as a person should see it */
	const char *label;            /* NULL = none was given */
	uint16_t port;                /* 0 = its kind has none */
	uint8_t host_at, host_length; /* within the name */
};

struct ping_target_kept;

struct ping_targets {
	struct ping_target_kept *items;
	size_t count, room;
	char *words; /* names and labels, each with its NUL */
	size_t words_length, words_room;
};

/* Completes one target from its word (NULL: from --kind, --host and --port alone) and adds it;
 * label may be NULL.  -EINVAL with the reason. */
MUST_CHECK int ping_targets_add(struct ping_targets *targets, const struct ask_options *options,
                                const char *word, const char *label, struct err *err);

/* All are there: an option that none of them heeds is a mistake.  -EINVAL with the reason. */
MUST_CHECK int ping_targets_check(const struct ping_targets *targets,
                                  const struct ask_options *options, struct err *err);

void ping_targets_done(struct ping_targets *targets);

/* What it points to stays until the next one is added. */
struct ping_target ping_targets_at(const struct ping_targets *targets, size_t index);

struct host_text {
	char text[HOST_MAX + 1];
};

/* The host alone, without brackets. */
struct host_text ping_target_host(const struct ping_target *target);
