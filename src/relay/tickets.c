/* SPDX-License-Identifier: MIT */
#include "relay/tickets.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int tickets_init(struct tickets *tickets, size_t desks)
{
	list_init(&tickets->free);
	tickets->all = calloc(desks * DESK_TICKETS, sizeof(*tickets->all));
	if (!tickets->all)
		return -ENOMEM;
	tickets->count = desks * DESK_TICKETS;
	for (size_t i = 0; i < tickets->count; i++)
		list_append(&tickets->free, &tickets->all[i].link);
	return 0;
}

void tickets_done(struct tickets *tickets)
{
	free(tickets->all);
	tickets->all = NULL;
}

struct ticket *ticket_take(struct tickets *tickets, struct desk *desk,
                           const struct desk_request *request)
{
	assert(!list_empty(&tickets->free));
	struct ticket *ticket = CONTAINER_OF(tickets->free.next, struct ticket, link);

	list_remove(&ticket->link);
	ticket->desk = desk;
	ticket->id = request->ticket;
	ticket->client = request->client;
	ticket->run = NULL;
	memcpy(ticket->text, request->target, sizeof(ticket->text));
	return ticket;
}

struct ticket *ticket_find(struct tickets *tickets, const struct desk *desk, uint64_t id)
{
	for (size_t i = 0; i < tickets->count; i++)
		if (tickets->all[i].desk == desk && tickets->all[i].id == id)
			return &tickets->all[i];
	return NULL;
}

bool tickets_same_client(const struct address *a, const struct address *b)
{
	if (address_family(a) == AF_INET6 && address_family(b) == AF_INET6)
		return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, 8) == 0;
	return address_same_host(a, b);
}

size_t tickets_of_client(const struct tickets *tickets, const struct address *client)
{
	size_t count = 0;

	for (size_t i = 0; i < tickets->count; i++)
		count += tickets->all[i].desk &&
		         tickets_same_client(&tickets->all[i].client, client);
	return count;
}

void ticket_say(const struct ticket *ticket, const char *format, ...)
{
	char line[PONG_ANSWER_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	desk_answer(ticket->desk, ticket->id, false, line);
}

void ticket_end(struct tickets *tickets, struct ticket *ticket, const char *format, ...)
{
	char line[PONG_ANSWER_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	desk_answer(ticket->desk, ticket->id, true, line);
	ticket->desk = NULL;
	list_remove(&ticket->link);
	list_append(&tickets->free, &ticket->link);
}
