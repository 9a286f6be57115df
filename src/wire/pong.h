/* SPDX-License-Identifier: MIT */
/* pong -- the line protocol: "ping" asks, "pong EPOCH" answers (docs/protocol.md).
 *
 * Lines end in LF or CRLF; words are case-insensitive and the blanks around them mean nothing.
 */
#pragma once

#include "base/base.h"

enum {
	PONG_LINE_MAX = 1024, /* bytes of a request, without its end */
	PONG_ANSWER_MAX = 512,
};

enum pong_command {
	PONG_NOTHING, /* an empty or blank line: no answer */
	PONG_PING,
	PONG_PING_TARGET,
	PONG_HELP,
	PONG_QUIT,
	PONG_UNKNOWN,
};

struct pong_request {
	enum pong_command command;
	const char *word; /* the target, or the unknown command; borrowed from the line */
	size_t length;
};

/* Understands one line, without its LF.  Every line has a meaning. */
struct pong_request pong_read_request(const char *line, size_t length);

/* The answer to a ping, without its LF; -EBADMSG when the line is no "pong EPOCH". */
MUST_CHECK int pong_read_answer(const char *line, size_t length, uint64_t *epoch);
