/* SPDX-License-Identifier: MIT */
#include "service/reflectors.h"

#include <errno.h>
#include <stdlib.h>

#include "net/datagram.h"
#include "net/socket.h"

#define BUSY_POLL (50 * NS_PER_US)
#define REST (10 * NS_PER_MS) /* between attempts of what the system refuses */

enum { DATAGRAM_ROOM = 65535 };

static void close_all(struct reflectors *reflectors)
{
	struct reflector *reflector;

	while ((reflector = reflectors->first)) {
		reflectors->first = reflector->next;
		loop_unwatch(reflectors->loop, &reflector->watch); /* as in listeners.c */
		socket_close(&reflector->watch.fd);
		free(reflector);
	}
}

void reflectors_done(struct reflectors *reflectors)
{
	close_all(reflectors);
	datagrams_free(reflectors->plain);
	datagrams_free(reflectors->detailed);
}

/* Room for the datagrams of all reflectors that want as much told of each. */
static int find_room(struct reflectors *reflectors, bool details, struct datagrams **out)
{
	struct datagrams **datagrams = details ? &reflectors->detailed : &reflectors->plain;
	int result = *datagrams ? 0 : datagrams_new(datagrams, DATAGRAM_ROOM, details);

	if (result == 0)
		*out = *datagrams;
	return result;
}

static int prepare(const struct reflectors *reflectors, struct reflector *reflector,
                   bool bursts)
{
	int result = reflector_prepare(reflector, reflector->service->ops);

	if (result == 0 && bursts)
		result = socket_want_bursts(reflector->watch.fd);
	if (reflectors->spins)
		socket_poll_busily(reflector->watch.fd, BUSY_POLL);
	return result;
}

int reflectors_add(struct reflectors *reflectors, int fd, struct service *service,
                   bool many_addresses, int kind)
{
	const struct service_ops *ops = service->ops;
	bool decays = reflectors->judge->repeats && ops->ttl_decays;
	bool bursts = reflectors->bursts && !ops->seal;
	bool details = many_addresses || decays || bursts || ops->details;
	struct datagrams *datagrams = NULL;
	struct reflector *reflector = malloc(sizeof(*reflector));
	int result = reflector ? find_room(reflectors, details, &datagrams) : -ENOMEM;

	if (result == 0) {
		*reflector = (struct reflector){
			.watch = { .fd = fd, .kind = kind },
			.loop = reflectors->loop,
			.service = service,
			.judge = reflectors->judge,
			.decays = decays,
			.datagrams = datagrams,
			.next = reflectors->first,
			.hot = reflectors->spins,
			.spins = reflectors->spins,
		};
		result = prepare(reflectors, reflector, bursts);
	}
	if (result < 0) {
		free(reflector);
		socket_close(&fd);
		return result;
	}
	reflectors->first = reflector;
	return reflectors->spins ? 0
	                         : loop_watch(reflectors->loop, &reflector->watch, LOOP_READ);
}

bool reflectors_any_hot(const struct reflectors *reflectors)
{
	for (const struct reflector *each = reflectors->first; each; each = each->next)
		if (each->hot && !each->failing)
			return true;
	return false;
}

struct mono reflectors_next(const struct reflectors *reflectors, struct mono now)
{
	for (const struct reflector *each = reflectors->first; each; each = each->next)
		if (each->failing)
			return mono_add(now, REST);
	return MONO_NEVER;
}

void reflectors_turn(struct reflectors *reflectors, struct mono now)
{
	for (struct reflector *each = reflectors->first; each; each = each->next)
		if (each->hot)
			reflector_turn(each, now);
}

void reflectors_close(struct reflectors *reflectors, struct mono now)
{
	for (struct reflector *each = reflectors->first; each; each = each->next)
		reflector_drain(each, now);
	close_all(reflectors);
}

size_t reflectors_size(void)
{
	return 2 * datagrams_size(DATAGRAM_ROOM);
}
