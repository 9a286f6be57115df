/* SPDX-License-Identifier: MIT */
/* departure -- a target's next probe: when it is due, whether it can leave, and that it does.
 *
 *   WAITING -> OPENING -> RUNNING <-> HOLDING -> FINISHING -> FINISHED
 */
#pragma once

#include "probe/session.h"

/* Does what the target's instant in the heap was for. */
void departure_advance(struct session *session, struct target *target);
