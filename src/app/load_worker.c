/* SPDX-License-Identifier: MIT */
#include "app/load_worker.h"

#include <errno.h>

#include "app/usage.h"
#include "net/socket.h"

enum { HAPPENINGS = 128 };

/* After this, connections that are not made yet are waited for no more. */
#define OPENING_MOST (2 * NS_PER_SEC)

#define FAR_AWAY (INT64_C(365) * 86400 * NS_PER_SEC)

int worker_init(struct worker *worker, const struct load_plan *plan, const struct watch *news,
                struct err *err)
{
	struct load_plan own = *plan;

	*worker = (struct worker){
		.connections = plan->reconnect ? 0 : plan->connections,
		.warmup = plan->warmup,
		.duration = plan->duration,
		.wake.fd = -1,
		.news = news,
		.from = MONO_NEVER,
		.until = MONO_NEVER,
	};
	int result = loop_init(&worker->loop);

	if (result == 0)
		result = loop_watch_wakes(&worker->loop, &worker->wake);
	if (result == 0)
		result = load_tally_init(&worker->handed);
	if (result < 0)
		return err_set(err, result, "cannot start: %s", err_reason(result).text);
	own.loop = &worker->loop;
	own.start = mono_add(clock_mono(), FAR_AWAY);
	return driver_new(&worker->driver, &own, err);
}

void worker_done(struct worker *worker)
{
	worker_join(worker);
	driver_free(worker->driver);
	worker->driver = NULL;
	load_tally_done(&worker->handed);
	socket_close(&worker->wake.fd);
	loop_done(&worker->loop);
}

/* --- in the thread --- */

static void read_clocks(struct mono now, struct worker_cost *out)
{
	struct cpu_clock clock;

	*out = (struct worker_cost){ .span = now.ns, .waited = usage_waited() };
	if (cpu_clock_of(pthread_self(), &clock) < 0 || cpu_clock_read(clock, &out->cpu) < 0)
		out->cpu = 0;
}

/* What it costs is taken over the time that is measured. */
static void note_cost(struct worker *worker, struct mono now)
{
	struct worker_cost *cost = &worker->cost, end;

	if (!worker->begun && !mono_before(now, worker->from)) {
		worker->begun = true;
		read_clocks(now, cost);
	}
	if (!worker->begun || worker->ended || mono_before(now, worker->until))
		return;
	worker->ended = true;
	read_clocks(now, &end);
	cost->span = end.span - cost->span;
	cost->cpu = end.cpu - cost->cpu;
	cost->waited = cost->waited < 0 || end.waited < 0 ? -1 : end.waited - cost->waited;
}

static void take_start(struct worker *worker)
{
	struct mono start = { atomic_load_explicit(&worker->start, memory_order_relaxed) };

	if (start.ns == 0 || worker->from.ns != INT64_MAX)
		return;
	worker->from = mono_add(start, worker->warmup);
	if (worker->duration > 0)
		worker->until = mono_add(worker->from, worker->duration);
	driver_set_start(worker->driver, mono_add(start, worker->delay));
}

static void hand_over(struct worker *worker)
{
	driver_take_progress(worker->driver, &worker->handed);
	atomic_store(&worker->handing, HANDING_DONE);
	loop_wake(worker->news);
}

/* Looks for what its owner wants. */
static void obey(struct worker *worker, struct mono now)
{
	take_start(worker);
	if (atomic_load_explicit(&worker->handing, memory_order_acquire) == HANDING_ASKED)
		hand_over(worker);
	if (!atomic_load_explicit(&worker->stop, memory_order_relaxed))
		return;
	worker->until = mono_earlier(worker->until, now);
	driver_stop(worker->driver, now);
}

static void say_open(struct worker *worker, struct mono now)
{
	if (atomic_load_explicit(&worker->phase, memory_order_relaxed) != WORKER_OPENING)
		return;
	if (driver_open_lanes(worker->driver) < worker->connections &&
	    mono_since(now, worker->opened) < OPENING_MOST)
		return;
	atomic_store(&worker->phase, WORKER_OPEN);
	loop_wake(worker->news);
}

/* When there is something to do that the driver does not know of. */
static struct mono next_note(const struct worker *worker)
{
	if (atomic_load_explicit(&worker->phase, memory_order_relaxed) == WORKER_OPENING)
		return mono_add(worker->opened, OPENING_MOST);
	if (!worker->begun)
		return worker->from;
	return worker->ended ? MONO_NEVER : worker->until;
}

static int wait_for(struct worker *worker, struct mono next, struct happening *happenings)
{
	if (next.ns <= clock_mono().ns)
		return loop_poll(&worker->loop, happenings, HAPPENINGS);
	loop_arm(&worker->loop, next);
	return loop_wait(&worker->loop, happenings, HAPPENINGS);
}

static void take_turn(struct worker *worker)
{
	struct happening happenings[HAPPENINGS];
	struct mono now = clock_mono();

	obey(worker, now);
	struct mono next = driver_step(worker->driver, now);

	say_open(worker, now);
	note_cost(worker, now);
	if (driver_finished(worker->driver))
		return;
	int count = wait_for(worker, mono_earlier(next, next_note(worker)), happenings);

	now = clock_mono();
	for (int i = 0; i < count; i++)
		if (happenings[i].watch == &worker->wake)
			loop_take_wake(&worker->wake);
		else
			driver_heard(worker->driver, happenings[i].watch, now);
}

static void *work(void *state)
{
	struct worker *worker = state;

	loop_be_punctual();
	worker->opened = clock_mono();
	driver_begin(worker->driver, worker->opened);
	while (!driver_finished(worker->driver))
		take_turn(worker);
	note_cost(worker, clock_mono());
	atomic_store(&worker->phase, WORKER_FINISHED);
	loop_wake(worker->news);
	return NULL;
}

/* --- its owner --- */

int worker_start(struct worker *worker)
{
	int result = pthread_create(&worker->thread, NULL, work, worker);

	worker->running = result == 0;
	return -result;
}

void worker_set_start(struct worker *worker, struct mono start)
{
	atomic_store(&worker->start, start.ns);
	loop_wake(&worker->wake);
}

void worker_stop(struct worker *worker)
{
	atomic_store(&worker->stop, true);
	loop_wake(&worker->wake);
}

void worker_ask(struct worker *worker)
{
	atomic_store(&worker->handing, HANDING_ASKED);
	loop_wake(&worker->wake);
}

/* A thread that has ended hands nothing over any more: then its driver is the owner's. */
bool worker_take(struct worker *worker, struct load_tally *out)
{
	bool finished = worker_phase(worker) == WORKER_FINISHED;

	if (atomic_load(&worker->handing) == HANDING_ASKED && !finished)
		return false;
	if (finished)
		driver_take_progress(worker->driver, &worker->handed);
	load_tally_merge(out, &worker->handed);
	load_tally_clear(&worker->handed);
	atomic_store(&worker->handing, HANDING_NOTHING);
	return true;
}

void worker_join(struct worker *worker)
{
	if (!worker->running)
		return;
	worker_stop(worker);
	(void)pthread_join(worker->thread, NULL);
	worker->running = false;
}
