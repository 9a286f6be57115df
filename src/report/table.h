/* SPDX-License-Identifier: MIT */
/* table -- how many targets ended, one row each, the worst first.
 *
 * Stands in the place of text's headers and summaries (struct text's `terse`): one header line when
 * the first target starts, the table at done().  Rows are collected at summary() and failed(); the
 * targets themselves are borrowed until done().
 */
#pragma once

#include <stdio.h>

#include "probe/session.h"
#include "probe/target.h"

struct table_row;

struct table {
	FILE *out;
	const struct probe_options *probe;
	size_t targets; /* how many will be asked, for the header */
	bool verbose;   /* also say what text says with -v: own lag where it is small */

	/* Its own. */
	bool headed;
	struct table_row *rows;
	size_t count, room;
	size_t forgotten; /* rows for which there was no memory */
};

/* One line: how all of them stand so far, as if they were one. */
void table_standing(FILE *out, const struct session *session);

/* Lets go of the rows, where done() was not called. */
void table_done(struct table *table);

extern const struct sink_ops table_sink;
