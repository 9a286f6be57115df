/* SPDX-License-Identifier: MIT */
#include "service/backlog.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	GRAIN = 64,          /* half a request should not cost a page */
	SHRINK_ABOVE = 4096, /* less is not worth a call */
};

void backlog_done(struct backlog *backlog)
{
	free(backlog->data);
	*backlog = (struct backlog){ 0 };
}

/* Moves what waits to the front of a block of that room. */
static int resize(struct backlog *backlog, size_t room)
{
	if (backlog->begin > 0)
		memmove(backlog->data, backlog_bytes(backlog), backlog->length);
	backlog->begin = 0;
	if (room == backlog->room)
		return 0;
	uint8_t *data = realloc(backlog->data, room);

	if (!data)
		return -ENOMEM;
	backlog->data = data;
	backlog->room = (uint32_t)room;
	return 0;
}

/* Half as much again, so that many small additions copy little, rounded to the grain. */
static size_t room_for(const struct backlog *backlog, size_t needed)
{
	size_t room = backlog->room;

	if (needed <= room)
		return room;
	room += room / 2;
	room = (room > needed ? room : needed) + GRAIN - 1;
	return size_min(room - room % GRAIN, BACKLOG_MAX);
}

int backlog_add(struct backlog *backlog, const void *data, size_t length)
{
	size_t needed = backlog->length + length;

	if (length == 0)
		return 0;
	if (needed > BACKLOG_MAX)
		return -ENOBUFS;
	if (backlog->begin + needed > backlog->room) {
		int result = resize(backlog, room_for(backlog, needed));

		if (result < 0)
			return result;
	}
	memcpy(backlog->data + backlog->begin + backlog->length, data, length);
	backlog->length = (uint32_t)needed;
	return 0;
}

void backlog_drop(struct backlog *backlog, size_t length)
{
	assert(length <= backlog->length);
	backlog->begin += (uint32_t)length;
	backlog->length -= (uint32_t)length;
	if (backlog->length == 0)
		backlog_done(backlog);
	else if (backlog->room > SHRINK_ABOVE && backlog->length < backlog->room / 4)
		(void)resize(backlog,
		             backlog->room / 2); /* it may stay large where memory is short */
}
