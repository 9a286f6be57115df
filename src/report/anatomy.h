/* SPDX-License-Identifier: MIT */
/* anatomy -- which part of the round trips was this host's, and which the network's (-v).
 *
 *   due ..lag.. called --> queued --> left ~~network and far end~~ arrived --host in--> read
 *
 * Over all answered probes of a session; a table at done(), after the summaries.  Parts are known
 * only where the kernel stamped; the share that is unknown is said.
 */
#pragma once

#include <stdio.h>

#include "core/histogram.h"
#include "probe/sink.h"

enum { ANATOMY_PARTS = 7 };

struct anatomy_part {
	struct histogram spans;
	double mean; /* ns */
	int64_t max;
};

struct anatomy {
	FILE *out;

	/* Its own. */
	uint64_t answers;
	struct anatomy_part parts[ANATOMY_PARTS];
};

/* Makes its histograms; out is set by whoever owns it.  -ENOMEM; anatomy_done() may follow. */
MUST_CHECK int anatomy_init(struct anatomy *anatomy, FILE *out);
void anatomy_done(struct anatomy *anatomy);

extern const struct sink_ops anatomy_sink;
