/* SPDX-License-Identifier: MIT */
/* life -- what the main thread does while the workers serve: signals, reading the options again, the
 * service manager, a successor.
 */
#pragma once

#include "app/handover.h"
#include "app/notify.h"
#include "app/server.h"
#include "app/watchdog.h"

struct life {
	int argc;
	char *const *argv; /* to be read again beside the file */
	struct serve_options *options;
	struct inherited inherited;
	struct server server;
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

/* The workers serve: says so to whom it concerns, and stays until they have ended. */
void life_run(struct life *life);
