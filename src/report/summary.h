/* SPDX-License-Identifier: MIT */
/* summary -- how a target stands, or how it ended, for people.
 *
 * Nothing is said that the sample does not support, and no digit that was not measured.
 */
#pragma once

#include <stdio.h>

#include "probe/target.h"

/* The statistics, as ping's; verbose: how far they can be trusted, and own lag where it is small. */
void summary_print(FILE *out, struct target *target, bool verbose);

/* One line: what came of it so far. */
void summary_line(FILE *out, const struct target *target);

/* "9/10 packets, 10% packet loss, min/avg/max/mdev = ... ms", without an end. */
void summary_brief(FILE *out, const struct tally *tally, const struct moments *moments);

/* The lines of a summary, of one target or of many together.  elapsed: ns. */
void summary_counts(FILE *out, const struct tally *tally, int64_t elapsed);
void summary_rtt(FILE *out, const struct moments *moments);
void summary_rare(FILE *out, const struct tally *tally);

/* What the round trips rest on, where that is not simply what the header said: that these would
 * take the stamps. */
void summary_stamps(FILE *out, const struct tally *tally, enum taker tx, enum taker rx);
void summary_lag(FILE *out, const struct tally *tally, bool verbose);
