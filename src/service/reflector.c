/* SPDX-License-Identifier: MIT */
#include "service/reflector.h"

#include <errno.h>
#include <string.h>

#include "net/socket.h"

enum {
	LOOK_EVERY = 8, /* turns between looks whether more than one waits */
	HOT_FROM = 4,   /* waiting at once: worth two calls to leave the loop and return */
	BATCHES_PER_TURN = 32, /* most of which must have been silenced */
	BATCHES_AT_END = 8192, /* many times what the receive buffer holds */
};

struct batch {
	int came; /* negative: what the system said instead */
	int answered;
};

int reflector_prepare(struct reflector *reflector, const struct service_ops *ops)
{
	int fd = reflector->watch.fd;
	int result = socket_local(fd, &reflector->bound);
	int family = address_family(&reflector->bound);
	int ttl = reflector->decays ? JUDGE_TTL - 1 : ops->ttl ? ops->ttl : -1;

	if (result == 0)
		result = socket_set_ttl(fd, family, ttl);
	if (result == 0 && ops->details)
		result = socket_want_details(fd, family);
	else if (result == 0 && reflector->decays)
		result = socket_want_ttl(fd, family);
	if (result == 0 && ops->details)
		departures_open(&reflector->departures, fd);
	return result;
}

static void add_details(const struct reflector *reflector, struct datagram *datagram)
{
	datagram->bound = &reflector->bound;
	datagram->read_late = datagram->arrival.kernel.ns == 0;
	if (datagram->read_late)
		datagram->arrival.kernel = clock_wall();
}

/* One datagram, or a piece of several that came as one. */
static enum drop answer(const struct reflector *reflector, struct datagram *datagram,
                        struct mono now)
{
	const struct service *service = reflector->service;
	enum drop drop = judge_datagram(reflector->judge, datagram, reflector->decays, now);

	if (drop != DROP_NONE)
		return drop;
	if (service->ops->details)
		add_details(reflector, datagram);
	return service->ops->answer(service->state, datagram);
}

/* Counts what had no answer; true when it has one. */
static bool answered(const struct reflector *reflector, struct datagram *datagram,
                     struct mono now)
{
	enum drop drop = answer(reflector, datagram, now);

	if (drop != DROP_NONE)
		counter_add(&reflector->service->counters.dropped[drop], 1);
	return drop == DROP_NONE;
}

/* Several that came as one are judged one by one; what is answered moves together.  Returns how many
 * there were. */
static uint64_t answer_pieces(const struct reflector *reflector, struct datagram *datagram,
                              struct mono now)
{
	size_t whole = datagram->length, kept = 0;
	uint64_t count = 0;

	for (size_t at = 0; at < whole; at += datagram->piece, count++) {
		struct datagram piece = *datagram;

		piece.data += at;
		piece.length = piece.room = size_min(whole - at, datagram->piece);
		piece.piece = 0;
		if (!answered(reflector, &piece, now))
			continue;
		if (kept != at)
			memmove(datagram->data + kept, piece.data, piece.length);
		kept += piece.length;
		datagram->out_ttl = piece.out_ttl;
		datagram->out_tos = piece.out_tos;
	}
	datagram->length = kept;
	datagram->answered = kept > 0;
	return count;
}

static uint64_t answer_one(const struct reflector *reflector, struct datagram *datagram,
                           struct mono now)
{
	if (datagram->piece > 0)
		return answer_pieces(reflector, datagram, now);
	datagram->answered = answered(reflector, datagram, now);
	return 1;
}

/* What became of one that was answered; returns the bytes that were sent. */
static uint64_t conclude(const struct reflector *reflector, const struct datagram *datagram)
{
	const struct service *service = reflector->service;

	if (service->ops->sent)
		service->ops->sent(service->state, datagram);
	if (datagram->result == 0)
		return datagram->length;
	counter_add(&reflector->service->counters.dropped[DROP_UNSENT], 1);
	return 0;
}

/* Nothing stands between the last octet that is written and its way out. */
static struct wall send_sealed(const struct reflector *reflector, int index)
{
	const struct service *service = reflector->service;
	struct datagram *datagram = datagrams_at(reflector->datagrams, index);
	struct wall now = clock_wall();

	if (service->ops->seal(service->state, datagram, now))
		datagrams_send(reflector->datagrams, reflector->watch.fd, index);
	else
		datagram->result = -EIO;
	return now;
}

/* The same after a silence, when nothing of the way out is in any cache: it is sealed twice, the first time
 * to have all that takes at hand, and what can be done of its sending is done before the second. */
static struct wall send_sealed_slowly(const struct reflector *reflector, int index)
{
	const struct service *service = reflector->service;
	struct datagram *datagram = datagrams_at(reflector->datagrams, index);
	size_t known = service->ops->unsealed;
	int fd = reflector->watch.fd;

	if (!service->ops->seal(service->state, datagram, clock_wall()) ||
	    datagrams_begin(reflector->datagrams, fd, index, known) < 0)
		return send_sealed(reflector, index);
	struct wall now = clock_wall();

	if (service->ops->seal(service->state, datagram, now)) {
		datagrams_finish(reflector->datagrams, fd, index, known);
	} else {
		datagram->result = -EIO;
		datagrams_abandon(fd);
	}
	return now;
}

static void seal_and_send(struct reflector *reflector, int index, bool alone)
{
	struct datagram *datagram = datagrams_at(reflector->datagrams, index);

	if (!departures_work(&reflector->departures))
		datagram->ticket = 0;
	datagrams_prepare(reflector->datagrams, index);
	struct wall now =
		alone ? send_sealed_slowly(reflector, index) : send_sealed(reflector, index);

	if (datagram->ticket)
		departures_note(&reflector->departures, reflector->watch.fd, datagram->ticket,
		                now, datagram->result);
	counter_add(&reflector->service->counters.sent_bytes, conclude(reflector, datagram));
}

static void send_batch(const struct reflector *reflector, int count)
{
	uint64_t bytes = 0;

	datagrams_answer(reflector->datagrams, reflector->watch.fd, count);
	for (int i = 0; i < count; i++) {
		const struct datagram *datagram = datagrams_at(reflector->datagrams, i);

		if (datagram->answered)
			bytes += conclude(reflector, datagram);
	}
	counter_add(&reflector->service->counters.sent_bytes, bytes);
}

/* Empties the error queue, by which the loop would be woken for ever. */
static void take_departures(struct reflector *reflector)
{
	const struct service *service = reflector->service;
	struct departure departures[DEPARTURES_MAX];
	int told = departures_take(&reflector->departures, reflector->watch.fd, departures);

	for (int i = 0; i < told && service->ops->left; i++)
		service->ops->left(service->state, departures[i].ticket, departures[i].when);
}

/* Takes up to most and answers those that deserve it. */
static struct batch reflect(struct reflector *reflector, int most, struct mono now)
{
	struct service_counters *counters = &reflector->service->counters;
	bool seals = reflector->service->ops->seal;

	if (departures_are_due(&reflector->departures))
		take_departures(reflector);
	struct batch batch = {
		.came = datagrams_receive(reflector->datagrams, reflector->watch.fd, most),
	};
	bool alone = batch.came == 1 && (reflector->spins || !reflector->hot);
	uint64_t bytes = 0, datagrams = 0;

	for (int i = 0; i < batch.came; i++) {
		struct datagram *datagram = datagrams_at(reflector->datagrams, i);

		bytes += datagram->length;
		datagrams += answer_one(reflector, datagram, now);
		batch.answered += datagram->answered;
		if (seals && datagram->answered)
			seal_and_send(reflector, i, alone);
	}
	if (batch.came <= 0)
		return batch;
	counter_add(&counters->datagrams, datagrams);
	counter_add(&counters->received_bytes, bytes);
	if (!seals)
		send_batch(reflector, batch.came);
	return batch;
}

/* What gets silence costs little, but it fills the queue that the others share: so of a flood more
 * is taken, until as much was answered as a turn may cost. */
static void reflect_flood(struct reflector *reflector, struct batch batch, struct mono now)
{
	int answered = batch.answered;

	for (int i = 1;
	     i < BATCHES_PER_TURN && batch.came == DATAGRAMS_MAX && answered < DATAGRAMS_MAX;
	     i++) {
		batch = reflect(reflector, DATAGRAMS_MAX, now);
		answered += batch.answered;
	}
}

static void begin(const struct reflector *reflector, struct mono now)
{
	const struct service *service = reflector->service;

	if (service->ops->turn)
		service->ops->turn(service->state, now);
}

void reflector_turn(struct reflector *reflector, struct mono now)
{
	bool look = reflector->many || ++reflector->turns % LOOK_EVERY == 0;

	begin(reflector, now);
	struct batch batch = reflect(reflector, look ? DATAGRAMS_MAX : 1, now);

	reflector->many = batch.came > 1;
	reflect_flood(reflector, batch, now);
	if (batch.came <= 0 && !reflector->hot)
		take_departures(reflector); /* woken by what stands in the error queue */
	if (!reflector->hot && (batch.came >= HOT_FROM || batch.came < 0)) {
		loop_unwatch(reflector->loop, &reflector->watch);
		reflector->hot = true;
	} else if (reflector->hot && !reflector->spins && batch.came == 0) {
		reflector->hot = loop_watch(reflector->loop, &reflector->watch, LOOP_READ) < 0;
	}
	reflector->failing =
		reflector->hot && (reflector->spins ? batch.came < 0 : batch.came <= 0);
}

void reflector_drain(struct reflector *reflector, struct mono now)
{
	begin(reflector, now);
	for (int i = 0; i < BATCHES_AT_END; i++)
		if (reflect(reflector, DATAGRAMS_MAX, now).came <= 0)
			return;
}
