/* SPDX-License-Identifier: MIT */
/* service -- one way of answering, seen from a worker of the server.
 *
 * A service owns no socket and reads no clock.  A datagram service turns a question into its answer,
 * in place: the worker fills in where it came from and when, calls answer(), then seal() at the last
 * moment before the answer leaves, then sent() with what became of it.  A stream service is handed
 * chunks or whole lines and speaks by conversation_say().  Each worker has a state of its own; the
 * flow hash keeps one peer on one worker.
 */
#pragma once

#include "base/err.h"
#include "net/datagram.h"

struct conversation; /* service/conversation.h: one connection as its service sees it */
struct desk;         /* service/desk.h: where questions for the relay are left */

enum verdict {
	SERVICE_DONE,    /* understood; ready for what follows */
	SERVICE_MORE,    /* not complete yet: call again when there is more */
	SERVICE_CLOSE,   /* say what was said, then end the connection */
	SERVICE_PENDING, /* the answer will come later: read nothing more until its last line */
};

/* What a service may need to know when it opens, one per worker. */
struct service_setup {
	struct desk *desk; /* NULL: this server relays nothing */
};

struct service_ops {
	const char *name; /* the kind, as typed by a person */
	const char *help; /* one line for --help and the manual */
	uint16_t port;    /* where it listens unless told otherwise */
	int type;         /* SOCK_DGRAM or SOCK_STREAM */
	size_t state_size;
	bool ttl_decays; /* datagrams: an answer has one hop less to live than its question */

	/* Optional: prepares the zeroed state; negative errno with the reason. */
	int (*open)(void *state, const struct service_setup *setup, struct err *err);
	void (*close)(void *state);

	/* Datagrams.  answer: writes the answer over the question; false: silence is right. */
	bool (*answer)(void *state, struct datagram *datagram);
	/* Optional: writes into the answer the instant at which it leaves. */
	void (*seal)(void *state, struct datagram *datagram, struct wall now);
	/* Optional: the answer left, or did not: datagram->result. */
	void (*sent)(void *state, const struct datagram *datagram);

	/* Streams: one of the two.  chunk: bytes as they come.  line: without its LF; cut at the
	 * longest allowed when overlong. */
	enum verdict (*chunk)(void *state, struct conversation *conversation,
	                      const uint8_t *data, size_t length);
	enum verdict (*line)(void *state, struct conversation *conversation, const char *line,
	                     size_t length, bool overlong);
	/* Optional: the peer went while an answer was PENDING. */
	void (*cancelled)(void *state, struct conversation *conversation);
};
