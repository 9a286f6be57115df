/* SPDX-License-Identifier: MIT */
/* icmp -- echo requests (RFC 792, RFC 4443), over one socket for all targets of a family.
 *
 * A ping socket first, because it needs no privilege where the administrator allows it; a raw one
 * second.  A ping socket's identifier is the kernel's, and it tells of errors by its error queue; a
 * raw socket hears every ICMP message of the host and picks out its own. */
#include "probe/icmp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/datagram.h"
#include "probe/stamps.h"
#include "wire/icmp.h"
#include "wire/payload.h"

enum {
	RECEIVE_ROOM = 4 << 20,
	IP_HEADER_MAX = 60,
	NEVER_FRAGMENTED = 500, /* bytes of payload: every IPv4 link takes 576 of packet */
	ERROR_ROOM = 128,       /* an ICMP error and the head of what it quotes */
	BATCHES = 512,          /* more than a receive buffer holds */
};

struct icmp {
	struct datagrams *batch;
	uint8_t *request;
	enum icmp_version version;
	bool raw;
	uint16_t identifier;
};

static int open_socket(struct icmp *icmp, int family)
{
	int protocol = family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	int fd = socket_open(family, SOCK_DGRAM, protocol);

	icmp->raw = fd < 0;
	return icmp->raw ? socket_open(family, SOCK_RAW, protocol) : fd;
}

/* Only a raw IPv4 socket hands out the header of IP, too. */
static bool has_ip_header(const struct icmp *icmp)
{
	return icmp->raw && icmp->version == ICMP_V4;
}

static int prepare(struct channel *channel, const struct icmp *icmp, int family)
{
	int fd = channel->watch.fd;
	struct socket_options options = channel->options->socket;

	options.source_port = 0; /* ICMP has none */
	/* What is never fragmented may say so: it looks the same on the wire, and the kernel need not
	 * find an identification for it. */
	if (options.pmtu < 0 && channel->options->size <= NEVER_FRAGMENTED)
		options.pmtu = IP_PMTUDISC_DO;
	int result = socket_configure(fd, family, &options);

	(void)socket_receive_room(fd, RECEIVE_ROOM);
	if (result == 0 && !has_ip_header(icmp))
		result = socket_want_details(fd, family);
	if (result < 0)
		return result;
	return icmp->raw ? socket_filter_icmp(fd, family) : socket_want_failures(fd, family);
}

static int open_channel(struct channel *channel, const struct address *to, struct mono *called,
                        struct err *err)
{
	struct icmp *icmp = channel->state;
	size_t packet = ICMP_HEADER_BYTES + channel->options->size;
	size_t room = packet + 1 > ERROR_ROOM ? packet + 1 : ERROR_ROOM;
	int family = address_family(to);

	(void)called;
	channel->watch.fd = open_socket(icmp, family);
	if (channel->watch.fd == -EPERM || channel->watch.fd == -EACCES)
		return err_set(err, -EPERM, "no permission to send ICMP");
	if (channel->watch.fd < 0)
		return channel->watch.fd;
	icmp->version = family == AF_INET6 ? ICMP_V6 : ICMP_V4;
	icmp->identifier = (uint16_t)channel->identity;
	icmp->request = malloc(packet);
	if (!icmp->request || datagrams_new(&icmp->batch, IP_HEADER_MAX + room, true) < 0)
		return -ENOMEM;
	int result = prepare(channel, icmp, family);

	if (result == 0)
		stamps_begin(channel, false);
	return result < 0 ? result : loop_watch(channel->loop, &channel->watch, LOOP_READ);
}

static void close_channel(struct channel *channel)
{
	struct icmp *icmp = channel->state;

	loop_forget(channel->loop, &channel->watch);
	socket_close(&channel->watch.fd);
	datagrams_free(icmp->batch);
	free(icmp->request);
	*icmp = (struct icmp){ 0 };
}

static int send_probe(struct channel *channel, const struct address *to, uint64_t key,
                      struct mono *called)
{
	struct icmp *icmp = channel->state;
	size_t size = channel->options->size;

	payload_write(icmp->request + ICMP_HEADER_BYTES, size, (uint32_t)key,
	              channel_nonce(channel, key));
	icmp_write_request(icmp->request, ICMP_HEADER_BYTES + size, icmp->version,
	                   icmp->identifier, (uint16_t)key);
	return socket_send_shared(channel->watch.fd, icmp->request, ICMP_HEADER_BYTES + size,
	                          to, called);
}

/* The nonce of the request that an error quotes, as far as it does. */
static void read_quoted(const uint8_t *data, size_t length, struct event *event)
{
	struct payload payload;

	if (length < PAYLOAD_HEAD_BYTES || payload_read(data, PAYLOAD_HEAD_BYTES, &payload) < 0)
		return;
	event->nonce = payload.nonce;
	event->nonce_mask = payload.nonce_mask;
}

/* What a ping socket's error queue quotes begins with our ICMP header. */
static bool read_failure(const struct channel *channel, const struct report *report,
                         struct mono read, struct event *event)
{
	if (address_family(&report->offender) == AF_UNSPEC ||
	    report->quoted_length < ICMP_HEADER_BYTES)
		return false;
	uint64_t wire = (uint64_t)report->quoted[6] << 8 | report->quoted[7];

	*event = (struct event){
		.kind = EVENT_REFUSED,
		.key = inflight_unwrap(&channel->inflight, wire, 16),
		.error = report->error,
		.read = read,
		.from = report->offender,
		.target = report->target,
	};
	read_quoted(report->quoted + ICMP_HEADER_BYTES,
	            report->quoted_length - ICMP_HEADER_BYTES, event);
	return true;
}

static int take_reports(struct channel *channel, struct event *events, int room)
{
	const struct icmp *icmp = channel->state;
	struct report reports[REPORTS_MAX];

	/* A raw socket hears of errors as it hears of replies. */
	if (icmp->raw && channel->timestamps.tx == TAKEN_USER)
		return 0;
	struct stamps_taken taken = stamps_take(channel, 0, events, reports, room);
	int count = taken.events;

	for (int i = 0; i < taken.reports && !icmp->raw; i++)
		count += read_failure(channel, &reports[i], taken.read, &events[count]);
	return count;
}

/* Checks the payload of a reply against its header; JUNK when they disagree. */
static void read_reply(const struct channel *channel, const struct icmp_message *message,
                       struct event *event)
{
	struct payload payload;

	event->kind = EVENT_REPLY;
	event->bytes = message->length;
	if (payload_read(message->data, message->length, &payload) < 0 ||
	    (payload.has_key && (uint16_t)payload.key != message->sequence)) {
		event->kind = EVENT_JUNK;
		event->error = -EBADMSG;
		return;
	}
	/* It has more bits than the header's. */
	if (payload.has_key)
		event->key = inflight_unwrap(&channel->inflight, payload.key, 32);
	event->nonce = payload.nonce;
	event->nonce_mask = payload.nonce_mask;
}

static void read_refusal(const struct icmp *icmp, const struct icmp_message *message,
                         struct event *event)
{
	event->kind = EVENT_REFUSED;
	event->error = message->error;
	event->target = address_any(icmp->version == ICMP_V6 ? AF_INET6 : AF_INET);
	if (icmp->version == ICMP_V6)
		memcpy(&event->target.v6.sin6_addr, message->destination,
		       sizeof(struct in6_addr));
	else
		memcpy(&event->target.v4.sin_addr, message->destination,
		       sizeof(struct in_addr));
	read_quoted(message->data, message->length, event);
}

/* Returns 1 when the packet is for this channel, 0 when it is somebody else's. */
static int read_packet(const struct channel *channel, const struct icmp *icmp,
                       const struct datagram *datagram, struct event *event)
{
	struct icmp_message message;
	uint8_t ttl = 0, tos = 0;
	bool ip = has_ip_header(icmp);
	int skip = ip ? icmp_skip_ip(datagram->data, datagram->length, &ttl, &tos) : 0;

	if (skip < 0)
		return 0;
	const uint8_t *packet = datagram->data + skip;
	size_t length = datagram->length - (size_t)skip;
	/* Nobody has looked at what a raw socket gets. */
	bool sound = !datagram->truncated &&
	             icmp_read(packet, length, icmp->version, icmp->raw, &message) == 0;

	if (!sound && icmp_read(packet, length, icmp->version, false, &message) < 0)
		return 0;
	if (icmp->raw && message.identifier != icmp->identifier)
		return 0;
	event->key = inflight_unwrap(&channel->inflight, message.sequence, 16);
	event->ttl = ip ? ttl : datagram->ttl;
	event->tos = ip ? tos : datagram->tos;
	event->from = datagram->peer;
	if (!sound)
		*event = (struct event){ .kind = EVENT_JUNK,
			                 .from = datagram->peer,
			                 .error = datagram->truncated ? -EMSGSIZE : -EBADMSG };
	else if (message.meaning == ICMP_MEANS_REPLY)
		read_reply(channel, &message, event);
	else
		read_refusal(icmp, &message, event);
	return 1;
}

/* One batch; returns how many packets there were, and adds those of this channel to events. */
static int receive(struct channel *channel, struct event *events, int room, int *count)
{
	struct icmp *icmp = channel->state;
	int most = room - *count < DATAGRAMS_MAX ? room - *count : DATAGRAMS_MAX;
	int got = datagrams_receive(icmp->batch, channel->watch.fd, most);
	struct stamps_receipt receipt = { 0 };

	if (got > 0)
		receipt = stamps_received(channel);
	for (int i = 0; i < got; i++) {
		const struct datagram *datagram = datagrams_at(icmp->batch, i);

		events[*count] = (struct event){ 0 };
		stamps_arrived(channel, receipt, &datagram->arrival, &events[*count]);
		*count += read_packet(channel, icmp, datagram, &events[*count]);
	}
	return got;
}

static int heard(struct channel *channel, struct event *events, int room)
{
	int count = take_reports(channel, events, room);
	int got = DATAGRAMS_MAX;

	/* A raw socket may be full of what is meant for others, and ours behind it. */
	for (int i = 0; i < BATCHES && got == DATAGRAMS_MAX && count < room - EVENTS_MARGIN;
	     i++)
		got = receive(channel, events, room, &count);
	return count;
}

const struct probe_ops probe_icmp = {
	.name = "icmp",
	.help = "ICMP and ICMPv6 echo",
	.scope = CHANNEL_FOR_ALL,
	.key_bits = 16,
	.echoes = true,
	.state_size = sizeof(struct icmp),
	.open = open_channel,
	.send = send_probe,
	.heard = heard,
	.close = close_channel,
};
