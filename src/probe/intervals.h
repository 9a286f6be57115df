/* SPDX-License-Identifier: MIT */
/* intervals -- what came of the probes of a span of time, told by itself.
 *
 *   |--- 1 ---|--- 2 ---|--- 3 ---|        told when its last probe has its fate: a loss belongs to
 *    x  x  x   x  x  x   x  x              the interval in which the probe was due
 */
#pragma once

#include "probe/session.h"

/* -ENOMEM. */
MUST_CHECK int intervals_new(const struct session *session, struct target *target);
void intervals_free(struct target *target);

/* What they may come to take for one target, in bytes. */
size_t intervals_bytes(const struct session *session);

/* The interval to which a probe belongs that was due at this instant; NULL when none are told, or it
 * has been. */
struct interval *intervals_of(const struct session *session, struct target *target,
                              struct mono due);

/* Such a probe will have left next: those before it are over for the reflector's count. */
void intervals_mark(const struct session *session, struct target *target, struct mono due);

/* All have: what follows are closing probes. */
void intervals_mark_last(struct target *target);

/* Such a probe has left. */
void intervals_sent(const struct session *session, struct target *target, struct mono due);

/* The probe that was due then is awaited no more. */
void intervals_settled(const struct session *session, struct target *target, struct mono due);

/* When the interval that lasts is over; MONO_NEVER. */
struct mono intervals_next(const struct session *session);

/* An interval is over for all targets. */
void intervals_tick(struct session *session);

/* Tells those that are left, the one that lasts included. */
void intervals_conclude(const struct session *session);
