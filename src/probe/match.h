/* SPDX-License-Identifier: MIT */
/* match -- what a channel says, held against what is in flight.
 *
 * A reply counts when its probe is open, its nonce is ours, it comes from whom we asked and within
 * the time-out; a second one is a duplicate, one after the time-out is late, everything else is
 * junk.  The instants are those of our own record and of the kernel, never of the packet.
 */
#pragma once

#include "probe/session.h"

/* Takes what the channel has to say, but not for ever: what is left makes its watch ready again. */
void match_events(struct session *session, struct channel *channel);

/* Every probe in flight on the channel whose time-out has passed by now is lost. */
void match_expire(struct session *session, struct channel *channel);
