/* SPDX-License-Identifier: MIT */
/* guard -- which source ports get silence, so that no two echoes are set against each other.
 *
 * Whoever answers every datagram can be made to talk for ever, by one forged datagram, to another
 * who does: to itself, to a second service of this process, to an echo, time or name server
 * elsewhere.  Silent are port 0, the UDP ports this process serves, and a list of ports whose
 * services answer whatever they get (CVE-2024-2169 and its kin).
 */
#pragma once

#include "base/base.h"

struct guard {
	uint8_t silent[65536 / 8]; /* one bit for each port */
};

/* Port 0 and the list. */
void guard_init(struct guard *guard);

/* From now on a source port gets silence; or answers. */
void guard_silence(struct guard *guard, uint16_t port);
void guard_allow(struct guard *guard, uint16_t port);

static inline bool guard_is_silent(const struct guard *guard, uint16_t port)
{
	return guard->silent[port / 8] >> (port % 8) & 1;
}
