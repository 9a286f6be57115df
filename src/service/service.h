/* SPDX-License-Identifier: MIT */
/* service -- one way of answering, seen from a worker of the server.
 *
 * A service owns no socket and reads no clock.  A datagram service turns a question into its answer,
 * in place: the worker fills in where it came from and when, calls answer(), then seal() at the last
 * moment before the answer leaves, then sent() with what became of it.  Of a service that seals each
 * answer leaves by itself: nothing else is answered between these three.  A stream service is handed
 * chunks or whole lines and speaks by conversation_say().  Each worker has a state of its own; the
 * flow hash keeps one peer on one worker.
 */
#pragma once

#include "base/err.h"
#include "net/datagram.h"
#include "service/counters.h"

struct conversation; /* service/conversation.h: one connection as its service sees it */
struct desk;         /* service/desk.h: where questions for the relay are left */
struct stamp_setup;  /* service/stamp.h */

enum verdict {
	SERVICE_DONE,    /* understood; ready for what follows */
	SERVICE_MORE,    /* not complete yet: call again when there is more */
	SERVICE_CLOSE,   /* say what was said, then end the connection */
	SERVICE_PENDING, /* the answer will come later: read nothing more until its last line */
};

/* What a service may need to know when it opens, one per worker. */
struct service_setup {
	struct desk *desk; /* NULL: this server relays nothing */
	const struct stamp_setup *stamp;
	struct service_counters *counters;
};

struct service_ops {
	const char *name; /* the kind, as typed by a person */
	const char *help; /* one line for --help and the manual */
	uint16_t port;    /* where it listens unless told otherwise */
	int type;         /* SOCK_DGRAM or SOCK_STREAM */
	size_t state_size;
	bool ttl_decays; /* datagrams: an answer has one hop less to live than its question */
	uint8_t ttl;     /* the same: of an answer, where it does not decay; 0 = the system's */
	bool remembers;  /* the same: who comes by a socket must always come to one worker */
	bool details;    /* the same: told with TTL, TOS and the instant of arrival */

	/* Optional: prepares the zeroed state; negative errno with the reason. */
	int (*open)(void *state, const struct service_setup *setup, struct err *err);
	void (*close)(void *state);

	/* Datagrams.  Optional: some are going to be answered. */
	void (*turn)(void *state, struct mono now);
	/* Writes the answer over the question, or says why silence is right. */
	enum drop (*answer)(void *state, struct datagram *datagram);
	/* Optional: writes into the answer the instant at which it leaves.  False: it must not. */
	bool (*seal)(void *state, struct datagram *datagram, struct wall now);
	size_t unsealed; /* octets an answer begins with that sealing leaves as they are; less than all */
	/* Optional: the answer left, or did not: datagram->result. */
	void (*sent)(void *state, const struct datagram *datagram);
	/* Where answers have tickets: that one really left then. */
	void (*left)(void *state, uint64_t ticket, struct wall when);

	/* Streams: one of the two.  chunk: bytes as they come.  line: without its LF; cut at the
	 * longest allowed when overlong. */
	enum verdict (*chunk)(void *state, struct conversation *conversation,
	                      const uint8_t *data, size_t length);
	enum verdict (*line)(void *state, struct conversation *conversation, const char *line,
	                     size_t length, bool overlong);
	/* Optional: the peer went while an answer was PENDING. */
	void (*cancelled)(void *state, struct conversation *conversation);
};
