/* SPDX-License-Identifier: MIT */
/* local -- Unix sockets: words to whoever started us, descriptors to whoever comes after.
 *
 * A path that begins with '@' is a name in the abstract space of the network namespace.  All
 * functions return a negative errno on failure; every descriptor made here is close-on-exec.
 */
#pragma once

#include <sys/types.h>

#include "core/clock.h"

enum { LOCAL_DESCRIPTORS_MAX = 64 }; /* with one message */

/* Connects to path.  patience > 0: its calls wait that long at most, then -EAGAIN; 0: not at all.
 * -ECONNREFUSED, -ENOENT: nobody is there. */
MUST_CHECK int local_connect(const char *path, int type, int64_t patience);

/* Listens at path for messages (SOCK_SEQPACKET) of the same user; a socket that nobody listens at any
 * more gives way.  -EADDRINUSE when there is something else. */
MUST_CHECK int local_listen(const char *path);

/* The next who connected to such a socket. */
MUST_CHECK int local_accept(int fd);

/* The process at the other end: at connect(), or at listen() when it is the one that listens. */
struct local_peer {
	uid_t uid;
	pid_t pid;
};

MUST_CHECK int local_peer(int fd, struct local_peer *out);

/* One message, whole or not at all. */
struct local_message {
	void *data;
	size_t length;
	int descriptors[LOCAL_DESCRIPTORS_MAX];
	size_t descriptor_count;
};

MUST_CHECK int local_send(int fd, const struct local_message *message);

/* Fills message, whose length says how much room data has.  The descriptors are the caller's then.
 * -ENOTCONN at the end of the stream, -EBADMSG for a message that was cut. */
MUST_CHECK int local_receive(int fd, struct local_message *message);
