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
	struct far_claim {
		bool synchronised; /* to UTC */
		int64_t error;     /* ns by which it may be off; -1 = it says nothing */
	} own, clock;              /* what this end and that one claim of their clocks */
	uint32_t asked,
		sequence;       /* numbers on the wire, from 0: of the request, of the reply */
	int ttl, tos;           /* of the request as it arrived there; -1 = not known */
	int dscp;               /* of the reply as it left there; -1 = not known */
	bool session, extended; /* it returned the SSID; it understood an extension */
	bool tells_departures;  /* it says in each reply when the one before really left: */
	bool follows;           /* the one numbered `followed` then */
	uint32_t followed;
	struct wall followed_left;
};
