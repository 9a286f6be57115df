/* SPDX-License-Identifier: MIT */
/* json -- the output for programs: one JSON object a line (NDJSON), as docs/json.md describes it
 * and docs/schema/sounder.json prescribes.
 *
 * Whatever a run comes to -- no answer, a signal, a name that is not known -- each line is a whole
 * record.
 */
#pragma once

#include "probe/sink.h"
#include "probe/target.h"
#include "report/output.h"

struct json {
	struct output *output;
	const struct probe_options *probe;
	bool quiet; /* no records of single probes (reply, loss ... junk): what remains are start,
	             * interval, event, outage, summary and error */
	bool outstanding; /* events tell of answers that are outstanding, too */
};

extern const struct sink_ops json_sink;
