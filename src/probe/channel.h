/* SPDX-License-Identifier: MIT */
/* channel -- making, opening and closing the channels of a session. */
#pragma once

#include "probe/session.h"

/* The channel over which the next probe of the target goes; NULL when there is none free. */
struct channel *channel_for(const struct target *target);

/* Gives a new target the channels it needs: its own, or a place on a shared one. */
MUST_CHECK int channel_assign(struct session *session, struct target *target, struct err *err);

/* More probes may be in flight on it, twice as many; false when the wire or memory forbid. */
bool channel_grow(struct channel *channel);

/* Takes them away again; a shared one stays for those who are still on it. */
void channel_release(struct session *session, struct target *target);

/* Opens a closed channel towards the target's current address. */
MUST_CHECK int channel_open(struct session *session, struct channel *channel,
                            const struct target *target, struct err *err);

/* A send failed.  If the interface that the socket was bound to is gone it will never send again, also
 * when another of that name comes: it is closed, and what is in flight stays awaited. */
void channel_heal(struct session *session, struct channel *channel);

/* Its memory besides what the kernel keeps, in bytes. */
size_t channel_bytes(const struct channel *channel);

/* Opens it again, but at most once per interval: until then its target's failure stands. */
void channel_reopen(struct session *session, struct channel *channel, struct target *target);
void channel_close(struct session *session, struct channel *channel);
void channel_free(struct session *session, struct channel *channel);

/* Puts the instant at which its oldest probe times out into the session's heap. */
void channel_rearm(struct session *session, struct channel *channel);
