/* SPDX-License-Identifier: MIT */
/* activation -- the sockets that a service manager has opened for us (sd_listen_fds(3)). */
#pragma once

#include "net/inherited.h"

/* Takes LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out of the environment and adds the sockets that are
 * meant for this process; a name that is a kind says what to serve there.  Negative with the reason. */
MUST_CHECK int activation_take(struct inherited *inherited, struct err *err);
