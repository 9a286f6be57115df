/* SPDX-License-Identifier: MIT */
/* stamp_clock -- what a Session-Reflector claims of its own times: the Error Estimates of its replies.
 *
 * The kernel is asked once a second, the fields are written once for all replies until then.  The error
 * is the kernel's maximum error: a bound, rather than a hope.
 */
#pragma once

#include "core/synchrony.h"
#include "wire/stamp_time.h"

struct stamp_clock {
	struct mono asked;
	bool synchronised;
	uint16_t
		errors[2]
		      [2]; /* by format; of times that the kernel took, and that we read late */
};

/* Asks again when it is time. */
void stamp_clock_turn(struct stamp_clock *clock, struct mono now);

/* From now on claims this. */
void stamp_clock_set(struct stamp_clock *clock, const struct synchrony *synchrony);

/* read_late: T2 is not the kernel's, but of when the request was read. */
static inline uint16_t stamp_clock_error(const struct stamp_clock *clock,
                                         enum stamp_format format, bool read_late)
{
	return clock->errors[format][read_late];
}
