/* SPDX-License-Identifier: MIT */
/* load_outputs -- what becomes of the facts of a load.
 *
 *   (nothing)      text on stdout, and on a terminal each second how it stands
 *   -J             records on stdout, no text
 *   -o FILE        records there, text on stdout; "-" is stdout
 *   --hgrm FILE    the percentiles there, besides; not where the records go
 */
#pragma once

#include "app/load_options.h"
#include "report/load_json.h"
#include "report/load_steps.h"

struct load_outputs {
	const struct load_options *options;
	bool texts;            /* people are told */
	FILE *terminal;        /* where a line may be written over; NULL = nowhere */
	bool standing;         /* there is such a line */
	struct output records; /* fd -1: none are wanted */
	struct output hgrm;    /* likewise */
	bool broken;           /* somebody cannot be told any more, which was said */
};

/* Opens what the options, which are borrowed, ask for.  Negative errno with the reason;
 * load_outputs_done() may follow all the same. */
MUST_CHECK int load_outputs_open(struct load_outputs *outputs,
                                 const struct load_options *options, struct err *err);
void load_outputs_done(struct load_outputs *outputs);

/* What is going to be asked; how it stands; how a step of a search went, and what was found. */
void load_outputs_begin(struct load_outputs *outputs, const struct load_result *result);
void load_outputs_progress(struct load_outputs *outputs, const struct load_result *result,
                           const struct load_progress *progress);
void load_outputs_step(struct load_outputs *outputs, const struct load_step *step);
void load_outputs_found(struct load_outputs *outputs, const struct load_search *search,
                        const char *target, bool hindered);

/* How it ended; waits for the readers.  ping: NULL = there was none.  False when not all of it could be
 * written, which was said. */
bool load_outputs_end(struct load_outputs *outputs, const struct load_result *result,
                      const struct load_ping *ping);
