/* SPDX-License-Identifier: MIT */
#include "service/worker.h"

#include <errno.h>
#include <stdlib.h>

#include "net/datagram.h"
#include "net/socket.h"
#include "service/conversation.h"
#include "service/desk.h"
#include "service/listeners.h"
#include "service/reflectors.h"
#include "service/services.h"
#include "service/turns.h"

#define DRAIN_AT_MOST (5 * NS_PER_SEC)

enum {
	HAPPENINGS = 256,
	UNHEARD_TURNS = 64, /* enough to hear 16384 connections */
	DEAF_TURNS = 500, /* of 10 ms: a loop that fails for so long is not going to recover */
	STACK = 64 << 10, /* as far as it is ever used */
};

enum watch_kind {
	WATCH_CONNECTION,
	WATCH_REFLECTOR,
	WATCH_LISTENER,
	WATCH_DESK,
	WATCH_STOP,
};

struct worker {
	struct loop loop;
	struct watch stop;
	atomic_bool stopping;
	bool draining;
	struct mono ends; /* at the latest */
	unsigned unheard; /* turns in a row that may have left somebody unheard */
	unsigned deaf;    /* turns in a row that began without a wait */
	bool timed;
	struct turns turns;

	struct desk *desk;
	const struct stamp_setup *stamp;
	struct judge judge;
	struct service services[SERVICES_MAX];
	struct streams streams;
	struct listeners listeners;
	struct reflectors reflectors;
};

static int init(struct worker *worker, const struct worker_setup *setup)
{
	int result = loop_init(&worker->loop);

	if (result == 0)
		result = loop_watch_wakes(&worker->loop, &worker->stop);
	if (result == 0 && worker->desk) {
		worker->desk->to_worker.kind = WATCH_DESK;
		result = loop_watch_wakes(&worker->loop, &worker->desk->to_worker);
	}
	if (result == 0)
		result = streams_init(&worker->streams, &worker->loop, setup->limits,
		                      worker->services, WATCH_CONNECTION);
	if (result == 0)
		result = judge_init(&worker->judge, setup->guard, setup->limits);
	if (result == 0)
		result = listeners_init(&worker->listeners, &worker->loop, &worker->streams);
	return result;
}

int worker_new(struct worker **out, const struct worker_setup *setup, struct desk *desk,
               struct err *err)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return err_set(err, -ENOMEM, "cannot start a worker: out of memory");
	worker->desk = desk;
	worker->timed = setup->timed;
	worker->reflectors = (struct reflectors){
		.loop = &worker->loop,
		.judge = &worker->judge,
		.bursts = setup->bursts,
		.spins = setup->spins,
	};
	worker->stamp = setup->stamp;
	worker->stop = (struct watch){ .fd = -1, .kind = WATCH_STOP };
	worker->ends = MONO_NEVER;
	worker->listeners.reserve = -1;
	int result = init(worker, setup);

	if (result < 0) {
		worker_free(worker);
		return err_set(err, result, "cannot start a worker: %s",
		               err_reason(result).text);
	}
	*out = worker;
	return 0;
}

static void close_services(struct worker *worker)
{
	for (size_t i = 0; i < SERVICES_MAX; i++) {
		struct service *service = &worker->services[i];

		if (service->ops && service->ops->close)
			service->ops->close(service->state);
		free(service->state);
	}
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	streams_done(&worker->streams);
	listeners_done(&worker->listeners);
	reflectors_done(&worker->reflectors);
	close_services(worker);
	judge_done(&worker->judge);
	if (worker->desk)
		socket_close(&worker->desk->to_worker.fd);
	socket_close(&worker->stop.fd);
	loop_done(&worker->loop);
	free(worker);
}

/* Opens the service where it is not yet open; returns its number. */
static int open_service(struct worker *worker, const struct service_ops *ops, struct err *err)
{
	struct service_setup setup = { .desk = worker->desk, .stamp = worker->stamp };
	int number = 0;

	while (worker->services[number].ops && worker->services[number].ops != ops)
		number++;
	struct service *service = &worker->services[number];

	if (service->ops)
		return number; /* at another address */
	service->state = calloc(1, ops->state_size ? ops->state_size : 1);
	if (!service->state)
		return err_set(err, -ENOMEM, "cannot open %s: out of memory", ops->name);
	setup.counters = &service->counters;
	int result = ops->open ? ops->open(service->state, &setup, err) : 0;

	if (result < 0) {
		free(service->state);
		service->state = NULL;
		return result;
	}
	service->ops = ops;
	return number;
}

int worker_serve(struct worker *worker, const struct service_ops *ops, int fd,
                 bool many_addresses, struct err *err)
{
	int number = open_service(worker, ops, err);

	if (number < 0) {
		socket_close(&fd);
		return number;
	}
	int result =
		ops->type == SOCK_STREAM
			? listeners_add(&worker->listeners, fd, (size_t)number, WATCH_LISTENER)
			: reflectors_add(&worker->reflectors, fd, &worker->services[number],
	                                 many_addresses, WATCH_REFLECTOR);

	if (result < 0)
		return err_set(err, result, "cannot serve %s: %s", ops->name,
		               err_reason(result).text);
	return 0;
}

/* A backlog may have half as much room again as bytes that wait in it. */
static size_t room_of(size_t owed)
{
	return owed + owed / 2;
}

size_t worker_memory_max(const struct limits *limits, size_t count)
{
	size_t own = sizeof(struct worker) + STACK + STREAM_IN_ROOM + STREAM_OUT_ROOM +
	             reflectors_size() + judge_size() + desk_size();
	/* All that may be owed, and what one turn can add to that before anybody looks. */
	size_t owed = limits->owed_max + room_of(limits->owed_by_one + STREAM_IN_ROOM);
	/* From then on each may still owe a little and have asked as much. */
	size_t each = sizeof(struct connection) * count + sizeof(struct busy) +
	              2 * room_of(OWED_WHEN_SHORT + STREAM_LAST_ROOM);

	return (own + owed + limits->state_bytes) * count + each * limits->room;
}

/* --- what it has counted --- */

const struct service_counters *worker_service(const struct worker *worker, size_t number,
                                              const struct service_ops **ops)
{
	if (number >= SERVICES_MAX || !worker->services[number].ops)
		return NULL;
	*ops = worker->services[number].ops;
	return &worker->services[number].counters;
}

uint64_t worker_backlog(const struct worker *worker)
{
	return counter_read(&worker->streams.owed);
}

uint64_t worker_pauses(const struct worker *worker)
{
	return counter_read(&worker->listeners.pauses);
}

const struct turns *worker_turns(const struct worker *worker)
{
	return &worker->turns;
}

/* --- running --- */

static void take_answers(struct worker *worker)
{
	struct desk_answer answer;

	loop_take_wake(&worker->desk->to_worker);
	while (desk_next_answer(worker->desk, &answer))
		conversation_answer(&worker->streams, answer.ticket, answer.line, answer.last);
}

static void handle(struct worker *worker, const struct happening *happening)
{
	struct watch *watch = happening->watch;

	switch ((enum watch_kind)watch->kind) {
	case WATCH_CONNECTION:
		if (watch->fd >= 0) /* it may have been closed in this very turn */
			conversation_turn(&worker->streams,
			                  CONTAINER_OF(watch, struct connection, watch),
			                  happening->ready);
		return;
	case WATCH_REFLECTOR:
		reflector_turn(CONTAINER_OF(watch, struct reflector, watch),
		               worker->streams.now);
		return;
	case WATCH_LISTENER:
		listeners_mark(watch);
		return;
	case WATCH_DESK:
		take_answers(worker);
		return;
	case WATCH_STOP:
		loop_take_wake(watch);
		worker->streams.due = worker->streams.now; /* time-outs may be others now */
		return;
	}
}

/* What came before the signal is still taken in and answered; what comes after it is not. */
static void begin_to_end(struct worker *worker)
{
	worker->draining = true;
	worker->ends = mono_add(worker->streams.now, DRAIN_AT_MOST);
	listeners_close(&worker->listeners);
	reflectors_close(&worker->reflectors, worker->streams.now);
	streams_drain(&worker->streams);
}

/* Whoever has something to read is not silent: nobody is judged before all were heard. */
static bool all_were_heard(struct worker *worker, int count)
{
	if (count < 0)
		return false;
	worker->unheard = count < HAPPENINGS ? 0 : worker->unheard + 1;
	return worker->unheard % UNHEARD_TURNS == 0;
}

static void turn(struct worker *worker, const struct happening *happenings, int count)
{
	struct streams *streams = &worker->streams;

	streams_begin_turn(streams, clock_mono());
	if (worker->timed)
		turns_begin(&worker->turns, streams->now);
	for (int i = 0; i < count; i++)
		handle(worker, &happenings[i]);
	reflectors_turn(&worker->reflectors, streams->now);
	listeners_accept(&worker->listeners);
	listeners_resume(&worker->listeners);
	if (all_were_heard(worker, count) && !mono_before(streams->now, streams->due))
		streams_sweep(streams);
	if (!worker->draining && atomic_load(&worker->stopping))
		begin_to_end(worker);
	counter_add(&worker->turns.count, 1);
}

static bool has_ended(const struct worker *worker)
{
	return worker->draining && (worker->streams.slots.count == 0 ||
	                            !mono_before(worker->streams.now, worker->ends));
}

/* When something is to be done though nothing happens. */
static struct mono due_of(const struct worker *worker)
{
	struct mono due = mono_earlier(worker->streams.due, worker->listeners.resumes);

	due = mono_earlier(due, reflectors_next(&worker->reflectors, worker->streams.now));
	return mono_earlier(due, worker->ends);
}

int worker_run(struct worker *worker)
{
	struct happening happenings[HAPPENINGS];

	while (!has_ended(worker)) {
		loop_arm(&worker->loop, due_of(worker));
		int count = reflectors_any_hot(&worker->reflectors)
		                    ? loop_poll(&worker->loop, happenings, HAPPENINGS)
		                    : loop_wait(&worker->loop, happenings, HAPPENINGS);

		worker->deaf = count < 0 ? worker->deaf + 1 : 0;
		if (worker->deaf > DEAF_TURNS && !worker->draining)
			return count;
		turn(worker, happenings, count);
		if (worker->timed)
			turns_end(&worker->turns, clock_mono());
	}
	return 0;
}

void worker_stop(struct worker *worker)
{
	atomic_store(&worker->stopping, true);
	loop_wake(&worker->stop);
}

void worker_prod(struct worker *worker)
{
	loop_wake(&worker->stop);
}

void worker_set_rate(struct worker *worker, int64_t per_second)
{
	rate_set(worker->judge.rate, per_second);
}
