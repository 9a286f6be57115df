/* SPDX-License-Identifier: MIT */
#include "service/listeners.h"

#include <errno.h>
#include <stdlib.h>

#include "net/socket.h"

#define PAUSE (100 * NS_PER_MS)

enum {
	ACCEPTS_PER_TURN = 32, /* so that newcomers do not starve the others */
	ACCEPTS_AT_END = 8192, /* twice what a queue can hold */
};

/* Any descriptor will do; this one can neither speak nor hear. */
static void refill_reserve(struct listeners *listeners)
{
	if (listeners->reserve < 0)
		listeners->reserve = socket_open(AF_UNIX, SOCK_DGRAM, 0);
}

int listeners_init(struct listeners *listeners, struct loop *loop, struct streams *streams)
{
	*listeners = (struct listeners){
		.loop = loop,
		.streams = streams,
		.reserve = -1,
		.resumes = MONO_NEVER,
	};
	refill_reserve(listeners);
	return listeners->reserve < 0 ? listeners->reserve : 0;
}

static void close_all(struct listeners *listeners)
{
	struct listener *listener;

	while ((listener = listeners->first)) {
		listeners->first = listener->next;
		/* Where somebody else holds the socket, closing alone does not end the watching. */
		loop_unwatch(listeners->loop, &listener->watch);
		socket_close(&listener->watch.fd);
		free(listener);
	}
}

void listeners_done(struct listeners *listeners)
{
	close_all(listeners);
	socket_close(&listeners->reserve);
}

int listeners_add(struct listeners *listeners, int fd, size_t service, int kind)
{
	struct listener *listener = malloc(sizeof(*listener));

	if (!listener) {
		socket_close(&fd);
		return -ENOMEM;
	}
	*listener = (struct listener){
		.watch = { .fd = fd, .kind = kind },
		.service = service,
		.next = listeners->first,
	};
	listeners->first = listener;
	return loop_watch(listeners->loop, &listener->watch, LOOP_READ);
}

void listeners_mark(struct watch *watch)
{
	CONTAINER_OF(watch, struct listener, watch)->ready = true;
}

static bool is_of_descriptors(int result)
{
	return result == -EMFILE || result == -ENFILE;
}

/* What accept() says of a connection that is gone already, or of its network (accept(2)). */
static bool is_of_one_connection(int result)
{
	switch (result) {
	case -EINTR:
	case -ECONNABORTED:
	case -EPROTO:
	case -EPERM:
	case -ENETDOWN:
	case -ENOPROTOOPT:
	case -EHOSTDOWN:
	case -ENONET:
	case -EHOSTUNREACH:
	case -EOPNOTSUPP:
	case -ENETUNREACH:
		return true;
	default:
		return false;
	}
}

/* There is no descriptor left: one who waits is let in by the reserve, to be closed. */
static int turn_away(struct listeners *listeners, const struct listener *listener)
{
	socket_close(&listeners->reserve);
	int fd = socket_accept(listener->watch.fd, NULL);

	if (fd >= 0) {
		counter_add(
			&listeners->streams->services[listener->service].counters.turned_away,
			1);
		socket_close(&fd);
		fd = 0;
	}
	refill_reserve(listeners);
	return fd;
}

static void pause_all(struct listeners *listeners)
{
	for (struct listener *listener = listeners->first; listener; listener = listener->next)
		loop_rewatch(listeners->loop, &listener->watch, 0);
	listeners->resumes = mono_add(listeners->streams->now, PAUSE);
	counter_add(&listeners->pauses, 1);
}

/* Takes in up to most newcomers; false when none can be had, for want of descriptors or of memory, or
 * because each that was asked for failed: a firewall may refuse one for as long as it waits. */
static bool accept_some(struct listeners *listeners, const struct listener *listener, int most)
{
	bool short_of_descriptors = false;
	int failed = 0;

	for (int i = 0; i < most; i++) {
		int fd = short_of_descriptors ? turn_away(listeners, listener)
		                              : socket_accept(listener->watch.fd, NULL);

		if (fd >= 0 && !short_of_descriptors)
			streams_open(listeners->streams, fd, listener->service);
		failed += fd < 0;
		if (fd >= 0 || is_of_one_connection(fd))
			continue;
		if (short_of_descriptors || fd == -EAGAIN || !is_of_descriptors(fd))
			return fd == -EAGAIN && !short_of_descriptors;
		short_of_descriptors = true;
	}
	return !short_of_descriptors && failed < most;
}

void listeners_accept(struct listeners *listeners)
{
	bool enough = true;

	for (struct listener *listener = listeners->first; listener;
	     listener = listener->next) {
		if (listener->ready)
			enough &= accept_some(listeners, listener, ACCEPTS_PER_TURN);
		listener->ready = false;
	}
	if (!enough)
		pause_all(listeners);
}

void listeners_resume(struct listeners *listeners)
{
	if (mono_before(listeners->streams->now, listeners->resumes))
		return;
	listeners->resumes = MONO_NEVER;
	refill_reserve(listeners);
	for (struct listener *listener = listeners->first; listener; listener = listener->next)
		loop_rewatch(listeners->loop, &listener->watch, LOOP_READ);
}

void listeners_close(struct listeners *listeners)
{
	for (struct listener *listener = listeners->first; listener; listener = listener->next)
		(void)accept_some(listeners, listener, ACCEPTS_AT_END);
	close_all(listeners);
	listeners->resumes = MONO_NEVER;
}
