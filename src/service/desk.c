/* SPDX-License-Identifier: MIT */
#include "service/desk.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What the relay may have left unread: the question and the cancellation of each ticket, and a
 * cancellation of each that had it before, answered meanwhile. */
enum { REQUESTS = 3 * DESK_TICKETS, ANSWERS = DESK_LINES * DESK_TICKETS };

size_t desk_size(void)
{
	return REQUESTS * sizeof(struct desk_request) + ANSWERS * sizeof(struct desk_answer);
}

int desk_init(struct desk *desk)
{
	*desk = (struct desk){ .to_relay.fd = -1, .to_worker.fd = -1 };
	int result = ring_init(&desk->requests, sizeof(struct desk_request), REQUESTS);

	if (result == 0)
		result = ring_init(&desk->answers, sizeof(struct desk_answer), ANSWERS);
	if (result < 0)
		desk_done(desk);
	return result;
}

void desk_done(struct desk *desk)
{
	ring_done(&desk->requests);
	ring_done(&desk->answers);
}

int desk_ask(struct desk *desk, uint64_t ticket, const struct address *client,
             const char *target, size_t length)
{
	if (length > DESK_TARGET_MAX)
		return -E2BIG;
	if (desk->outstanding == DESK_TICKETS)
		return -EBUSY;
	struct desk_request *request = ring_free(&desk->requests);

	if (!request)
		return -EBUSY;
	*request = (struct desk_request){ .ticket = ticket, .client = *client };
	memcpy(request->target, target, length);
	desk->outstanding++;
	ring_push(&desk->requests);
	loop_wake(&desk->to_relay);
	return 0;
}

void desk_cancel(struct desk *desk, uint64_t ticket)
{
	struct desk_request *request = ring_free(&desk->requests);

	assert(request);
	*request = (struct desk_request){ .ticket = ticket, .cancel = true };
	ring_push(&desk->requests);
	loop_wake(&desk->to_relay);
}

bool desk_next_answer(struct desk *desk, struct desk_answer *out)
{
	const struct desk_answer *head = ring_head(&desk->answers);

	if (!head)
		return false;
	*out = *head;
	ring_pop(&desk->answers);
	desk->outstanding -= out->last;
	return true;
}

bool desk_next_request(struct desk *desk, struct desk_request *out)
{
	const struct desk_request *head = ring_head(&desk->requests);

	if (!head)
		return false;
	*out = *head;
	ring_pop(&desk->requests);
	return true;
}

void desk_answer(struct desk *desk, uint64_t ticket, bool last, const char *line)
{
	struct desk_answer *answer = ring_free(&desk->answers);

	assert(answer);
	*answer = (struct desk_answer){ .ticket = ticket, .last = last };
	(void)snprintf(answer->line, sizeof(answer->line), "%s", line);
	ring_push(&desk->answers);
	loop_wake(&desk->to_worker);
}
