/* SPDX-License-Identifier: MIT */
#include "relay/lookups.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "net/confine.h"
#include "net/socket.h"

#define PATIENCE (2 * NS_PER_SEC)

int lookups_init(struct lookups *lookups, bool confined)
{
	*lookups = (struct lookups){ .resolver.watch.fd = -1, .resolver.far = -1 };
	return resolver_init_helper(&lookups->resolver, confined ? confine_resolver : NULL);
}

void lookups_done(struct lookups *lookups)
{
	resolver_done(&lookups->resolver);
}

static struct lookup *find_id(struct lookups *lookups, uint32_t id)
{
	for (size_t i = 0; i < LOOKUPS_MAX; i++)
		if (lookups->places[i].id == id)
			return &lookups->places[i];
	return NULL;
}

static size_t count_of_client(const struct lookups *lookups, const struct address *client)
{
	size_t count = 0;

	for (size_t i = 0; i < LOOKUPS_MAX; i++)
		count += lookups->places[i].id &&
		         tickets_same_client(&lookups->places[i].client, client);
	return count;
}

int lookups_start(struct lookups *lookups, struct ticket *ticket, struct mono now)
{
	struct lookup *place = find_id(lookups, 0);

	if (lookups->resolver.watch.fd < 0)
		return -EPIPE;
	if (!place || count_of_client(lookups, &ticket->client) >= LOOKUPS_OF_CLIENT)
		return -EBUSY;
	if (++lookups->last_id == 0)
		lookups->last_id = 1;
	int result = resolver_ask(&lookups->resolver, lookups->last_id, ticket->question.host,
	                          AF_UNSPEC);

	if (result < 0)
		return result == -EAGAIN ? -EBUSY : result;
	*place = (struct lookup){
		.id = lookups->last_id,
		.deadline = mono_add(now, PATIENCE),
		.client = ticket->client,
		.ticket = ticket,
	};
	return 0;
}

void lookups_forget(struct lookups *lookups, const struct ticket *ticket)
{
	for (size_t i = 0; i < LOOKUPS_MAX; i++)
		if (lookups->places[i].ticket == ticket)
			lookups->places[i].ticket = NULL;
}

/* The place is free again; returns whom it had been for. */
static struct ticket *leave_place(struct lookup *place)
{
	struct ticket *ticket = place->ticket;

	*place = (struct lookup){ 0 };
	return ticket;
}

/* The helper may have met a hostile name server: what it says is not believed blindly. */
static void tidy(struct resolver_answer *answer)
{
	struct quoted reason = quote(answer->reason);

	(void)snprintf(answer->reason, sizeof(answer->reason), "%.*s",
	               (int)sizeof(answer->reason) - 1, reason.text);
}

static struct ticket *next_answered(struct lookups *lookups, struct resolver_answer *answer)
{
	struct ticket *ticket = NULL;
	int result = -EAGAIN;

	while (!ticket && lookups->resolver.watch.fd >= 0) {
		result = resolver_take(&lookups->resolver, answer);
		if (result < 0)
			break;
		/* Answers that come after their deadline have no place any more. */
		struct lookup *place = answer->id ? find_id(lookups, answer->id) : NULL;

		if (place)
			ticket = leave_place(place);
	}
	/* The helper has gone; left open, its end would be told for ever. */
	if (result == -EPIPE)
		resolver_done(&lookups->resolver);
	if (ticket)
		tidy(answer);
	return ticket;
}

static struct ticket *next_overdue(struct lookups *lookups, struct mono now,
                                   struct resolver_answer *answer)
{
	struct ticket *ticket = NULL;

	for (size_t i = 0; i < LOOKUPS_MAX && !ticket; i++)
		if (lookups->places[i].id && !mono_before(now, lookups->places[i].deadline))
			ticket = leave_place(&lookups->places[i]);
	*answer = (struct resolver_answer){ .error = -ETIMEDOUT, .reason = "timed out" };
	return ticket;
}

struct ticket *lookups_next(struct lookups *lookups, struct mono now,
                            struct resolver_answer *answer)
{
	struct ticket *ticket = next_answered(lookups, answer);

	return ticket ? ticket : next_overdue(lookups, now, answer);
}

struct mono lookups_deadline(const struct lookups *lookups)
{
	struct mono first = MONO_NEVER;

	for (size_t i = 0; i < LOOKUPS_MAX; i++)
		if (lookups->places[i].id)
			first = mono_earlier(first, lookups->places[i].deadline);
	return first;
}
