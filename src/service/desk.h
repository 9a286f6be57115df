/* SPDX-License-Identifier: MIT */
/* desk -- where a worker leaves questions for the relay and finds its answers.
 *
 *   worker:  desk_ask(ticket, ...) --> [requests] --> desk_next_request()  :relay
 *            desk_next_answer()    <-- [answers]  <-- desk_answer()
 *
 * One desk per worker, two bounded rings without a lock.  A worker leaves at most DESK_TICKETS
 * questions at a time, and each gets at most DESK_LINES lines, so neither ring can ever be full:
 * no answer is dropped and nobody waits.
 */
#pragma once

#include "core/ring.h"
#include "net/address.h"
#include "net/loop.h"
#include "wire/pong.h"

enum {
	DESK_TICKETS = 64,
	DESK_LINES = 8, /* to one question, the last one included */
	DESK_TARGET_MAX = 300,
};

struct desk_request {
	uint64_t ticket;       /* the worker's own name for the connection that asks */
	bool cancel;           /* that connection has gone: say no more */
	struct address client; /* who asks */
	char target[DESK_TARGET_MAX + 1];
};

struct desk_answer {
	uint64_t ticket;
	bool last;                  /* nothing follows for this ticket */
	char line[PONG_ANSWER_MAX]; /* without its LF, ended by NUL */
};

struct desk {
	struct ring requests, answers;
	struct watch to_relay, to_worker; /* made readable when there is something to take */
	unsigned outstanding;             /* tickets; the worker's own count */
};

/* The watches are opened by the loops that wait on them: loop_watch_wakes().  -ENOMEM. */
MUST_CHECK int desk_init(struct desk *desk);
void desk_done(struct desk *desk);

/* Bytes that the rings of one take. */
size_t desk_size(void);

/* Worker: leaves a question.  -EBUSY when it has DESK_TICKETS under way, -E2BIG for a target that
 * is too long. */
MUST_CHECK int desk_ask(struct desk *desk, uint64_t ticket, const struct address *client,
                        const char *target, size_t length);

/* Worker: whoever asked has gone.  Its last answer comes all the same. */
void desk_cancel(struct desk *desk, uint64_t ticket);

/* Worker: the next answer, copied; false when there is none. */
bool desk_next_answer(struct desk *desk, struct desk_answer *out);

/* Relay: the next request, copied; false when there is none. */
bool desk_next_request(struct desk *desk, struct desk_request *out);

/* Relay: one line for a ticket. */
void desk_answer(struct desk *desk, uint64_t ticket, bool last, const char *line);
