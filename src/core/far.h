/* SPDX-License-Identifier: MIT */
/* far -- what the far end of a probe said of it, where it says more than "here" (RFC 8762).
 *
 *   called, left (T1) ~~~~ forward ~~~~> received (T2)
 *                                             | residence
 *   arrived (T4) <~~~~ reverse ~~~~~~~~ sent (T3)
 *
 * T2 and T3 are of a clock that is not ours: only their difference is a span.
 */
#pragma once

#include "core/clock.h"

struct far {
	struct wall received, sent; /* T2, T3; 0 = not known */
	int64_t error; /* ns by which its clock may be off, as it claims; -1 = it claims nothing */
	bool synchronised;        /* as it claims */
	uint32_t asked, sequence; /* numbers on the wire, from 0: of the request, of the reply */
	int ttl, tos;             /* of the request as it arrived there; -1 = not known */
	bool follows;             /* the reply numbered `followed` really left then: */
	uint32_t followed;
	struct wall followed_left;
};
