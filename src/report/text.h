/* SPDX-License-Identifier: MIT */
/* text -- the output for people, shaped like ping's, so that eyes and scripts already know it. */
#pragma once

#include <stdio.h>

#include "probe/sink.h"
#include "probe/target.h"

struct text {
	FILE *out, *aside; /* lines; the one-line state that was asked for by a signal */
	const struct probe_options *probe;
	bool timeout_given; /* then the header shows it */
	bool quiet, epoch, outstanding, verbose;
	bool many;  /* several targets: each line names its own */
	bool terse; /* very many: a table tells of them (table.h), so there is no header and no
	             * summary for each, and no line for each sample unless verbose; events remain */

	/* Its own: probes in a row that were skipped, told in one line; lines that were not made. */
	const struct target *skipped;
	uint64_t skipped_first, skipped_last;
	uint64_t unshown;
	struct wall slept; /* when a suspend was told of */
};

extern const struct sink_ops text_sink;

/* Nothing but the state that was asked for by a signal: where all else is for programs. */
extern const struct sink_ops standing_sink;
