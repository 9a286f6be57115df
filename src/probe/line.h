/* SPDX-License-Identifier: MIT */
/* line -- a line asked, a line answered, in order, on one kept connection.
 *
 *   PING\r\n  -->
 *             <--  +PONG\r\n
 *
 * The kind of that name asks any server that talks so whatever a person says it shall be asked, and
 * knows an answer by how it begins.  A kind that has a line protocol of its own (probe/pong) says what is
 * asked and what is an answer, and has the rest from here.
 */
#pragma once

#include "probe/probe.h"
#include "probe/stream.h"

enum {
	LINE_MOST = 65536, /* bytes of a line with its end, asked or answered */
	LINE_HEAD = 1024,  /* bytes of an answer that can be held against anything */
};

/* Whether this is an answer: a whole line without its LF, or the first LINE_HEAD bytes of it. */
typedef bool line_judge(const struct channel *channel, const char *line, size_t length);

/* How a kind talks. */
struct line_terms {
	const uint8_t *request; /* with its end; borrowed until the channel is closed */
	size_t request_bytes;
	size_t least; /* bytes of the shortest answer, with its LF; >= 1 */
	size_t most;  /* bytes of the longest one, without */
	line_judge *judge;
};

/* The kind's state begins with it. */
struct line {
	struct stream stream;
	struct line_terms terms;
	size_t length;        /* of the line under way: what has come of it, */
	char head[LINE_HEAD]; /* and how that begins */
};

MUST_CHECK int line_open(struct channel *channel, struct line *line, const struct address *to,
                         struct mono *called, const struct line_terms *terms);

/* A kind's send(), heard(), close(). */
int line_send(struct channel *channel, const struct address *to, uint64_t key,
              struct mono *called);
int line_heard(struct channel *channel, struct event *events, int room);
void line_close(struct channel *channel);

extern const struct probe_ops probe_line;
