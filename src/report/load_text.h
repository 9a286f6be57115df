/* SPDX-License-Identifier: MIT */
/* load_text -- how a load is told to people: a header of what is asked of whom, and how it ended, on
 * one screen, shaped like ping's.
 *
 * In an open loop every percentile is told twice: corrected, from the instant at which a request was
 * intended to leave, and uncorrected, from its sending.  In a closed loop there is no such instant,
 * and a sentence says what that hides.  Nothing is said that the sample does not support, and what is
 * zero or unknown is not said at all.
 */
#pragma once

#include <stdio.h>

#include "load/result.h"
#include "report/load_ping.h"

/* Before it begins: of the result target, plan, threads, room and hold.asked are read.
 * A plan without connections is none: idle ones are all there is. */
void load_text_begin(FILE *out, const struct load_result *result);

/* How it ended.  ping: what a probe beside it met; NULL = there was none. */
void load_text_end(FILE *out, const struct load_result *result, const struct load_ping *ping);
