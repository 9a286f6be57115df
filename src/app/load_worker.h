/* SPDX-License-Identifier: MIT */
/* load_worker -- one thread of a load, with a driver and a loop of its own.
 *
 *   its owner                       the thread
 *     worker_start        -->       opens its connections
 *                         <--       WORKER_OPEN
 *     start, stop, asked  -->       looks at these in each turn of its loop
 *                         <--       handed; WORKER_FINISHED
 *
 * Both leave each other notes in atomic variables and then wake each other, so that nobody takes a lock:
 * what was counted lately is the thread's until it has handed it over, and the owner's from then on until
 * it asks again.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "load/driver.h"

enum worker_phase { WORKER_OPENING, WORKER_OPEN, WORKER_FINISHED };
enum worker_handing { HANDING_NOTHING, HANDING_ASKED, HANDING_DONE };

/* What the thread itself cost while it was measured. */
struct worker_cost {
	int64_t span;   /* ns of the clock, */
	int64_t cpu;    /* ns of a processor */
	int64_t waited; /* ns that it was ready and did not run; -1 = not known */
};

struct worker {
	struct driver *driver;
	size_t connections; /* that it opens before it begins */
	int64_t delay;      /* ns: threads take turns in asking */
	int64_t warmup, duration;
	struct loop loop;
	struct watch wake;
	const struct watch *news; /* its owner's */
	pthread_t thread;
	bool running; /* to be joined */

	_Atomic int phase;     /* enum worker_phase */
	_Atomic int64_t start; /* 0 = not yet */
	_Atomic bool stop;
	_Atomic int handing; /* enum worker_handing */
	struct load_tally handed;

	/* The thread's. */
	struct mono opened;      /* when it began to open its connections */
	struct mono from, until; /* what is measured; MONO_NEVER while that is not known */
	bool begun, ended;
	struct worker_cost cost; /* the clocks at its begin, then what came to pass */
};

/* plan is of this thread alone, but for its loop; news is borrowed.  Negative errno with the reason;
 * worker_done() may follow all the same. */
MUST_CHECK int worker_init(struct worker *worker, const struct load_plan *plan,
                           const struct watch *news, struct err *err);
void worker_done(struct worker *worker);

/* Signals that are blocked stay so in it. */
MUST_CHECK int worker_start(struct worker *worker);

/* It shall begin to ask at that instant, or stop, or hand over what it counted lately. */
void worker_set_start(struct worker *worker, struct mono start);
void worker_stop(struct worker *worker);
void worker_ask(struct worker *worker);

/* Adds what was handed over to *out; false while nothing was. */
bool worker_take(struct worker *worker, struct load_tally *out);

/* Waits for its end. */
void worker_join(struct worker *worker);

static inline int worker_phase(const struct worker *worker)
{
	return atomic_load(&worker->phase);
}
