/* SPDX-License-Identifier: MIT */
#include "core/schedule.h"

#include <assert.h>
#include <math.h>

void schedule_init(struct schedule *schedule, struct mono start, int64_t interval)
{
	assert(interval > 0);
	*schedule = (struct schedule){ .next = start, .interval = interval };
}

struct mono schedule_next(struct schedule *schedule)
{
	struct mono due = schedule->next;

	schedule->next = mono_add(due, schedule->interval);
	return due;
}

struct mono schedule_next_poisson(struct schedule *schedule, struct random *random)
{
	struct mono due = schedule->next;
	/* 53 bits, and never 0, of which there is no logarithm. */
	double u = ((double)(random_next(random) >> 11) + 0.5) * 0x1p-53;

	schedule->next = mono_add(due, llround(-log(u) * (double)schedule->interval));
	return due;
}
