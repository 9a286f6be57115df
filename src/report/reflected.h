/* SPDX-License-Identifier: MIT */
/* reflected -- what a reflector's replies say of each direction and of its clock, for people.
 *
 * Clocks that are not synchronised do not tell a one-way delay, only within which bounds it lies: so
 * a delay is never printed without them, and a sentence says what they rest on.
 */
#pragma once

#include <stdio.h>

#include "probe/target.h"

/* Behind the round trip, on the line of an answer. */
void reflected_line(FILE *out, const struct target *target, const struct sample *sample);

/* Behind the round trips of an interval. */
void reflected_interval(FILE *out, const struct interval *interval);

/* The lines behind a target's summary. */
void reflected_print(FILE *out, struct target *target, bool verbose);
