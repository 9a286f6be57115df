/* SPDX-License-Identifier: MIT */
/* channel -- making, opening and closing the channels of a session. */
#pragma once

#include "probe/session.h"

/* The channel over which the next probe of the target goes; NULL when there is none free. */
struct channel *channel_for(struct target *target);

/* Gives a new target the channels it needs: its own, or a place on a shared one. */
MUST_CHECK int channel_assign(struct session *session, struct target *target, struct err *err);

/* Takes them away again; a shared one stays for those who are still on it. */
void channel_release(struct session *session, struct target *target);

/* Opens a closed channel towards the target's current address. */
MUST_CHECK int channel_open(struct session *session, struct channel *channel,
                            const struct target *target, struct err *err);

/* Opens it again, but at most once per interval: until then its target's failure stands. */
void channel_reopen(struct session *session, struct channel *channel, struct target *target);
void channel_close(struct session *session, struct channel *channel);
void channel_free(struct session *session, struct channel *channel);

/* Puts the instant at which its oldest probe times out into the session's heap. */
void channel_rearm(struct session *session, struct channel *channel);
