/* SPDX-License-Identifier: MIT */
/* harvest -- what a file of results holds, target by target: the round trips and the losses.
 *
 * The records of single probes are worth more than the histogram of the summary behind them, which is used
 * where there are none (-q).  Of a load the seconds since it started are used, of a search those of the step that
 * its summary is of.  Of several runs of a target in a file all are taken together.  Memory is bounded: see core/course, and
 * HARVEST_VALUES_MAX round trips in order over all targets, HARVEST_TARGETS_MAX targets.
 */
#pragma once

#include "core/shift.h"
#include "report/results.h"

enum { HARVEST_TARGETS_MAX = 10000, HARVEST_VALUES_MAX = 1 << 24 };

/* What is told of a load second by second. */
struct crop_seconds {
	uint64_t number;
	struct stretches times;  /* of those that had any */
	struct stretches fates;  /* from the second one on */
	uint64_t answered, lost; /* in these */
};

struct crop {
	char *target;
	struct course course;
	struct shift_losses losses;
	bool uncorrected; /* of a closed loop */

	/* The run under way, until its summary says it better. */
	struct crop_run {
		uint64_t answered, lost, loss_runs;
		uint64_t last_lost; /* its sequence */
		struct crop_seconds seconds;
		struct crop_seconds
			kept;         /* those of the step of which a search tells in the end */
		bool searching, held; /* a step was told; one that held */
	} run;
};

struct harvest {
	struct crop *crops; /* in order of appearance */
	size_t count, room;
	size_t next;   /* where the next record's target is likely to be: they take turns */
	size_t values; /* for which there is room, over all */
};

/* Takes a record in.  -EBADMSG with the reason where it cannot be, -ENOMEM, -ERANGE. */
MUST_CHECK int harvest_take(struct harvest *harvest, const struct results_record *record,
                            struct err *err);

/* All records were taken. */
void harvest_end(struct harvest *harvest);

/* NULL: there is none. */
const struct crop *harvest_find(const struct harvest *harvest, const char *target);

void harvest_done(struct harvest *harvest);
