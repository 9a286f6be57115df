/* SPDX-License-Identifier: MIT */
/* step_clock -- a wall clock that somebody sets while a program runs, for LD_PRELOAD.
 *
 * STEPS="250:1000000000,500:-1000000000": that many ms after the first look the clock jumps by that
 * many ns.  Only the program is deceived: the kernel stamps its packets by the true clock. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000LL

static long long nanoseconds(clockid_t id)
{
	struct timespec t;

	syscall(SYS_clock_gettime, id, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

static long long stepped_by(long long elapsed_ms)
{
	const char *text = getenv("STEPS");
	long long sum = 0;

	while (text && *text) {
		char *end;
		long long at = strtoll(text, &end, 10), by = strtoll(end + 1, &end, 10);

		sum += elapsed_ms >= at ? by : 0;
		text = *end ? end + 1 : end;
	}
	return sum;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	static long long begun;
	long long now;

	if (id != CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, id, t);
	now = nanoseconds(CLOCK_MONOTONIC);
	begun = begun ? begun : now;
	now = nanoseconds(CLOCK_REALTIME) + stepped_by((now - begun) / 1000000);
	t->tv_sec = now / NS;
	t->tv_nsec = now % NS;
	return 0;
}
