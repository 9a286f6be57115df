/* SPDX-License-Identifier: MIT */
/* load_run -- one measured load, from opening its connections to its figures; and what several of them, one
 * after another, have in common: a loop, the signals, the server that is watched.
 *
 *   prepare      open            warm-up      measured          until the last answer or its time-out
 *      |----------|-----------------|------------|------------------|
 *              connections        start        server's and generator's CPU
 */
#pragma once

#include "app/load_outputs.h"
#include "app/load_threads.h"
#include "app/prober.h"

struct load_run {
	/* Set by whoever owns it. */
	const struct load_options *options;
	struct load_outputs *outputs;
	const char *target; /* as it was given */

	/* Its own. */
	struct loop loop;
	struct watch signals, news;
	bool stopping;                /* somebody said so */
	struct load_threads *threads; /* of the load that was prepared */
};

MUST_CHECK int load_run_init(struct load_run *run, struct err *err);
void load_run_done(struct load_run *run);

/* Makes ready for a load: fills in of *result what is known before it begins, and its tally, which
 * load_run_forget() lets go of.  plan is borrowed as long as the result is.  Negative errno with the
 * reason. */
MUST_CHECK int load_run_prepare(struct load_run *run, const struct load_plan *plan,
                                struct load_result *result, struct err *err);
void load_run_forget(struct load_result *result);

/* Runs it to its end, or until a signal; prober (or NULL) is told when it begins and when it
 * ends.  Negative errno with the reason. */
MUST_CHECK int load_run_go(struct load_run *run, struct prober *prober,
                           struct load_result *result, struct err *err);

/* Waits; false when a signal came. */
bool load_run_pause(struct load_run *run, int64_t span);

/* Signals are looked for; from the first on, another one ends it all as it does any program. */
void load_run_take_signals(struct load_run *run);
