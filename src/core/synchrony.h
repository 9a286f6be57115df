/* SPDX-License-Identifier: MIT */
/* synchrony -- what the kernel has been told of its own wall clock, by whoever disciplines it
 * (adjtimex(2)).
 *
 * It is a claim: a daemon that lost its servers long ago may have left it behind, and the maximum
 * error, which grows by 500 ppm while nobody corrects it, is what shows that.
 */
#pragma once

#include "base/base.h"

struct timex;

struct synchrony {
	bool synchronised;     /* to UTC, as far as the kernel knows */
	int64_t error;         /* ns, as estimated */
	int64_t maximum_error; /* ns, half the distance to the root included */
	int tai_offset;        /* s, TAI - UTC; 0 when nobody set it */
};

/* Asks the kernel: a system call that changes nothing and needs no privilege.  Where it is refused, the
 * clock counts as not synchronised. */
struct synchrony synchrony_now(void);

/* The meaning of what adjtimex() returned and filled in. */
struct synchrony synchrony_of(int state, const struct timex *timex);
