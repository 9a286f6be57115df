/* SPDX-License-Identifier: MIT */
#include "service/slots.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int slots_init(struct slots *slots, uint32_t room)
{
	/* calloc() of so much leaves the pages to the kernel, which gives each when it is touched. */
	struct connection *table = calloc(room, sizeof(*table));

	if (!table)
		return -ENOMEM;
	*slots = (struct slots){ .table = table, .room = room, .free = SLOT_NONE };
	return 0;
}

void slots_done(struct slots *slots)
{
	free(slots->table);
	*slots = (struct slots){ 0 };
}

static uint32_t index_of(const struct slots *slots, const struct connection *connection)
{
	return (uint32_t)(connection - slots->table);
}

struct connection *slots_take(struct slots *slots)
{
	bool fresh = slots->free == SLOT_NONE;

	if (fresh && slots->touched == slots->room)
		return NULL;
	struct connection *connection = &slots->table[fresh ? slots->touched++ : slots->free];

	if (!fresh)
		slots->free = connection->next;
	*connection = (struct connection){
		.watch.fd = -1,
		.next = SLOT_NONE,
		.prev = SLOT_NONE,
		.generation = connection->generation,
	};
	slots->count++;
	return connection;
}

void slots_give(struct slots *slots, struct connection *connection)
{
	assert(!connection->busy);
	connection->watch.fd = -1;
	connection->generation++;
	connection->next = slots->free;
	slots->free = index_of(slots, connection);
	slots->count--;
}

uint64_t slots_ticket(const struct slots *slots, const struct connection *connection)
{
	return (uint64_t)connection->generation << 32 | index_of(slots, connection);
}

struct connection *slots_find(struct slots *slots, uint64_t ticket)
{
	uint32_t index = (uint32_t)ticket;
	struct connection *connection = index < slots->touched ? &slots->table[index] : NULL;

	if (!connection || connection->watch.fd < 0 || connection->generation != ticket >> 32)
		return NULL;
	return connection;
}

void slots_append(struct slots *slots, struct slot_list *list, struct connection *connection)
{
	struct connection *last = slots_at(slots, list->last);
	uint32_t index = index_of(slots, connection);

	connection->prev = list->last;
	connection->next = SLOT_NONE;
	if (last)
		last->next = index;
	else
		list->first = index;
	list->last = index;
}

void slots_remove(struct slots *slots, struct slot_list *list, struct connection *connection)
{
	struct connection *prev = slots_at(slots, connection->prev);
	struct connection *next = slots_at(slots, connection->next);

	if (prev)
		prev->next = connection->next;
	else
		list->first = connection->next;
	if (next)
		next->prev = connection->prev;
	else
		list->last = connection->prev;
}
