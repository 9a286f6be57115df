/* SPDX-License-Identifier: MIT */
#include "core/clock.h"

#include <errno.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t = { 0 };

	(void)clock_gettime(id, &t);
	return t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

struct mono clock_mono(void)
{
	return (struct mono){ read_clock(CLOCK_MONOTONIC) };
}

struct wall clock_wall(void)
{
	return (struct wall){ read_clock(CLOCK_REALTIME) };
}

int64_t clock_suspended(void)
{
	return read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC);
}

int cpu_clock_of(pthread_t thread, struct cpu_clock *out)
{
	return -pthread_getcpuclockid(thread, &out->id);
}

int cpu_clock_read(struct cpu_clock clock, int64_t *out)
{
	struct timespec t = { 0 };

	if (clock_gettime(clock.id, &t) < 0)
		return -errno;
	*out = t.tv_sec * NS_PER_SEC + t.tv_nsec;
	return 0;
}
