/* SPDX-License-Identifier: MIT */
/* opening -- which of its addresses a target is asked at.
 *
 * A name may have several, and the first need not be the one where somebody listens.  Kinds that
 * connect try them in turn before the first probe is due, each for as long as a probe may take; a
 * kind with a connection per probe tries by one that counts for nothing.  Others ask the first.
 */
#pragma once

#include "probe/session.h"

/* Begins.  True when there is nothing to try: the first probe may be due at once. */
bool opening_begin(struct session *session, struct target *target);

/* Goes on, now that an address stands, has refused, or has taken too long.  True when it is
 * settled, for better or worse. */
bool opening_continue(struct session *session, struct target *target);
