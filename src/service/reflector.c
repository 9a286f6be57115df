/* SPDX-License-Identifier: MIT */
#include "service/reflector.h"

#include "net/socket.h"

enum {
	LOOK_EVERY = 8, /* turns between looks whether more than one waits */
	HOT_FROM = 4,   /* waiting at once: worth two calls to leave the loop and return */
	BATCHES_PER_TURN = 32, /* most of which must have been silenced */
	BATCHES_AT_END = 8192, /* many times what the receive buffer holds */
};

struct batch {
	int came; /* <= 0: none */
	int answered;
};

int reflector_prepare(int fd, bool decays)
{
	struct address local;
	int result = socket_local(fd, &local);
	int family = address_family(&local);

	if (result == 0)
		result = socket_set_ttl(fd, family, decays ? JUDGE_TTL - 1 : -1);
	if (result == 0 && decays)
		result = socket_want_ttl(fd, family);
	return result;
}

static enum drop answer(const struct reflector *reflector, struct datagram *datagram,
                        struct mono now)
{
	const struct service *service = reflector->service;
	enum drop drop = judge_datagram(reflector->judge, datagram, reflector->decays, now);

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

/* Takes up to most and answers those that deserve it. */
static struct batch reflect(const struct reflector *reflector, int most, struct mono now)
{
	struct service_counters *counters = &reflector->service->counters;
	struct batch batch = {
		.came = datagrams_receive(reflector->datagrams, reflector->watch.fd, most),
	};
	uint64_t bytes = 0;

	for (int i = 0; i < batch.came; i++) {
		struct datagram *datagram = datagrams_at(reflector->datagrams, i);

		bytes += datagram->length;
		enum drop drop = answer(reflector, datagram, now);

		datagram->answered = drop == DROP_NONE;
		batch.answered += datagram->answered;
		if (drop != DROP_NONE)
			counter_add(&counters->dropped[drop], 1);
	}
	if (batch.came <= 0)
		return batch;
	counter_add(&counters->datagrams, (uint64_t)batch.came);
	counter_add(&counters->received_bytes, bytes);
	datagrams_answer(reflector->datagrams, reflector->watch.fd, batch.came);
	account(reflector, batch.came);
	return batch;
}

/* What gets silence costs little, but it fills the queue that the others share: so of a flood more
 * is taken, until as much was answered as a turn may cost. */
static void reflect_flood(const struct reflector *reflector, struct batch batch,
                          struct mono now)
{
	int answered = batch.answered;

	for (int i = 1;
	     i < BATCHES_PER_TURN && batch.came == DATAGRAMS_MAX && answered < DATAGRAMS_MAX;
	     i++) {
		batch = reflect(reflector, DATAGRAMS_MAX, now);
		answered += batch.answered;
	}
}

void reflector_turn(struct reflector *reflector, struct mono now)
{
	bool look = reflector->many || ++reflector->turns % LOOK_EVERY == 0;
	struct batch batch = reflect(reflector, look ? DATAGRAMS_MAX : 1, now);

	reflector->many = batch.came > 1;
	reflect_flood(reflector, batch, now);
	if (!reflector->hot && batch.came >= HOT_FROM) {
		loop_unwatch(reflector->loop, &reflector->watch);
		reflector->hot = true;
	} else if (reflector->hot && batch.came <= 0) {
		reflector->hot = loop_watch(reflector->loop, &reflector->watch, LOOP_READ) < 0;
	}
}

void reflector_drain(struct reflector *reflector, struct mono now)
{
	for (int i = 0; i < BATCHES_AT_END; i++)
		if (reflect(reflector, DATAGRAMS_MAX, now).came <= 0)
			return;
}
