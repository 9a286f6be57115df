/* SPDX-License-Identifier: MIT */
/* load_json -- how a load is told to programs: records as docs/json.md describes them.
 *
 * One load_start, a load_progress each second where they are wanted, one load_summary.
 */
#pragma once

#include "load/result.h"
#include "report/load_ping.h"
#include "report/load_progress.h"
#include "report/output.h"

/* Of the result what load_text_begin() reads, and began. */
void load_json_start(struct output *output, const struct load_result *result);

/* May find no room where the reader is slow. */
void load_json_progress(struct output *output, const struct load_result *result,
                        const struct load_progress *progress);

/* Waits for its reader.  ping: NULL = there was none. */
void load_json_summary(struct output *output, const struct load_result *result,
                       const struct load_ping *ping);
