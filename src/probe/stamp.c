/* SPDX-License-Identifier: MIT */
/* stamp -- a Session-Sender (RFC 8762, RFC 8972), a socket for each target: its packets are numbered
 * from 0 without gaps, because a stateful reflector counts them.
 *
 *   | base, 44 or 112 octets | Class of Service | Follow-Up | Extra Padding | HMAC |
 *
 * As much of the extensions as there is room for.  T1 is written as the packet is made, for the
 * reflector's own use; what is measured rests on our record and the kernel's stamps.  In the reply T1
 * serves as what cannot be guessed: the protocol has no room for a nonce.
 */
#include "probe/stamp.h"

#include <errno.h>
#include <string.h>

#include "core/random.h"
#include "core/synchrony.h"
#include "probe/stamps.h"
#include "probe/udp.h"
#include "wire/stamp.h"
#include "wire/tlv_reply.h"

enum {
	EXTENSIONS = 2 * TLV_HEADER_BYTES + TLV_SERVICE_BYTES + TLV_FOLLOW_UP_BYTES,
	PROTECTION = TLV_HEADER_BYTES + MAC_BYTES,
	CLOCK_IS_ASKED_EVERY = 64, /* probes: what is known of it changes slowly */
};

struct sender {
	struct udp udp;
	struct mac *mac; /* NULL: nothing is protected */
	enum stamp_mode mode;
	uint16_t ssid, error;
	struct far_claim claim; /* of our own clock */
	size_t tlvs;            /* octets of the area that are TLVs */
	size_t hmac_at;
	struct far far[DATAGRAMS_MAX];
};

static enum stamp_mode mode_of(const struct probe_options *options)
{
	return options->stamp.key_length > 0 && !options->stamp.open ? STAMP_AUTHENTICATED
	                                                             : STAMP_OPEN;
}

/* Octets of all the extensions that are asked for. */
static size_t extensions(const struct probe_options *options)
{
	if (options->stamp.bare)
		return 0;
	return EXTENSIONS + (options->stamp.key_length > 0 ? PROTECTION : 0);
}

static size_t size_of(const struct probe_options *options)
{
	size_t base = stamp_bytes(mode_of(options));

	if (!options->size_given)
		return base + extensions(options);
	return options->size < base ? 0 : options->size;
}

static uint8_t dscp_of(const struct probe_options *options)
{
	return (uint8_t)(options->socket.tos > 0 ? options->socket.tos >> 2 : 0);
}

static void add_padding(struct tlv_area *area, size_t left, struct random *random)
{
	if (left < TLV_HEADER_BYTES)
		return;
	size_t length = size_min(left - TLV_HEADER_BYTES, UINT16_MAX);
	uint8_t *padding = tlv_add(area, TLV_EXTRA_PADDING, (uint16_t)length);

	for (size_t i = 0; i < length; i++)
		padding[i] = (uint8_t)random_next(random);
}

/* The TLVs that fit into the area, built once: only the HMAC changes from packet to packet. */
static void add_extensions(struct sender *sender, const struct probe_options *options,
                           struct tlv_area *area, struct random *random)
{
	size_t wanted = extensions(options);
	size_t protection = sender->mac && wanted > 0 ? PROTECTION : 0;

	if (wanted == 0)
		return;
	if (wanted > area->room) { /* padding alone, which needs no HMAC */
		add_padding(area, area->room, random);
		sender->hmac_at = area->length;
		return;
	}
	struct tlv_service service = { .dscp1 = dscp_of(options) };

	tlv_write_service(tlv_add(area, TLV_CLASS_OF_SERVICE, TLV_SERVICE_BYTES), &service);
	(void)tlv_add(area, TLV_FOLLOW_UP, TLV_FOLLOW_UP_BYTES);
	add_padding(area, area->room - area->length - protection, random);
	sender->hmac_at = area->length;
	if (protection > 0)
		(void)tlv_add(area, TLV_HMAC, MAC_BYTES);
}

/* RFC 8972 section 3: no two sessions have one, and none has 0.  So it is up to 65535 targets; more differ by
 * their ports, and so do those that are all given the same. */
static uint16_t ssid_of(const struct channel *channel)
{
	uint16_t given = channel->options->stamp.ssid;

	return given ? given : (uint16_t)(1 + channel->identity % UINT16_MAX);
}

static int prepare(struct channel *channel, struct sender *sender, struct err *err)
{
	const struct probe_options *options = channel->options;
	size_t base = stamp_bytes(mode_of(options));
	struct random random;
	struct tlv_area area = { .octets = sender->udp.request + base,
		                 .room = sender->udp.length - base };

	random_seed(&random, channel->identity);
	sender->mode = mode_of(options);
	sender->ssid = ssid_of(channel);
	if (options->stamp.key_length > 0) {
		int result = mac_new(&sender->mac, options->stamp.key,
		                     options->stamp.key_length, err);

		if (result < 0)
			return result;
	}
	memset(area.octets, 0, area.room);
	add_extensions(sender, options, &area, &random);
	sender->tlvs = area.length;
	return 0;
}

static int open_channel(struct channel *channel, const struct address *to, struct mono *called,
                        struct err *err)
{
	struct sender *sender = channel->state;
	size_t length = size_of(channel->options);

	(void)called;
	if (length == 0)
		return -EINVAL;
	int result = udp_open(channel, &sender->udp, to, length, length);

	return result < 0 ? result : prepare(channel, sender, err);
}

static void close_channel(struct channel *channel)
{
	struct sender *sender = channel->state;

	udp_close(channel, &sender->udp);
	mac_free(sender->mac);
	*sender = (struct sender){ 0 };
}

/* What our own clock claims of itself. */
static void ask_clock(struct sender *sender, const struct probe_options *options)
{
	struct synchrony synchrony = synchrony_now();
	struct stamp_error error = {
		.synchronised = synchrony.synchronised,
		.format = options->stamp.ptp ? STAMP_PTP : STAMP_NTP,
		.error = synchrony.maximum_error,
	};

	sender->error = stamp_error_encode(&error);
	sender->claim = (struct far_claim){ synchrony.synchronised, synchrony.maximum_error };
}

static uint64_t write_time(const struct probe_options *options)
{
	struct wall wall = stamps_wall();

	if (!options->stamp.ptp)
		return stamp_time_encode(wall, STAMP_NTP);
	return stamp_time_encode((struct wall){ wall.ns + options->stamp.tai }, STAMP_PTP);
}

/* Everything after T1 is what the reflector takes for our own delay: it is short. */
static int seal(struct sender *sender, uint8_t *packet, uint32_t sequence)
{
	uint8_t *area = packet + stamp_bytes(sender->mode);
	bool protected = sender->tlvs > sender->hmac_at;
	int result = protected ? tlv_seal(area, sender->hmac_at, sequence, sender->mac) : 0;

	if (result < 0 || sender->mode == STAMP_OPEN)
		return result;
	return stamp_sign(packet, sender->mac);
}

static int send_probe(struct channel *channel, const struct address *to, uint64_t key,
                      struct mono *called)
{
	struct sender *sender = channel->state;
	const struct probe_options *options = channel->options;
	uint32_t sequence = (uint32_t)(key - 1);

	if (sequence % CLOCK_IS_ASKED_EVERY == 0 || sender->error == 0)
		ask_clock(sender, options);
	struct stamp_request request = {
		.sequence = sequence,
		.time = write_time(options),
		.error = sender->error,
		.ssid = sender->ssid,
	};

	stamp_write_request(sender->udp.request, sender->mode, &request);
	channel_set_nonce(channel, key, request.time);
	if (sender->mac) {
		int result = seal(sender, sender->udp.request, sequence);

		if (result < 0)
			return result;
	}
	return udp_send(channel, &sender->udp, to, called);
}

static void read_quote(const struct channel *channel, const struct report *report,
                       struct event *event)
{
	const struct sender *sender = channel->state;
	uint8_t packet[STAMP_AUTHENTICATED_BYTES] = { 0 };
	size_t length = size_min(report->quoted_length, sizeof(report->quoted));
	struct stamp_request request;

	/* The head of a request is all that an error may quote; what it leaves out is not looked at. */
	memcpy(packet, report->quoted, length);
	if (length < STAMP_TWAMP_BYTES ||
	    stamp_read_request(packet, stamp_bytes(sender->mode), sender->mode, &request) < 0)
		return;
	event->key = inflight_unwrap(&channel->inflight, (uint64_t)request.sequence + 1, 32);
	event->nonce = request.time;
	event->nonce_mask = UINT64_MAX;
}

/* --- replies --- */

/* An instant of the far clock, as UTC; 0 = it tells none. */
static struct wall read_time(const struct channel *channel, uint64_t time,
                             enum stamp_format format)
{
	int64_t ahead = format == STAMP_PTP ? channel->options->stamp.tai : 0;
	struct wall near = { stamps_wall().ns + ahead }, wall;

	if (time == 0 || stamp_time_decode(time, format, near, &wall) < 0)
		return (struct wall){ 0 };
	return (struct wall){ wall.ns - ahead };
}

/* Its two times, and what it claims of them; returns the format that they have. */
static enum stamp_format read_clock(const struct channel *channel,
                                    const struct stamp_reply *reply, struct far *far)
{
	struct stamp_error error = { 0 };
	int known = stamp_error_decode(reply->error, &error);

	far->clock = (struct far_claim){ known == 0 && error.synchronised,
		                         known < 0 ? -1 : error.error };
	far->received = read_time(channel, reply->received, error.format);
	far->sent = read_time(channel, reply->time, error.format);
	return error.format;
}

/* As it was marked when it arrived there; the reply leaves there with the DSCP that was asked for, or,
 * where that was refused, with this one. */
static void read_service(const struct tlv_service *service, const struct probe_options *options,
                         struct far *far)
{
	far->tos = service->dscp2 << 2 | service->ecn;
	far->dscp = service->refused ? service->dscp2 : dscp_of(options);
}

static void read_extensions(const struct channel *channel, const struct datagram *datagram,
                            const struct stamp_reply *reply, enum stamp_format format,
                            struct far *far)
{
	const struct sender *sender = channel->state;
	size_t base = stamp_bytes(sender->mode);
	/* What was sent with an HMAC TLV is believed with one alone: the base packet's leaves them out. */
	bool protected = sender->tlvs > sender->hmac_at;
	struct tlv_protection protection = {
		.mac = protected ? sender->mac : NULL,
		.sequence = reply->sequence,
		.required = protected,
	};
	if (sender->tlvs == 0 || datagram->length <= base)
		return;
	struct tlv_reply told =
		tlv_read_reply(datagram->data + base, datagram->length - base, &protection);

	far->extended = told.told != 0;
	if (told.told & TLV_BIT(TLV_CLASS_OF_SERVICE))
		read_service(&told.service, channel->options, far);
	far->tells_departures = told.told & TLV_BIT(TLV_FOLLOW_UP);
	if (!far->tells_departures)
		return;
	far->followed = told.follow_up.sequence;
	far->followed_left = read_time(channel, told.follow_up.time, format);
	far->follows = far->followed_left.ns != 0;
}

/* A reflector from before RFC 8972 says nothing in place of the SSID. */
static bool is_of_session(const struct channel *channel, uint16_t ssid)
{
	const struct sender *sender = channel->state;

	return ssid == sender->ssid || (ssid == 0 && !channel->options->stamp.strict);
}

/* 0, or why it is no reply.  It may be shorter than its request, and never longer. */
static int read_base(const struct channel *channel, const struct datagram *datagram,
                     struct stamp_reply *reply)
{
	const struct sender *sender = channel->state;

	if (datagram->truncated || datagram->length > sender->udp.length)
		return -EMSGSIZE;
	if (sender->mode == STAMP_AUTHENTICATED &&
	    !stamp_is_authentic(datagram->data, datagram->length, sender->mac))
		return -EBADMSG;
	int result = stamp_read_reply(datagram->data, datagram->length, sender->mode, reply);

	return result == 0 && !is_of_session(channel, reply->ssid) ? -EBADMSG : result;
}

static void read_reply(struct channel *channel, const struct datagram *datagram, int at,
                       struct event *event)
{
	struct sender *sender = channel->state;
	struct far *far = &sender->far[at];
	struct stamp_reply reply;

	int wrong = read_base(channel, datagram, &reply);

	if (wrong) {
		event->kind = EVENT_JUNK;
		event->error = wrong;
		return;
	}
	event->key =
		inflight_unwrap(&channel->inflight, (uint64_t)reply.sender_sequence + 1, 32);
	event->nonce = reply.sender_time;
	event->nonce_mask = UINT64_MAX;
	event->far = far;
	*far = (struct far){
		.asked = reply.sender_sequence,
		.sequence = reply.sequence,
		.ttl = reply.sender_ttl,
		.session = reply.ssid != 0,
		.tos = -1,
		.dscp = -1,
		.own = sender->claim,
	};
	enum stamp_format format = read_clock(channel, &reply, far);

	read_extensions(channel, datagram, &reply, format, far);
}

static int heard(struct channel *channel, struct event *events, int room)
{
	struct sender *sender = channel->state;

	return udp_heard(channel, &sender->udp, events, room, read_reply, read_quote);
}

const struct probe_ops probe_stamp = {
	.name = "stamp",
	.help = "STAMP test packets (RFC 8762)",
	.port = STAMP_PORT,
	.scope = CHANNEL_FOR_ALL,
	.alone = true,
	.reflects = true,
	.elastic = true,
	.key_bits = 32,
	.echoes = true,
	.state_size = sizeof(struct sender),
	.size = size_of,
	.open = open_channel,
	.send = send_probe,
	.heard = heard,
	.close = close_channel,
};
