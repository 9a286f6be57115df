/* SPDX-License-Identifier: MIT */
/* log -- an event as one line: logfmt for people and their tools, JSON for tools alone.
 *
 *   t=2026-11-28T15:09:26.123456Z level=warning msg="connections turned away" service=pong count=3
 *   {"t":1795878566123456789,"level":"warning","msg":"connections turned away","service":"pong","count":3}
 *
 * A line is never longer than LOG_LINE_MAX, so that a pipe takes it whole, and always whole itself:
 * long texts are cut and fields that find no room are left out.  Texts may come from strangers:
 * control and bidirectional characters and bytes that are not UTF-8 become \xNN before they are
 * escaped, in the same way for both forms.
 */
#pragma once

#include "base/base.h"

enum { LOG_LINE_MAX = 2048, LOG_TEXT_MAX = 256 };

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

struct log_field {
	const char *key; /* lower case, words joined by "_" */
	const char *text;
	int64_t number; /* where there is no text */
};

struct log_event {
	enum log_level level;
	const char *message;
	const struct log_field *fields; /* ended by one without a key; NULL = none */
};

struct log_line {
	char text[LOG_LINE_MAX + 1]; /* ends in a newline */
};

/* unix_ns: when it happened, in nanoseconds since 1970. */
struct log_line log_as_text(const struct log_event *event, int64_t unix_ns);
struct log_line log_as_json(const struct log_event *event, int64_t unix_ns);
