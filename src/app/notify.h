/* SPDX-License-Identifier: MIT */
/* notify -- words to the service manager, by the protocol of sd_notify(3).
 *
 * Where no manager asks for them nothing is said.  The socket is connected once, at the start, so
 * that neither its path nor the environment is needed later.
 */
#pragma once

#include "base/base.h"

struct notify {
	int fd;           /* -1: nobody wants to know */
	int64_t watchdog; /* the manager ends us when it hears nothing for so long; 0 = never */
};

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. */
void notify_init(struct notify *notify);
void notify_done(struct notify *notify);

/* Lines of NAME=VALUE, such as "READY=1\nSTATUS=serving". */
void notify_tell(const struct notify *notify, const char *format, ...) PRINTF_LIKE(2, 3);
