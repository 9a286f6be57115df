/* SPDX-License-Identifier: MIT */
#include "probe/udp.h"

#include <errno.h>
#include <stdlib.h>

#include "probe/stamps.h"

enum {
	RECEIVE_ROOM = 4 << 20,
	OPEN_TRIES = 8,
};

static int prepare(struct channel *channel, struct udp *udp, int family)
{
	struct address local;
	int fd = channel->watch.fd;
	int result = socket_configure(fd, family, &channel->options->socket);
	/* Bound before the first probe, so that the port is known. */
	struct address any = address_any(family);

	if (result == 0 && socket_local(fd, &local) == 0 && address_port(&local) == 0)
		result = socket_bind_to(fd, &any);
	if (result == 0)
		result = socket_local(fd, &local);
	if (result < 0)
		return result;
	udp->own_port = address_port(&local);
	(void)socket_receive_room(fd, RECEIVE_ROOM);
	if (!channel->options->bare)
		result = socket_want_details(fd, family);
	return result < 0 ? result : socket_want_failures(fd, family);
}

/* A server takes a question from the port that it serves for a loop. */
static int open_socket(struct channel *channel, struct udp *udp, const struct address *to)
{
	bool chosen = channel->options->socket.source_port != 0;
	int result = 0;

	for (int i = 0; i < OPEN_TRIES; i++) {
		channel->watch.fd = socket_open(address_family(to), SOCK_DGRAM, 0);
		if (channel->watch.fd < 0)
			return channel->watch.fd;
		result = prepare(channel, udp, address_family(to));
		if (result < 0 || chosen || udp->own_port != address_port(to))
			return result;
		socket_close(&channel->watch.fd);
	}
	return -EADDRINUSE;
}

int udp_open(struct channel *channel, struct udp *udp, const struct address *to, size_t length,
             size_t room)
{
	udp->request = malloc(length + 1);
	udp->length = length;
	/* One byte more than is asked for, so that an answer too long shows. */
	if (!udp->request || datagrams_new(&udp->batch, room + 1, !channel->options->bare) < 0)
		return -ENOMEM;
	int result = open_socket(channel, udp, to);

	if (result == 0 && channel->options->bare)
		result = socket_settle_on(channel->watch.fd, to);
	if (result == 0)
		stamps_begin(channel, false);
	return result < 0 ? result : loop_watch(channel->loop, &channel->watch, LOOP_READ);
}

void udp_close(struct channel *channel, struct udp *udp)
{
	loop_forget(channel->loop, &channel->watch);
	socket_close(&channel->watch.fd);
	datagrams_free(udp->batch);
	free(udp->request);
	*udp = (struct udp){ 0 };
}

int udp_send(struct channel *channel, struct udp *udp, const struct address *to,
             struct mono *called)
{
	if (udp->own_port == address_port(to))
		return -EADDRINUSE;
	return socket_send_shared(channel->watch.fd, udp->request, udp->length,
	                          channel->options->bare ? NULL : to, called);
}

static int take_reports(struct channel *channel, struct event *events, int room,
                        udp_quote_reader *read_quote)
{
	struct report reports[REPORTS_MAX];
	struct stamps_taken taken = stamps_take(channel, 0, events, reports, room);
	int count = taken.events;

	for (int i = 0; i < taken.reports; i++) {
		/* Without an offender it is this host's own complaint, and send() has said it. */
		if (address_family(&reports[i].offender) == AF_UNSPEC)
			continue;
		events[count] = (struct event){
			.kind = EVENT_REFUSED,
			.key = KEY_UNKNOWN,
			.error = reports[i].error,
			.read = taken.read,
			.from = reports[i].offender,
			.target = reports[i].target,
		};
		read_quote(channel, &reports[i], &events[count++]);
	}
	return count;
}

int udp_heard(struct channel *channel, struct udp *udp, struct event *events, int room,
              udp_reader *read, udp_quote_reader *read_quote)
{
	struct stamps_receipt receipt = { 0 };
	bool bare = channel->options->bare;
	int count = bare ? 0 : take_reports(channel, events, room, read_quote);
	int most = room - count < DATAGRAMS_MAX ? room - count : DATAGRAMS_MAX;
	int got = most > 0 ? datagrams_receive(udp->batch, channel->watch.fd, most) : 0;

	if (got > 0)
		receipt = stamps_received(channel);
	/* Woken for nothing: there is a refusal, and as long as there is one the loop says so. */
	else if (bare)
		count = take_reports(channel, events, room, read_quote);
	for (int i = 0; i < got; i++) {
		const struct datagram *datagram = datagrams_at(udp->batch, i);

		events[count] = (struct event){
			.kind = EVENT_REPLY,
			.key = KEY_UNKNOWN,
			.bytes = datagram->length + datagram->truncated,
			.ttl = datagram->ttl,
			.tos = datagram->tos,
			.from = datagram->peer,
		};
		stamps_arrived(channel, receipt, &datagram->arrival, &events[count]);
		read(channel, datagram, i, &events[count++]);
	}
	return count;
}
