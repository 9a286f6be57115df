/* SPDX-License-Identifier: MIT */
#include "service/reflector.h"

#include "net/datagram.h"

enum {
	LOOK_EVERY = 8, /* turns between looks whether more than one waits */
	HOT_FROM = 4,   /* waiting at once: worth two calls to leave the loop and return */
	BATCHES_AT_END = 8192, /* many times what the receive buffer holds */
};

static bool may_be_answered(const struct reflector *reflector, const struct datagram *datagram)
{
	if (datagram->to_many || datagram->truncated ||
	    guard_is_silent(reflector->guard, address_port(&datagram->peer)))
		return false;
	return !reflector->rate || address_is_loopback(&datagram->peer) ||
	       rate_allows(reflector->rate, &datagram->peer, clock_mono());
}

static bool answer(const struct reflector *reflector, struct datagram *datagram)
{
	const struct service *service = reflector->service;

	if (!may_be_answered(reflector, datagram))
		return false;
	if (!service->ops->answer(service->state, datagram))
		return false;
	if (service->ops->seal)
		service->ops->seal(service->state, datagram, clock_wall());
	return true;
}

static void tell_sent(const struct reflector *reflector, int count)
{
	const struct service *service = reflector->service;

	if (!service->ops->sent)
		return;
	for (int i = 0; i < count; i++) {
		const struct datagram *datagram = datagrams_at(reflector->datagrams, i);

		if (datagram->answered)
			service->ops->sent(service->state, datagram);
	}
}

/* Answers up to most; returns how many there were. */
static int reflect(const struct reflector *reflector, int most)
{
	int count = datagrams_receive(reflector->datagrams, reflector->watch.fd, most);

	for (int i = 0; i < count; i++) {
		struct datagram *datagram = datagrams_at(reflector->datagrams, i);

		datagram->answered = answer(reflector, datagram);
	}
	if (count > 0) {
		datagrams_answer(reflector->datagrams, reflector->watch.fd, count);
		tell_sent(reflector, count);
	}
	return count;
}

void reflector_turn(struct reflector *reflector)
{
	bool look = reflector->many || ++reflector->turns % LOOK_EVERY == 0;
	int count = reflect(reflector, look ? DATAGRAMS_MAX : 1);

	reflector->many = count > 1;
	if (!reflector->hot && count >= HOT_FROM) {
		loop_unwatch(reflector->loop, &reflector->watch);
		reflector->hot = true;
	} else if (reflector->hot && count <= 0) {
		reflector->hot = loop_watch(reflector->loop, &reflector->watch, LOOP_READ) < 0;
	}
}

void reflector_drain(struct reflector *reflector)
{
	for (int i = 0; i < BATCHES_AT_END && reflect(reflector, DATAGRAMS_MAX) > 0; i++)
		;
}
