/* SPDX-License-Identifier: MIT */
#include "service/stamp_clock.h"

/* On a busy host a program reads as much later, at the 99th percentile (docs/measuring.md). */
#define LATE (10 * NS_PER_MS)

void stamp_clock_set(struct stamp_clock *clock, const struct synchrony *synchrony)
{
	clock->synchronised = synchrony->synchronised;
	for (int format = STAMP_NTP; format <= STAMP_PTP; format++) {
		struct stamp_error error = {
			.synchronised = synchrony->synchronised,
			.format = (enum stamp_format)format,
			.error = synchrony->maximum_error,
		};

		clock->errors[format][false] = stamp_error_encode(&error);
		error.error += LATE;
		clock->errors[format][true] = stamp_error_encode(&error);
	}
}

void stamp_clock_turn(struct stamp_clock *clock, struct mono now)
{
	if (mono_known(clock->asked) && mono_since(now, clock->asked) < NS_PER_SEC)
		return;
	struct synchrony synchrony = synchrony_now();

	clock->asked = now;
	stamp_clock_set(clock, &synchrony);
}
