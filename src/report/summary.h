/* SPDX-License-Identifier: MIT */
/* summary -- how a target stands, or how it ended, for people. */
#pragma once

#include <stdio.h>

#include "probe/target.h"

/* One line: what came of it so far. */
void summary_line(FILE *out, const struct target *target);

/* The statistics, as ping's; verbose: own lag even where it is small. */
void summary_print(FILE *out, struct target *target, bool verbose);
