/* SPDX-License-Identifier: MIT */
/* journal -- what the server tells of itself on stderr, one event a line (base/log).
 *
 * Of each kind of event, which is its message, at most JOURNAL_BURST are told in JOURNAL_WINDOW; how
 * many were not is told with the next one, or when the window is over.  A reader that is slow or
 * gone loses lines but never holds up the server.  For the main thread alone.
 */
#pragma once

#include "base/log.h"
#include "core/clock.h"

#define JOURNAL_WINDOW (10 * NS_PER_SEC)

enum { JOURNAL_BURST = 5, JOURNAL_KINDS = 32, JOURNAL_FIELDS_MAX = 8 };

struct journal_kind {
	enum log_level level;
	const char *message;
	struct mono since; /* the window began; 0 = there is none */
	unsigned told;     /* in the window */
	int64_t suppressed;
};

struct journal {
	bool json;
	int fd;
	struct journal_kind kinds[JOURNAL_KINDS];
	size_t kind_count;
};

/* Fields for journal_tell(): JOURNAL_FIELDS({ "count", NULL, 3 }, { "service", "pong", 0 }). */
#define JOURNAL_FIELDS(...) ((const struct log_field[]){ __VA_ARGS__, { 0 } })

/* message: a constant, the same for all events of its kind.  fields: at most JOURNAL_FIELDS_MAX, or
 * NULL.  now: the monotonic clock's. */
void journal_tell(struct journal *journal, struct mono now, enum log_level level,
                  const char *message, const struct log_field *fields);

/* Tells what was suppressed in windows that are over. */
void journal_catch_up(struct journal *journal, struct mono now);
