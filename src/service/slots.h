/* SPDX-License-Identifier: MIT */
/* slots -- the connections of one worker, in one table.
 *
 *   table   [ 0 | 1 | 2 | 3 | 4 | - | - | - ]     "-": never used, so no memory stands behind it
 *   idle      3 <-> 0 <-> 4                       oldest activity first
 *   free      2 --> 1
 *
 * A connection that says nothing costs its slot and no other user memory.  Everything that only a
 * busy one needs hangs on one pointer.  Slots never move, so the loop may point at them; links are
 * indices, half as long as pointers.  A ticket names a connection for as long as it lasts.
 */
#pragma once

#include "net/loop.h"
#include "service/backlog.h"

#define SLOT_NONE UINT32_MAX

enum connection_state {
	CONNECTION_ENDED = 1,     /* its peer sends no more: FIN */
	CONNECTION_CLOSING = 2,   /* ours: ends once everything owed is sent */
	CONNECTION_LINGERING = 4, /* we have sent our FIN and wait for its peer's */
	CONNECTION_PENDING = 8,   /* waits for an answer that comes later */
	CONNECTION_STOPPED = 16,  /* whole requests are kept until some answers are taken */
	CONNECTION_SKIPPING = 32, /* within a line that is too long */
	CONNECTION_BROKEN = 64,   /* cannot go on */
};

/* What only a busy connection has. */
struct busy {
	struct backlog out;  /* answers its peer does not take yet */
	struct backlog kept; /* requests that are not complete, or whose time has not come */
};

struct connection {
	struct watch watch; /* fd -1: a free slot */
	uint32_t next, prev;
	uint32_t generation;
	uint32_t active; /* when something last moved, in ticks */
	struct busy *busy;
	uint8_t service;   /* which of the worker's services */
	uint8_t state;     /* CONNECTION_... */
	uint8_t interest;  /* LOOP_..., as the loop was told */
	uint8_t drained;   /* reads of what nobody needs any more */
	uint8_t shortages; /* calls in a row that failed for want of memory */
};

_Static_assert(sizeof(struct connection) < 64, "an idle connection costs less than 64 bytes");

struct slot_list {
	uint32_t first, last;
};

struct slots {
	struct connection *table;
	uint32_t room;
	uint32_t touched; /* slots from here on were never used */
	uint32_t free;    /* a chain of those that were */
	uint32_t count;   /* connections there are */
};

/* -ENOMEM when there is not even the address space. */
MUST_CHECK int slots_init(struct slots *slots, uint32_t room);
void slots_done(struct slots *slots);

/* A free slot, zeroed but for its generation, in no list; NULL when there is none. */
struct connection *slots_take(struct slots *slots);

/* Gives it back; it is in no list. */
void slots_give(struct slots *slots, struct connection *connection);

uint64_t slots_ticket(const struct slots *slots, const struct connection *connection);

/* The connection of that ticket; NULL when it is gone. */
struct connection *slots_find(struct slots *slots, uint64_t ticket);

/* --- lists --- */

static inline struct slot_list slot_list_empty(void)
{
	return (struct slot_list){ SLOT_NONE, SLOT_NONE };
}

void slots_append(struct slots *slots, struct slot_list *list, struct connection *connection);
void slots_remove(struct slots *slots, struct slot_list *list, struct connection *connection);

/* The first of a list, and the one after another; NULL when there is none. */
static inline struct connection *slots_at(const struct slots *slots, uint32_t index)
{
	return index == SLOT_NONE ? NULL : &slots->table[index];
}
