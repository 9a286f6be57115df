/* SPDX-License-Identifier: MIT */
/* hearing -- what a lane has to say, held against what is in flight on it. */
#pragma once

#include "load/state.h"

/* Takes as much as the kind tells at once; returns how many events that were, less than HEARD_ALL when there is
 * no more. */
int hearing_round(struct driver *driver, struct lane *lane);

enum { HEARD_ALL = 30 };

/* Takes everything, to the last: before anything is called lost. */
void hearing_all(struct driver *driver, struct lane *lane);
