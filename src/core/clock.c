/* SPDX-License-Identifier: MIT */
#include "core/clock.h"

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
