/* SPDX-License-Identifier: MIT */
/* results -- the records of finished runs, read back: a line of NDJSON by `ping -J` or `load -J`; by jansson.
 *
 * Only what a comparison needs is taken from it.  Other types and fields are passed over, as readers of the
 * format must (docs/json.md).
 */
#pragma once

#include "base/err.h"
#include "core/course.h"

enum results_type {
	RESULTS_OTHER, /* what says nothing here */
	RESULTS_START, /* a run of the target begins */
	RESULTS_REPLY,
	RESULTS_LOSS,    /* lost or refused */
	RESULTS_STRETCH, /* a second of a load */
	RESULTS_STEP,    /* a load of a search is over */
	RESULTS_SUMMARY, /* of ping or of load */
};

struct json_t;

struct results_record {
	enum results_type type;
	const char *target; /* borrowed until results_done(); not NULL but of RESULTS_OTHER */
	uint64_t sequence;  /* of a loss */
	int64_t rtt;        /* of a reply, ns; -1: not measured */

	uint64_t stretch; /* answers in a stretch, */
	double mean;      /* and their mean, ns */

	bool held; /* the step kept what was wished */

	/* Of a summary, and of a second. */
	uint64_t answered, lost;

	/* Of a summary. */
	uint64_t loss_runs; /* losses in a row; 0: there were none, or it is not known */
	bool of_load;
	bool uncorrected; /* a load that knows nothing else: a closed loop */
	bool counted;     /* counts stand there, at least one */
	struct course_counts counts;

	/* Its own. */
	struct json_t *json;
	uint64_t *buckets;
};

/* Reads a line, its end included or not.  -EBADMSG with the reason where it is no JSON (then *json_is_broken is
 * set: it may have been cut off) or says what cannot be; -ENOMEM.  After 0 results_done() must follow. */
MUST_CHECK int results_read(const char *line, size_t length, struct results_record *out,
                            bool *json_is_broken, struct err *err);
void results_done(struct results_record *record);
