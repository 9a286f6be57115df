/* SPDX-License-Identifier: MIT */
/* clock -- instants that cannot be confused.
 *
 *   mono  |--------------------------------->   never steps: CLOCK_MONOTONIC
 *   wall  |-----------.  .------------------>   may step: CLOCK_REALTIME, UTC
 *
 * A span is a plain int64_t of nanoseconds.  An instant is a span since the origin of one clock,
 * and its type says which: two instants can only be subtracted by the function made for their
 * clock, so a round trip that mixes clocks does not compile.  An instant of 0 means "not known".
 *
 * The session, the schedule and the statistics are told what time it is and never ask; that is
 * what lets an hour of network pass in a second of test.  Only net and app call clock_mono().
 */
#pragma once

#include <pthread.h>

#include "base/base.h"

#define NS_PER_SEC INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_US INT64_C(1000)

struct mono { /* never steps: schedules, time-outs, round trips */
	int64_t ns;
};

struct wall { /* may step: labels, one-way delays */
	int64_t ns;
};

/* No instant at all: later than every other, for "nothing is due". */
#define MONO_NEVER ((struct mono){ INT64_MAX })

struct mono clock_mono(void);
struct wall clock_wall(void);

/* How long the machine has been suspended since it was booted: CLOCK_BOOTTIME - CLOCK_MONOTONIC. */
int64_t clock_suspended(void);

/* Processor time of a thread of this process, to be read from any other. */
struct cpu_clock {
	clockid_t id;
};

/* The thread has not been joined yet.  -ESRCH when it has ended, -ENOENT where there is no such clock. */
MUST_CHECK int cpu_clock_of(pthread_t thread, struct cpu_clock *out);

/* -EINVAL when the thread has ended. */
MUST_CHECK int cpu_clock_read(struct cpu_clock clock, int64_t *out);

/* A span, or a mean of spans, as people read it. */
static inline double span_ms(double span)
{
	return span / (double)NS_PER_MS;
}

static inline int64_t mono_since(struct mono later, struct mono earlier)
{
	return later.ns - earlier.ns;
}

/* Of one clock, and only where no step of it can lie between. */
static inline int64_t wall_since(struct wall later, struct wall earlier)
{
	return later.ns - earlier.ns;
}

static inline struct mono mono_add(struct mono t, int64_t span)
{
	return (struct mono){ t.ns + span };
}

static inline bool mono_before(struct mono a, struct mono b)
{
	return a.ns < b.ns;
}

static inline struct mono mono_earlier(struct mono a, struct mono b)
{
	return a.ns < b.ns ? a : b;
}

static inline bool mono_known(struct mono t)
{
	return t.ns != 0;
}
