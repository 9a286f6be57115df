/* SPDX-License-Identifier: MIT */
/* usage -- what a process takes of the machine, as /proc tells: its threads and its children included.
 *
 * Children that have ended and were waited for have their place in what their parent used; those that
 * live are looked for, and theirs.  Who ignores SIGCHLD waits for none, and what its children used is
 * forgotten when they end: only of a parent and children that were the same in two readings is it known
 * what they used between.
 */
#pragma once

#include "base/base.h"

struct usage {
	int64_t cpu;      /* ns, to the tick of /proc: 10 ms as a rule */
	uint64_t rss;     /* bytes; what processes share counts for each */
	size_t processes; /* that were added up */
	bool more;        /* and there were others: these are too many */
	bool forgets;     /* one of them ignores SIGCHLD */
	uint64_t marks;   /* alike in two readings: they were the same processes */
};

enum { USAGE_PROCESSES_MOST = 2048 };

/* -ESRCH when there is no such process; or what reading says. */
MUST_CHECK int usage_read(int pid, struct usage *out);

/* ns of processor time between two readings of a process; -1 where that is not known, as children may
 * have ended that nobody waited for. */
int64_t usage_spent(const struct usage *before, const struct usage *after);

/* ns that the calling thread was ready and did not run; -1 where that is not known. */
int64_t usage_waited(void);

/* The fields of a line of /proc/PID/stat; ticks and pages as they stand there.  -EBADMSG. */
struct usage_line {
	int64_t ticks; /* its own, and of children that were waited for */
	int64_t pages;
	bool forgets; /* SIGCHLD is ignored */
};

MUST_CHECK int usage_parse(const char *line, struct usage_line *out);
