// SPDX-License-Identifier: MIT
#include "salvo.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cost.h"
#include "message.h"

enum {
	BATCH = 64,
	BUFFER_BYTES = 4 << 20,
};

static const int64_t time_out = 200 * 1000000L;

// The number of a shot grows by `in_flight` at each use: number modulo in_flight is its place.
struct shot {
	uint64_t number;
	int64_t sent_at;
	bool under_way;
};

// Descriptors of one batch, in one direction.
struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec pieces[BATCH];
};

static int salvo_connect(struct salvo *salvo, const struct sockaddr_in *server)
{
	int buffer = BUFFER_BYTES;
	struct timeval patience = { .tv_usec = time_out / 1000 };

	salvo->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (salvo->socket < 0)
		return -errno;
	// Without the privilege the ordinary size has to do: 64 small datagrams fit it.
	if (setsockopt(salvo->socket, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) < 0 &&
	    setsockopt(salvo->socket, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer) < 0)
		return -errno;
	if (setsockopt(salvo->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0)
		return -errno;
	if (connect(salvo->socket, (const struct sockaddr *)server, sizeof *server) < 0)
		return -errno;
	return 0;
}

int salvo_open(struct salvo *salvo, const struct sockaddr_in *server, size_t in_flight,
               size_t size)
{
	*salvo = (struct salvo){
		.shots = calloc(in_flight, sizeof *salvo->shots),
		// One byte more each, to see an answer that is too long.
		.bytes = calloc(BATCH, size + 1),
		.in_flight = in_flight,
		.size = size,
		.socket = -1,
	};
	int result = salvo->shots && salvo->bytes ? salvo_connect(salvo, server) : -ENOMEM;
	if (result < 0) {
		salvo_close(salvo);
		return result;
	}
	for (size_t i = 0; i < in_flight; i++)
		salvo->shots[i].number = i;
	return 0;
}

void salvo_close(struct salvo *salvo)
{
	if (salvo->socket >= 0)
		close(salvo->socket);
	free(salvo->shots);
	free(salvo->bytes);
	*salvo = (struct salvo){ .socket = -1 };
}

static void batch_point(struct salvo *salvo, struct batch *batch, size_t count, size_t length)
{
	for (size_t i = 0; i < count; i++) {
		batch->pieces[i] = (struct iovec){
			.iov_base = salvo->bytes + i * (salvo->size + 1),
			.iov_len = length,
		};
		batch->headers[i] = (struct mmsghdr){
			.msg_hdr = { .msg_iov = &batch->pieces[i], .msg_iovlen = 1 },
		};
	}
}

// Hands over the whole batch, in as many calls as it takes.
static int batch_send(struct salvo *salvo, struct batch *batch, size_t count)
{
	batch_point(salvo, batch, count, salvo->size);
	for (size_t gone = 0; gone < count;) {
		int sent = sendmmsg(salvo->socket, batch->headers + gone,
		                    (unsigned)(count - gone), 0);
		if (sent < 0 && errno != EINTR)
			return -errno;
		gone += sent > 0 ? (size_t)sent : 0;
	}
	return 0;
}

static void salvo_load(const struct salvo *salvo, uint8_t *bytes, size_t place)
{
	if (salvo->requests)
		memcpy(bytes, requests_at(salvo->requests, place), salvo->size);
	else
		message_fill(bytes, salvo->size, salvo->shots[place].number);
}

// Fills every free place, as long as messages remain to be sent.
static int salvo_fire(struct salvo *salvo, uint64_t rounds)
{
	struct batch batch;
	int64_t now = now_mono();
	size_t count = 0;
	int result = 0;

	for (size_t i = 0; i < salvo->in_flight && salvo->issued < rounds && result == 0; i++) {
		struct shot *shot = &salvo->shots[i];

		if (shot->under_way)
			continue;
		shot->number += salvo->in_flight;
		shot->under_way = true;
		shot->sent_at = now;
		salvo->issued++;
		salvo_load(salvo, salvo->bytes + count * (salvo->size + 1), i);
		if (++count == BATCH) {
			result = batch_send(salvo, &batch, count);
			count = 0;
		}
	}
	return result < 0 ? result : batch_send(salvo, &batch, count);
}

// It answers what is under way there.
static void salvo_answered(struct salvo *salvo, struct shot *shot, int64_t now,
                           struct samples *rtt)
{
	shot->under_way = false;
	salvo->answered++;
	if (rtt)
		samples_add(rtt, now - shot->sent_at);
}

static void salvo_reflected(struct salvo *salvo, const uint8_t *bytes, size_t length,
                            int64_t now, struct samples *rtt)
{
	size_t place = requests_find(salvo->requests, bytes, length);

	if (place == salvo->requests->count)
		salvo->corrupt++;
	else if (!salvo->shots[place].under_way)
		salvo->strange++;
	else
		salvo_answered(salvo, &salvo->shots[place], now, rtt);
}

static void salvo_heard(struct salvo *salvo, const uint8_t *bytes, size_t length, int64_t now,
                        struct samples *rtt)
{
	uint8_t wanted[MESSAGE_MAX];

	if (salvo->requests) {
		salvo_reflected(salvo, bytes, length, now, rtt);
		return;
	}

	if (length != salvo->size) {
		salvo->corrupt++;
		return;
	}
	uint64_t number = message_number(bytes);
	struct shot *shot = &salvo->shots[number % salvo->in_flight];
	if (!shot->under_way || shot->number != number) {
		salvo->strange++;
		return;
	}
	message_fill(wanted, salvo->size, number);
	if (memcmp(bytes, wanted, salvo->size) != 0) {
		salvo->corrupt++;
		return;
	}
	salvo_answered(salvo, shot, now, rtt);
}

static void salvo_expire(struct salvo *salvo, int64_t now)
{
	for (size_t i = 0; i < salvo->in_flight; i++) {
		struct shot *shot = &salvo->shots[i];

		if (!shot->under_way || now - shot->sent_at < time_out)
			continue;
		shot->under_way = false;
		salvo->lost++;
	}
}

// Waits for answers, at most the time-out, or looks for some, and takes those that are there.
static int salvo_listen(struct salvo *salvo, struct samples *rtt)
{
	struct batch batch;

	batch_point(salvo, &batch, BATCH, salvo->size + 1);
	int count = recvmmsg(salvo->socket, batch.headers, BATCH,
	                     salvo->spins ? MSG_DONTWAIT : MSG_WAITFORONE, NULL);
	if (count < 0 && errno != EAGAIN && errno != EINTR)
		return -errno;

	int64_t now = now_mono();
	for (int i = 0; i < count; i++)
		salvo_heard(salvo, batch.pieces[i].iov_base, batch.headers[i].msg_len, now,
		            rtt);
	return 0;
}

int salvo_drive(struct salvo *salvo, uint64_t rounds, struct samples *rtt)
{
	int64_t swept = now_mono();
	int result = 0;

	salvo->issued = 0;
	salvo->answered = 0;
	salvo->lost = 0;
	salvo->corrupt = 0;
	salvo->strange = 0;
	while (result == 0 && salvo->answered + salvo->lost < rounds) {
		result = salvo_fire(salvo, rounds);
		if (result == 0)
			result = salvo_listen(salvo, rtt);

		int64_t now = now_mono();
		if (now - swept >= time_out / 2) {
			salvo_expire(salvo, now);
			swept = now;
		}
	}
	return result;
}
