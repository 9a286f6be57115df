/* SPDX-License-Identifier: MIT */
#include "core/bridge.h"

enum { SLACK = 200 }; /* ns by which the two clocks may round apart */

bool bridge_check(struct bridge *bridge, struct clock_reading reading)
{
	int64_t least = reading.wall.ns - reading.after.ns;
	int64_t most = reading.wall.ns - reading.before.ns;

	if (bridge->known && bridge->offset >= least - SLACK && bridge->offset <= most + SLACK)
		return true;
	bridge->offset = least + (most - least) / 2;
	bridge->since = reading.after;
	bridge->known = true;
	return false;
}

struct mono bridge_mono(const struct bridge *bridge, struct wall wall)
{
	return (struct mono){ wall.ns && bridge->known ? wall.ns - bridge->offset : 0 };
}
