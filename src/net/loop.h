/* SPDX-License-Identifier: MIT */
/* loop -- waiting for many descriptors, one instant and the process' signals.
 *
 * There are no callbacks: loop_wait() says what happened, and whoever called it does the work.  A
 * struct watch is embedded in what it watches; its kind is the owner's own mark, to find back the
 * struct around it.  Level-triggered, so work left undone is told again.
 */
#pragma once

#include "core/clock.h"

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_ERROR = 4 };

struct watch {
	int fd; /* -1 = none */
	int kind;
};

struct happening {
	struct watch *watch;
	unsigned ready; /* LOOP_READ | LOOP_WRITE | LOOP_ERROR */
};

enum { LOOP_FEW = 12 };

struct loop {
	int epoll, timer;
	struct mono armed;
	struct watch *few[LOOP_FEW]; /* those that are watched by poll(2) */
	short interest[LOOP_FEW];
	size_t few_count;
	unsigned failed; /* waits in a row */
};

/* Negative errno on failure; loop_done() may follow all the same. */
MUST_CHECK int loop_init(struct loop *loop);

/* The same for those who measure.  A watched socket calls back to its epoll whenever its state changes,
 * also in the middle of sending, between the stamp of a packet's departure and the wire.  As long
 * as the watches are few they are handed to poll(2) instead, which hangs on a socket only while it
 * waits. */
MUST_CHECK int loop_init_discreet(struct loop *loop);
void loop_done(struct loop *loop);

/* Watches watch->fd until loop_unwatch(); the watch must not move meanwhile. */
MUST_CHECK int loop_watch(struct loop *loop, struct watch *watch, unsigned interest);
void loop_rewatch(struct loop *loop, struct watch *watch, unsigned interest);
void loop_unwatch(struct loop *loop, struct watch *watch);

/* The watch is going to be closed, which ends the watching by itself. */
void loop_forget(struct loop *loop, const struct watch *watch);

/* loop_wait() returns at this instant at the latest, to the precision of the kernel's timers.
 * MONO_NEVER: no instant. */
void loop_arm(struct loop *loop, struct mono deadline);

/* Waits; returns how many of happenings were filled: 0 when the instant came first.  Negative errno
 * when there was no waiting, as after SIGCONT: then nothing is known of what may have happened, and it
 * is for the caller to call again.  Waits that keep failing take a moment each, and no processor. */
int loop_wait(struct loop *loop, struct happening *happenings, int room);

/* Takes what has happened already, without waiting. */
int loop_poll(struct loop *loop, struct happening *happenings, int room);

/* From now on these signals (ended by 0) do not interrupt but make the watch readable; threads
 * started later have them blocked too. */
MUST_CHECK int loop_watch_signals(struct loop *loop, struct watch *watch, const int *signals);

/* The signals act as they do in any program again; those that were taken are forgotten. */
void loop_release_signals(struct watch *watch);

/* The next signal that came, 0 when there is none. */
int loop_take_signal(struct watch *watch);

/* A watch that any thread can make readable with loop_wake(). */
MUST_CHECK int loop_watch_wakes(struct loop *loop, struct watch *watch);
void loop_wake(const struct watch *watch);
void loop_take_wake(struct watch *watch);

/* True when a line can be written to fd without waiting for its reader. */
bool loop_may_write(int fd);

/* Asks for what an ordinary user may have: the least slack in this thread's timers, and a short slice
 * of the processor, so that it comes sooner. */
void loop_be_punctual(void);
