/* SPDX-License-Identifier: MIT */
#include "core/schedule.h"

#include <assert.h>

void schedule_init(struct schedule *schedule, struct mono start, int64_t interval)
{
	assert(interval > 0);
	*schedule = (struct schedule){ .start = start, .interval = interval };
}

struct mono schedule_next(struct schedule *schedule)
{
	return mono_add(schedule->start, schedule->next++ * schedule->interval);
}
