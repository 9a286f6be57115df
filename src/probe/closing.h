/* SPDX-License-Identifier: MIT */
/* closing -- what is asked after the last probe, so that its loss can be told a direction.
 *
 * A stateful reflector's number says how many requests reached it before the one that it answers.  So
 * whether the last probes were lost on their way there or back shows only in the answer to another
 * request behind them: up to three such are sent, one at a time, until one is answered.  They are no
 * probes: they have no fate, nobody is told of them, and they count nowhere.
 */
#pragma once

#include "probe/session.h"

/* All probes of the target have their fate: begins to close, or ends it. */
void closing_begin(struct session *session, struct target *target);

/* The time has come to ask again, or to give up. */
void closing_advance(struct session *session, struct target *target);

/* This one was answered. */
void closing_heard(struct session *session, struct target *target, struct flight *flight,
                   const struct sample *sample);
