/* SPDX-License-Identifier: MIT */
/* handover -- from one server to the next, descriptors and all, at a Unix socket.
 *
 *   successor                              predecessor
 *       connect ------------------------------->  handover_offer()
 *       <--- SOCKETS, SOCKETS ... --------------  what it serves, each with its kind
 *       <--- DOOR ------------------------------  the very Unix socket, too
 *       opens, starts its workers                 serves on, as if nothing had happened
 *       SERVING ------------------------------->  handover_is_done(): drains, and ends
 *
 * The sockets are the same before and after, queues and all, so nobody who connects is refused or reset and no
 * datagram is lost.  Between DOOR and SERVING both serve.  A successor that
 * fails before it says SERVING leaves nothing behind.
 */
#pragma once

#include "net/inherited.h"
#include "net/loop.h"

struct handover {
	struct watch door; /* where a successor comes in; -1 = nowhere */
	struct watch heir; /* the one who came; -1 = none */
	struct mono patience;
	int predecessor; /* who waits to hear that we serve; -1 = none */
};

/* Something that is handed over. */
struct handed {
	const char *kind;
	int fd; /* borrowed */
};

void handover_init(struct handover *handover, int door_kind, int heir_kind);
void handover_done(struct handover *handover);

/* Takes over, into inherited, from the server that answers at path; where none does, stands there
 * itself.  Negative with the reason. */
MUST_CHECK int handover_open(struct handover *handover, const char *path,
                             struct inherited *inherited, struct err *err);

/* Waits for a successor from now on. */
MUST_CHECK int handover_watch(struct handover *handover, struct loop *loop);

/* We serve: tells the predecessor, where there is one. */
void handover_confirm(struct handover *handover);

/* The end: whoever comes from now on finds nobody. */
void handover_leave(struct handover *handover, struct loop *loop);

/* Somebody is at the door: gives all to a process of the same user.  -EPERM for one of another,
 * or what sending says. */
MUST_CHECK int handover_offer(struct handover *handover, struct loop *loop,
                              const struct handed *sockets, size_t count);

/* The heir said something, or has gone: true when it serves.  Then the door is the heir's. */
bool handover_is_done(struct handover *handover, struct loop *loop, int *heir);

/* Gives up an heir that has taken too long. */
void handover_expire(struct handover *handover, struct loop *loop, struct mono now);
