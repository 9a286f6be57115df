/* SPDX-License-Identifier: MIT */
/* life -- what the main thread does while the workers serve: signals, reading the options again, the
 * service manager, a successor, looking out for what the log should tell.
 */
#pragma once

#include "app/handover.h"
#include "app/journal.h"
#include "app/lookout.h"
#include "app/metrics.h"
#include "app/notify.h"
#include "app/server.h"
#include "app/watchdog.h"

struct life {
	int argc;
	char *const *argv; /* to be read again beside the file */
	struct serve_options *options;
	struct inherited inherited;
	struct server server;
	struct metrics *metrics; /* NULL = nobody asked for them */
	struct journal journal;
	struct lookout lookout;
	struct loop loop;
	struct watch signals, ended;
	struct handover handover;
	struct notify notify;
	struct watchdog watchdog;
	bool stopping;
};

/* Of a zeroed one: takes from the environment what the service manager says there, and reads the
 * options.  life_done() follows in any case. */
MUST_CHECK int life_init(struct life *life, int argc, char *const *argv, struct err *err);
void life_done(struct life *life);

/* Gets what the predecessor serves, where there is one. */
MUST_CHECK int life_inherit(struct life *life, struct err *err);

/* Opens what is needed later: nothing is opened after it but the file of --config. */
MUST_CHECK int life_prepare(struct life *life, struct err *err);

/* Starts the workers, and what else has a thread. */
MUST_CHECK int life_start(struct life *life, struct err *err);

/* An event for the journal: see journal_tell(). */
void life_tell(struct life *life, enum log_level level, const char *message,
               const struct log_field *fields);

/* The workers serve: says so to whom it concerns, and stays until they have ended.  Negative with the
 * reason when one of them could not go on. */
MUST_CHECK int life_run(struct life *life, struct err *err);
