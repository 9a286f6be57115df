/* SPDX-License-Identifier: MIT */
/* conversation -- one connection as its service sees it, and its turn when something happened.
 *
 *   turn:  pay what is owed  -->  hear  -->  service: chunk() or line()  -->  say  -->  settle
 *          [backlog out]          one read                                    one send
 *
 * A turn reads once into the worker's buffer, and all that the service says meanwhile leaves with
 * one send.  Only what the peer does not take is kept; when that is too much, nothing more is read
 * from it, nor answered, until it drains.  An unfinished request is kept too, and put before the
 * next read, so that services see whole lines in one piece; so are whole ones when there are more
 * than one turn should answer.
 */
#pragma once

#include "core/clock.h"
#include "net/address.h"
#include "service/service.h"
#include "service/streams.h"

struct conversation {
	struct streams *streams;
	struct connection *connection;
};

/* --- for services --- */

/* Says it, after everything said before. */
void conversation_say(struct conversation *conversation, const void *data, size_t length);

/* The wall clock, read at most once in a turn. */
struct wall conversation_now(struct conversation *conversation);

/* Who is there. */
MUST_CHECK int conversation_peer(const struct conversation *conversation, struct address *out);

/* The name under which a PENDING answer finds its way back. */
uint64_t conversation_ticket(const struct conversation *conversation);

/* --- for the worker --- */

/* Something happened at the connection: LOOP_READ | LOOP_WRITE | LOOP_ERROR. */
void conversation_turn(struct streams *streams, struct connection *connection, unsigned ready);

/* A line of the answer that the connection of this ticket waits for; last: the conversation then
 * resumes.  Nothing happens when that connection is gone. */
void conversation_answer(struct streams *streams, uint64_t ticket, const char *line, bool last);

/* Nothing is owed to the peer and nothing is pending. */
bool conversation_is_over(const struct connection *connection);
