/* SPDX-License-Identifier: MIT */
/* listeners -- where a worker's newcomers come in.
 *
 * At the descriptor limit accept() fails even when nobody waits, and whoever waits cannot be told
 * to go.  So one descriptor is kept in reserve: given up for a moment, it lets newcomers in to be
 * closed at once, until none is left.  Then nobody listens for a while, instead of spinning.
 */
#pragma once

#include "service/streams.h"

struct listener {
	struct watch watch;
	size_t service;
	struct listener *next;
	bool ready;
};

struct listeners {
	struct loop *loop;
	struct streams *streams;
	struct listener *first;
	int reserve;           /* the descriptor kept for bad times; -1 = given up */
	struct mono resumes;   /* when listening goes on; MONO_NEVER = it goes on now */
	struct counter pauses; /* for want of descriptors */
};

MUST_CHECK int listeners_init(struct listeners *listeners, struct loop *loop,
                              struct streams *streams);
void listeners_done(struct listeners *listeners);

/* Takes fd, which listens, for the service of that number; its watch is of that kind. */
MUST_CHECK int listeners_add(struct listeners *listeners, int fd, size_t service, int kind);

/* The listener of this watch has newcomers. */
void listeners_mark(struct watch *watch);

/* Takes in some newcomers of each that was marked. */
void listeners_accept(struct listeners *listeners);

/* Listens again when the time has come. */
void listeners_resume(struct listeners *listeners);

/* Takes in all who wait already, then closes: closing alone would reset them. */
void listeners_close(struct listeners *listeners);
