/* SPDX-License-Identifier: MIT */
#include "service/worker.h"

#include <errno.h>
#include <stdlib.h>

#include "net/datagram.h"
#include "net/socket.h"
#include "service/conversation.h"
#include "service/desk.h"
#include "service/listeners.h"
#include "service/reflector.h"
#include "service/services.h"

#define DRAIN_AT_MOST (5 * NS_PER_SEC)

enum {
	HAPPENINGS = 256,
	UNHEARD_TURNS = 64, /* enough to hear 16384 connections */
	DATAGRAM_ROOM = 65535,
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
	struct counter turns;

	struct desk *desk;
	const struct stamp_setup *stamp;
	struct judge judge;
	struct service services[SERVICES_MAX];
	struct streams streams;
	struct listeners listeners;
	struct reflector *reflectors;
	struct datagrams *plain, *detailed;
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

static void close_reflectors(struct worker *worker)
{
	struct reflector *reflector;

	while ((reflector = worker->reflectors)) {
		worker->reflectors = reflector->next;
		loop_unwatch(&worker->loop, &reflector->watch); /* as in listeners.c */
		socket_close(&reflector->watch.fd);
		free(reflector);
	}
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
	close_reflectors(worker);
	close_services(worker);
	judge_done(&worker->judge);
	datagrams_free(worker->plain);
	datagrams_free(worker->detailed);
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

/* Room for the datagrams of all reflectors that want as much told of each; made when first needed. */
static int find_room(struct worker *worker, bool details, struct datagrams **out)
{
	struct datagrams **datagrams = details ? &worker->detailed : &worker->plain;
	int result = *datagrams ? 0 : datagrams_new(datagrams, DATAGRAM_ROOM, details);

	if (result == 0)
		*out = *datagrams;
	return result;
}

static int add_reflector(struct worker *worker, int fd, struct service *service,
                         bool many_addresses)
{
	bool decays = worker->judge.repeats && service->ops->ttl_decays;
	bool details = many_addresses || decays || service->ops->details;
	struct datagrams *datagrams = NULL;
	struct reflector *reflector = malloc(sizeof(*reflector));
	int result = reflector ? find_room(worker, details, &datagrams) : -ENOMEM;

	if (result == 0) {
		*reflector = (struct reflector){
			.watch = { .fd = fd, .kind = WATCH_REFLECTOR },
			.loop = &worker->loop,
			.service = service,
			.judge = &worker->judge,
			.decays = decays,
			.datagrams = datagrams,
			.next = worker->reflectors,
		};
		result = reflector_prepare(reflector, service->ops);
	}
	if (result < 0) {
		free(reflector);
		socket_close(&fd);
		return result;
	}
	worker->reflectors = reflector;
	return loop_watch(&worker->loop, &reflector->watch, LOOP_READ);
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
			: add_reflector(worker, fd, &worker->services[number], many_addresses);

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
	             2 * datagrams_size(DATAGRAM_ROOM) + judge_size() + desk_size();
	/* All that may be owed, and what one turn can add to that before anybody looks. */
	size_t owed = limits->owed_max + room_of(limits->owed_by_one + STREAM_IN_ROOM);
	/* From then on each may still owe a little and have asked as much. */
	size_t each = sizeof(struct connection) * count + sizeof(struct busy) +
	              2 * room_of(OWED_WHEN_SHORT + STREAM_LAST_ROOM);

	return (own + owed + limits->state_bytes) * count + each * limits->room;
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

static bool is_any_hot(const struct worker *worker)
{
	for (const struct reflector *each = worker->reflectors; each; each = each->next)
		if (each->hot)
			return true;
	return false;
}

static void turn_hot(struct worker *worker)
{
	for (struct reflector *each = worker->reflectors; each; each = each->next)
		if (each->hot)
			reflector_turn(each, worker->streams.now);
}

/* What came before the signal is still taken in and answered; what comes after it is not. */
static void begin_to_end(struct worker *worker)
{
	worker->draining = true;
	worker->ends = mono_add(worker->streams.now, DRAIN_AT_MOST);
	listeners_close(&worker->listeners);
	for (struct reflector *each = worker->reflectors; each; each = each->next)
		reflector_drain(each, worker->streams.now);
	close_reflectors(worker);
	streams_drain(&worker->streams);
}

/* Whoever has something to read is not silent: nobody is judged before all were heard. */
static bool all_were_heard(struct worker *worker, int count)
{
	worker->unheard = count < HAPPENINGS ? 0 : worker->unheard + 1;
	return worker->unheard % UNHEARD_TURNS == 0;
}

static void turn(struct worker *worker, const struct happening *happenings, int count)
{
	struct streams *streams = &worker->streams;

	streams_begin_turn(streams, clock_mono());
	for (int i = 0; i < count; i++)
		handle(worker, &happenings[i]);
	turn_hot(worker);
	listeners_accept(&worker->listeners);
	listeners_resume(&worker->listeners);
	if (all_were_heard(worker, count) && !mono_before(streams->now, streams->due))
		streams_sweep(streams);
	if (!worker->draining && atomic_load(&worker->stopping))
		begin_to_end(worker);
	counter_add(&worker->turns, 1);
}

static bool has_ended(const struct worker *worker)
{
	return worker->draining && (worker->streams.slots.count == 0 ||
	                            !mono_before(worker->streams.now, worker->ends));
}

void worker_run(struct worker *worker)
{
	struct happening happenings[HAPPENINGS];

	while (!has_ended(worker)) {
		struct mono due = mono_earlier(worker->streams.due, worker->listeners.resumes);

		loop_arm(&worker->loop, mono_earlier(due, worker->ends));
		int count = is_any_hot(worker)
		                    ? loop_poll(&worker->loop, happenings, HAPPENINGS)
		                    : loop_wait(&worker->loop, happenings, HAPPENINGS);

		turn(worker, happenings, count);
	}
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

uint64_t worker_turns(const struct worker *worker)
{
	return counter_read(&worker->turns);
}

void worker_set_rate(struct worker *worker, int64_t per_second)
{
	rate_set(worker->judge.rate, per_second);
}
