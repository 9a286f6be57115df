/* SPDX-License-Identifier: MIT */
/* bridge -- from the wall clock, in which the kernel stamps packets, to the monotonic one.
 *
 *   mono  ----before--------after---->       offset = wall - mono
 *   wall  ---------|wall|------------>       constant, until somebody sets the clock
 *
 * Both clocks run at the same rate (NTP slews them together), so their offset changes only by a step
 * or a suspend.  A bridge keeps the first offset it saw as long as no reading contradicts it: what is
 * converted by it differs by exactly what the wall clock measured.  A stamp that was taken on one side
 * of a step and read on the other cannot be converted; the reading that sees the step says so.
 */
#pragma once

#include "core/clock.h"

/* The wall clock, read between two readings of the monotonic one: the closer, the better. */
struct clock_reading {
	struct mono before, after;
	struct wall wall;
};

struct bridge {
	int64_t offset;
	struct mono since; /* what was stamped before may be of another offset */
	bool known;
};

/* Holds a reading that was taken after the stamps in hand against the offset.  True: no step since
 * the reading before, so those stamps can be converted.  False: the offset is a new one. */
bool bridge_check(struct bridge *bridge, struct clock_reading reading);

/* Unknown stays unknown. */
struct mono bridge_mono(const struct bridge *bridge, struct wall wall);
