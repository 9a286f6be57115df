/* SPDX-License-Identifier: MIT */
/* fence -- which files, TCP ports and processes are still in reach: Landlock, landlock(7).
 *
 * What the fence does not name is out of reach for the calling thread and all that it starts, whoever
 * its user is.  Descriptors that are open stay open; sockets that are bound stay bound.  Each version
 * of Landlock knows more than the last: files from 1, TCP ports from 4; from 6 also signals
 * to others, and abstract sockets of others but those one is connected to; of UDP it knows nothing. */
#pragma once

#include "base/base.h"

struct fence {
	/* Files, and directories with all below, that may be read; NULL ends the list, and it may be NULL.
	 * What does not exist is passed over. */
	const char *const *readable;
	bool may_connect; /* by TCP; binding to a port ends in any case */
};

/* Puts the fence up, for good; no_new_privs must be set.  Returns the version of Landlock in force;
 * -ENOSYS or -EOPNOTSUPP where the kernel has none; another negative errno when it failed. */
MUST_CHECK int fence_put_up(const struct fence *fence);
