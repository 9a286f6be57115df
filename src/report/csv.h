/* SPDX-License-Identifier: MIT */
/* csv -- one line per sample for spreadsheets (RFC 4180), its columns named by the first.
 *
 * Text from outside that a spreadsheet would take for a formula is defused.
 */
#pragma once

#include "probe/sink.h"
#include "probe/target.h"
#include "report/output.h"

struct csv {
	struct output *output;

	/* Its own. */
	bool headed; /* the line of names is written */
};

/* Writes the line of names, unless it stands already: a run without samples has it too. */
void csv_head(struct csv *csv);

extern const struct sink_ops csv_sink;
