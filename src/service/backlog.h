/* SPDX-License-Identifier: MIT */
/* backlog -- bytes that wait, first in first out, in memory that exists only while they do.
 *
 *   data [ gone already | waiting .......... | room ]
 *         0           begin       begin + length
 *
 * What a peer does not take yet, and what it sent before its time.  Grows to BACKLOG_MAX and not
 * beyond, shrinks as it drains, and owns nothing when it is empty: an idle connection is free.
 */
#pragma once

#include "base/base.h"

enum {
	BACKLOG_MAX = 512 * 1024,
	BACKLOG_MARK_MAX =
		BACKLOG_MAX - 64 * 1024, /* what comes in a last turn has room above it */
};

struct backlog {
	uint8_t *data;
	uint32_t begin, length, room;
};

void backlog_done(struct backlog *backlog);

/* Adds a copy of the bytes at the end.  -ENOBUFS above BACKLOG_MAX, -ENOMEM; it is then as it was. */
MUST_CHECK int backlog_add(struct backlog *backlog, const void *data, size_t length);

/* The bytes that wait, in one piece; only while there are some. */
static inline const uint8_t *backlog_bytes(const struct backlog *backlog)
{
	return backlog->data + backlog->begin;
}

/* Forgets the first bytes; there are at least so many. */
void backlog_drop(struct backlog *backlog, size_t length);
