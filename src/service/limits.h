/* SPDX-License-Identifier: MIT */
/* limits -- what all workers of a server keep to together. */
#pragma once

#include <stdatomic.h>

#include "base/base.h"

enum {
	OWED_MAX = 64 << 20,        /* bytes kept for peers that do not read, all in all, */
	OWED_BY_ONE = 256 << 10,    /* and for one of them, unless told otherwise: see below */
	OWED_WHEN_SHORT = 16 << 10, /* the same for one, once all is owed that may be */
	EVICTABLE_SECONDS = 30,     /* idle for longer may go when a newcomer finds no place */
};

struct limits {
	_Atomic uint32_t max_connections; /* may change while it runs, */
	_Atomic int64_t idle_timeout;     /* and so may this */
	int64_t datagram_rate; /* at start; per second, source prefix and worker; 0 = any */
	bool loop_guards;      /* (b) and (c) of service/judge */
	uint32_t room;         /* connections that the tables of the workers have room for */
	size_t owed_by_one;    /* high-water mark: who is owed so much is not read from */
	size_t state_bytes;    /* what the states of one worker's services take at most */
	size_t owed_max;       /* of one worker: then that mark is OWED_WHEN_SHORT */
	_Atomic uint32_t connections; /* there are now; touched when one comes or goes */
};
