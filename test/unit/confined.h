/* SPDX-License-Identifier: MIT */
/* confined -- tries something in a child, which gives up first what cannot be got back. */
#pragma once

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

enum { CONFINED_CRASHED = 1000, CONFINED_FAILED = 200, CONFINED_MISSING = 201 };

/* What attempt() returns in a child after confine(context), as errno: 0 when it went well. */
static inline int confined_attempt(int (*confine)(const void *context), const void *context,
                                   int (*attempt)(const void *context))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int result = confine(context);

		if (result == -ENOSYS || result == -EOPNOTSUPP)
			_exit(CONFINED_MISSING);
		if (result < 0)
			_exit(CONFINED_FAILED);
		errno = 0;
		_exit(attempt(context) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CONFINED_MISSING)
		skip(); /* this kernel lacks it */
	return WIFEXITED(status) ? WEXITSTATUS(status) : CONFINED_CRASHED;
}
