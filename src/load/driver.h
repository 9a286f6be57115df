/* SPDX-License-Identifier: MIT */
/* driver -- what one thread of a load drives: lanes, each of them one channel of a probe kind.
 *
 *   arrivals -> [due] -> a lane with room -> send -> [in flight] -> reply -> tally
 *
 * The channels are those of ping (probe/probe.h), with stamps off.  As a session, a driver is told what time it
 * is, waits for nothing and prints nothing: app/load drives it on real sockets, a test on a simulated network.
 */
#pragma once

#include "load/tally.h"
#include "probe/probe.h"

enum load_pace {
	LOAD_CLOSED,   /* each lane keeps `depth` requests in flight */
	LOAD_CONSTANT, /* open loop: at even distances */
	LOAD_POISSON,  /* open loop: at exponentially distributed ones */
};

/* Where lanes lead; they take turns. */
struct load_target {
	const struct probe_ops *ops;
	struct address address; /* with port */
};

struct load_plan {
	const struct load_target *targets;
	size_t target_count;
	size_t connections; /* lanes of this driver, >= 1 */
	size_t first; /* number of the first of them among those of all drivers, by which they take turns */
	size_t depth; /* most requests in flight on each lane, >= 1 */
	enum load_pace pace;
	double rate_from,
		rate_to; /* open loop: requests a second of this driver, at start and end (a ramp) */
	struct mono start;
	int64_t warmup,
		duration; /* ns; what is due in the warm-up is sent and not counted; duration 0: until stopped */
	bool reconnect;                    /* streams: a connection for each request */
	const struct probe_options *probe; /* lane number i has probe[i % probe_count]: sizes */
	size_t probe_count;
	struct loop *loop; /* NULL in a simulation */
	uint64_t seed;
};

struct driver;

/* Memory for everything is taken here, none later.  -ENOMEM, with the reason. */
MUST_CHECK int driver_new(struct driver **out, const struct load_plan *plan, struct err *err);
void driver_free(struct driver *driver);

/* Another start than the plan's, as when lanes took their time to open; before anything was asked. */
void driver_set_start(struct driver *driver, struct mono start);

/* Opens all lanes; whichever fails is tried again, in the course, at least 100 ms apart. */
void driver_begin(struct driver *driver, struct mono now);

/* Does what is due by now, not so much that answers would wait; returns when there is something to do again. */
struct mono driver_step(struct driver *driver, struct mono now);

/* A lane's watch is ready. */
void driver_heard(struct driver *driver, struct watch *watch, struct mono now);

/* No more requests from now on; what is in flight is awaited up to its time-out. */
void driver_stop(struct driver *driver, struct mono now);
bool driver_finished(const struct driver *driver);

/* What was counted since the warm-up; borrowed. */
struct load_tally *driver_tally(struct driver *driver);

/* What was counted since it was last asked, for progress: adds it to *out and forgets it. */
void driver_take_progress(struct driver *driver, struct load_tally *out);

/* Answers of each lane since the warm-up: counts[0 .. connections - 1], for fairness. */
void driver_lane_answers(const struct driver *driver, uint64_t *counts);

/* Lanes that are open now. */
size_t driver_open_lanes(const struct driver *driver);

/* Bytes of its tables in flight, and entries. */
struct load_room {
	size_t entries, bytes;
};
struct load_room driver_room(const struct driver *driver);
