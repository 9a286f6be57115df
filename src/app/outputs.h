/* SPDX-License-Identifier: MIT */
/* outputs -- what becomes of the facts of a run: text for people, records for programs, or both.
 *
 *   (nothing)      text on stdout
 *   -J, --csv      records on stdout, no text
 *   -o FILE        records there, text on stdout; "-" is stdout
 */
#pragma once

#include "app/ping_options.h"
#include "report/anatomy.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/table.h"
#include "report/text.h"

enum { MANY_TARGETS = 8 }; /* more than these share a table */

struct outputs {
	const struct ping_options *options;
	size_t targets;
	bool texts;            /* people are told */
	bool many;             /* by a table */
	struct output records; /* fd -1: nobody else is */
	bool broken;           /* and cannot be any more, which was said */
	struct text text;
	struct table table;
	struct anatomy anatomy;
	struct json json;
	struct csv csv;
};

/* Opens what the options, which are borrowed, ask for.  Negative errno with the reason;
 * outputs_done() may follow all the same. */
MUST_CHECK int outputs_open(struct outputs *outputs, const struct ping_options *options,
                            size_t targets, struct err *err);
void outputs_done(struct outputs *outputs);

/* Has the session tell them all. */
void outputs_attach(struct outputs *outputs, struct session *session);

/* Says on stderr how things stand: a line for each target, or where there are many one for all. */
void outputs_report(const struct outputs *outputs, struct session *session);

/* Lets go of what was written, as far as its readers take it at once.  False when there is nobody
 * left to tell anything. */
bool outputs_flush(struct outputs *outputs);

/* Ends the session's reports and waits for their readers; false when not all of it could be
 * written, which was said. */
bool outputs_conclude(struct outputs *outputs, struct session *session);
