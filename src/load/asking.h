/* SPDX-License-Identifier: MIT */
/* asking -- sending what is due over the lanes that have a place, in turn. */
#pragma once

#include "load/state.h"

/* Sends what is due now, at most so many. */
void asking_pump(struct driver *driver, int most);

/* The connection of a lane that reconnects stands: its request leaves. */
void asking_over_new_connection(struct driver *driver, struct lane *lane);

/* True when the measured time is over and nothing that is late by our own fault is left to be sent. */
bool asking_is_over(const struct driver *driver);

/* When the next request may leave; an instant that has passed when it could now.  MONO_NEVER while no lane has
 * a place. */
struct mono asking_next(const struct driver *driver);
