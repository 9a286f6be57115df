/* SPDX-License-Identifier: MIT */
#include "net/confine.h"

#include "net/fence.h"
#include "net/privileges.h"
#include "net/syscalls.h"

int confine_resolver(void)
{
	/* Directories, not the files in them: a file that is replaced by another is another. */
	static const char *const readable[] = {
		"/etc",
		"/lib",
		"/lib64",
		"/usr/lib",
		"/usr/lib64",
		"/usr/local/lib",
		"/run/systemd/resolve",
		"/run/resolvconf",
		"/run/NetworkManager",
		"/run/connman",
		"/var/lib/sss",
		NULL,
	};
	const struct fence fence = { .readable = readable, .may_connect = true };

	int result = privileges_drop(false);

	if (result < 0)
		return result;
	(void)!fence_put_up(&fence);
	(void)!syscalls_restrict(SYSCALLS_CHILDREN | SYSCALLS_MODULES);
	return 0;
}
