/* SPDX-License-Identifier: MIT */
/* guard -- which source ports get silence, so that no two echoes are set against each other.
 *
 * Whoever answers every datagram can be made to talk for ever, by one forged datagram, to another
 * who does: to itself, to a second service of this process, to an echo, time or name server
 * elsewhere.  Silent are port 0, the UDP ports this process serves, and a list of ports whose
 * services answer whatever they get (CVE-2024-2169 and its kin).
 */
#pragma once

#include <stdatomic.h>

#include "base/base.h"

struct guard {
	/* One bit for each port; they may change while others read them. */
	_Atomic uint8_t silent[65536 / 8];
};

/* Port 0 and the list. */
void guard_init(struct guard *guard);

/* From now on a source port gets silence; or answers. */
void guard_silence(struct guard *guard, uint16_t port);
void guard_allow(struct guard *guard, uint16_t port);

/* From now on guard, which others read meanwhile, says what wanted says. */
void guard_copy(struct guard *guard, const struct guard *wanted);

static inline bool guard_is_silent(const struct guard *guard, uint16_t port)
{
	return atomic_load_explicit(&guard->silent[port / 8], memory_order_relaxed) >>
	               (port % 8) &
	       1;
}
