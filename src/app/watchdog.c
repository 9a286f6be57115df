/* SPDX-License-Identifier: MIT */
#include "app/watchdog.h"

#include <string.h>

enum { LOOKS = 8 }; /* in half a patience, at a worker that is late */

void watchdog_init(struct watchdog *watchdog, int64_t patience, struct mono now)
{
	*watchdog = (struct watchdog){ .half = patience / 2, .due = MONO_NEVER };
	if (watchdog->half > 0)
		watchdog->due = mono_add(now, watchdog->half);
}

static bool all_turned(const struct watchdog *watchdog, const uint64_t *turns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (turns[i] == watchdog->seen[i])
			return false;
	return true;
}

bool watchdog_feeds(struct watchdog *watchdog, struct mono now, const uint64_t *turns,
                    size_t count)
{
	if (watchdog->half <= 0 || mono_before(now, watchdog->due))
		return false;
	count = size_min(count, WATCHDOG_WORKERS_MAX);
	bool well = all_turned(watchdog, turns, count);

	watchdog->due = mono_add(now, well ? watchdog->half : watchdog->half / LOOKS);
	if (well)
		memcpy(watchdog->seen, turns, count * sizeof(*turns));
	return well;
}
