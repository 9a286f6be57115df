/* SPDX-License-Identifier: MIT */
#include "service/reflector.h"

#include "net/datagram.h"

enum {
	LOOK_EVERY = 8, /* turns between looks whether more than one waits */
	HOT_FROM = 4,   /* waiting at once: worth two calls to leave the loop and return */
	BATCHES_AT_END = 8192, /* many times what the receive buffer holds */
};

/* Why it may not even be looked at by the service, or DROP_NONE. */
static enum drop judge(const struct reflector *reflector, const struct datagram *datagram)
{
	if (datagram->truncated)
		return DROP_TRUNCATED;
	if (datagram->to_many)
		return DROP_TO_MANY;
	if (guard_is_silent(reflector->guard, address_port(&datagram->peer)))
		return DROP_SOURCE_PORT;
	if (reflector->rate && !address_is_loopback(&datagram->peer) &&
	    !rate_allows(reflector->rate, &datagram->peer, clock_mono()))
		return DROP_RATE;
	return DROP_NONE;
}

static enum drop answer(const struct reflector *reflector, struct datagram *datagram)
{
	const struct service *service = reflector->service;
	enum drop drop = judge(reflector, datagram);

	if (drop != DROP_NONE)
		return drop;
	if (!service->ops->answer(service->state, datagram))
		return DROP_REFUSED;
	if (service->ops->seal)
		service->ops->seal(service->state, datagram, clock_wall());
	return DROP_NONE;
}

/* What became of those that were answered. */
static void account(const struct reflector *reflector, int count)
{
	const struct service *service = reflector->service;
	struct service_counters *counters = &reflector->service->counters;
	uint64_t bytes = 0;

	for (int i = 0; i < count; i++) {
		const struct datagram *datagram = datagrams_at(reflector->datagrams, i);

		if (!datagram->answered)
			continue;
		if (datagram->result < 0)
			counter_add(&counters->dropped[DROP_UNSENT], 1);
		else
			bytes += datagram->length;
		if (service->ops->sent)
			service->ops->sent(service->state, datagram);
	}
	counter_add(&counters->sent_bytes, bytes);
}

/* Answers up to most; returns how many there were. */
static int reflect(const struct reflector *reflector, int most)
{
	struct service_counters *counters = &reflector->service->counters;
	int count = datagrams_receive(reflector->datagrams, reflector->watch.fd, most);
	uint64_t bytes = 0;

	for (int i = 0; i < count; i++) {
		struct datagram *datagram = datagrams_at(reflector->datagrams, i);

		bytes += datagram->length;
		enum drop drop = answer(reflector, datagram);

		datagram->answered = drop == DROP_NONE;
		if (drop != DROP_NONE)
			counter_add(&counters->dropped[drop], 1);
	}
	if (count <= 0)
		return count;
	counter_add(&counters->datagrams, (uint64_t)count);
	counter_add(&counters->received_bytes, bytes);
	datagrams_answer(reflector->datagrams, reflector->watch.fd, count);
	account(reflector, count);
	return count;
}

void reflector_turn(struct reflector *reflector)
{
	bool look = reflector->many || ++reflector->turns % LOOK_EVERY == 0;
	int count = reflect(reflector, look ? DATAGRAMS_MAX : 1);

	reflector->many = count > 1;
	if (!reflector->hot && (count >= HOT_FROM || count < 0)) {
		loop_unwatch(reflector->loop, &reflector->watch);
		reflector->hot = true;
	} else if (reflector->hot && count == 0) {
		reflector->hot = loop_watch(reflector->loop, &reflector->watch, LOOP_READ) < 0;
	}
	reflector->failing = reflector->hot && count <= 0;
}

void reflector_drain(struct reflector *reflector)
{
	for (int i = 0; i < BATCHES_AT_END && reflect(reflector, DATAGRAMS_MAX) > 0; i++)
		;
}
