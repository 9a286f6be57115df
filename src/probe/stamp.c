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

struct stamp {
	struct udp udp;
	struct mac *mac; /* NULL: open mode */
	enum stamp_mode mode;
	uint16_t ssid, error;
	struct far_claim claim; /* of our own clock */
	size_t tlvs; /* octets of the area that are TLVs */
	size_t hmac_at;
	struct far far[DATAGRAMS_MAX];
};

static enum stamp_mode mode_of(const struct probe_options *options)
{
	return options->stamp.key_length > 0 ? STAMP_AUTHENTICATED : STAMP_OPEN;
}

/* Octets of all the extensions that are asked for. */
static size_t extensions(const struct probe_options *options)
{
	if (options->stamp.bare)
		return 0;
	return EXTENSIONS + (mode_of(options) == STAMP_AUTHENTICATED ? PROTECTION : 0);
}

static size_t size_of(const struct probe_options *options)
{
	size_t base = stamp_bytes(mode_of(options));

	if (!options->size_given)
		return base + extensions(options);
	return options->size < base ? 0 : options->size;
}

/* The TLVs that fit into the area, built once: only the HMAC changes from packet to packet. */
static void add_extensions(struct stamp *stamp, const struct probe_options *options,
                           struct tlv_area *area, struct random *random)
{
	size_t wanted = extensions(options);
	size_t protection = stamp->mac && wanted > 0 ? PROTECTION : 0;

	if (wanted > area->room)
		return;
	if (wanted > 0) {
		struct tlv_service service = { .dscp1 = (uint8_t)(options->socket.tos > 0
		                                                          ? options->socket.tos >> 2
		                                                          : 0) };

		tlv_write_service(tlv_add(area, TLV_CLASS_OF_SERVICE, TLV_SERVICE_BYTES), &service);
		(void)tlv_add(area, TLV_FOLLOW_UP, TLV_FOLLOW_UP_BYTES);
	}
	size_t left = area->room - area->length - protection;

	if (left >= TLV_HEADER_BYTES) {
		size_t length = size_min(left - TLV_HEADER_BYTES, UINT16_MAX);
		uint8_t *padding = tlv_add(area, TLV_EXTRA_PADDING, (uint16_t)length);

		for (size_t i = 0; i < length; i++)
			padding[i] = (uint8_t)random_next(random);
	}
	stamp->hmac_at = area->length;
	if (protection > 0)
		(void)tlv_add(area, TLV_HMAC, MAC_BYTES);
}

static int prepare(struct channel *channel, struct stamp *stamp, struct err *err)
{
	const struct probe_options *options = channel->options;
	size_t base = stamp_bytes(mode_of(options));
	struct random random;
	struct tlv_area area = { .octets = stamp->udp.request + base,
		                 .room = stamp->udp.length - base };

	random_seed(&random, channel->random);
	stamp->mode = mode_of(options);
	stamp->ssid = options->stamp.ssid;
	while (stamp->ssid == 0)
		stamp->ssid = (uint16_t)random_next(&random);
	if (stamp->mode == STAMP_AUTHENTICATED) {
		int result = mac_new(&stamp->mac, options->stamp.key, options->stamp.key_length,
		                     err);

		if (result < 0)
			return result;
	}
	memset(area.octets, 0, area.room);
	add_extensions(stamp, options, &area, &random);
	stamp->tlvs = area.length;
	return 0;
}

static int open_channel(struct channel *channel, const struct address *to, struct mono *called,
                        struct err *err)
{
	struct stamp *stamp = channel->state;
	size_t length = size_of(channel->options);

	(void)called;
	if (length == 0)
		return -EINVAL;
	int result = udp_open(channel, &stamp->udp, to, length, length);

	return result < 0 ? result : prepare(channel, stamp, err);
}

static void close_channel(struct channel *channel)
{
	struct stamp *stamp = channel->state;

	udp_close(channel, &stamp->udp);
	mac_free(stamp->mac);
	*stamp = (struct stamp){ 0 };
}

/* What our own clock claims of itself. */
static void ask_clock(struct stamp *stamp, const struct probe_options *options)
{
	struct synchrony synchrony = synchrony_now();
	struct stamp_error error = {
		.synchronised = synchrony.synchronised,
		.format = options->stamp.ptp ? STAMP_PTP : STAMP_NTP,
		.error = synchrony.maximum_error,
	};

	stamp->error = stamp_error_encode(&error);
	stamp->claim = (struct far_claim){ synchrony.synchronised, synchrony.maximum_error };
}

/* Everything after T1 is what the reflector takes for our own delay: it is short. */
static int seal(struct stamp *stamp, uint8_t *packet, uint32_t sequence)
{
	uint8_t *area = packet + stamp_bytes(stamp->mode);
	bool protected = stamp->tlvs > stamp->hmac_at;
	int result = protected ? tlv_seal(area, stamp->hmac_at, sequence, stamp->mac) : 0;

	return result < 0 ? result : stamp_sign(packet, stamp->mac);
}

static int send_probe(struct channel *channel, const struct address *to, uint64_t key,
                      struct mono *called)
{
	struct stamp *stamp = channel->state;
	const struct probe_options *options = channel->options;
	uint32_t sequence = (uint32_t)(key - 1);

	if (sequence % CLOCK_IS_ASKED_EVERY == 0 || stamp->error == 0)
		ask_clock(stamp, options);
	struct stamp_request request = {
		.sequence = sequence,
		.time = stamp_time_encode(stamps_wall(), options->stamp.ptp ? STAMP_PTP : STAMP_NTP),
		.error = stamp->error,
		.ssid = stamp->ssid,
	};

	stamp_write_request(stamp->udp.request, stamp->mode, &request);
	channel_set_nonce(channel, key, request.time);
	if (stamp->mode == STAMP_AUTHENTICATED) {
		int result = seal(stamp, stamp->udp.request, sequence);

		if (result < 0)
			return result;
	}
	return udp_send(channel, &stamp->udp, to, called);
}

static void read_quote(const struct channel *channel, const struct report *report,
                       struct event *event)
{
	const struct stamp *stamp = channel->state;
	uint8_t packet[STAMP_AUTHENTICATED_BYTES] = { 0 };
	size_t length = size_min(report->quoted_length, sizeof(report->quoted));
	struct stamp_request request;

	/* The head of a request is all that an error may quote; what it leaves out is not looked at. */
	memcpy(packet, report->quoted, length);
	if (length < STAMP_TWAMP_BYTES ||
	    stamp_read_request(packet, stamp_bytes(stamp->mode), stamp->mode, &request) < 0)
		return;
	event->key = inflight_unwrap(&channel->inflight, (uint64_t)request.sequence + 1, 32);
	event->nonce = request.time;
	event->nonce_mask = UINT64_MAX;
}

/* --- replies --- */

static void read_clock(const struct stamp_reply *reply, struct far *far)
{
	struct stamp_error error = { 0 };
	struct wall near = stamps_wall();
	int known = stamp_error_decode(reply->error, &error);

	far->clock = (struct far_claim){ known == 0 && error.synchronised,
		                         known < 0 ? -1 : error.error };
	if (stamp_time_decode(reply->received, error.format, near, &far->received) < 0 ||
	    stamp_time_decode(reply->time, error.format, near, &far->sent) < 0)
		far->received = far->sent = (struct wall){ 0 };
}

static void read_extensions(const struct stamp *stamp, const struct datagram *datagram,
                            const struct stamp_reply *reply, struct far *far)
{
	size_t base = stamp_bytes(stamp->mode);
	struct tlv_protection protection = {
		.mac = stamp->tlvs > stamp->hmac_at ? stamp->mac : NULL,
		.sequence = reply->sequence,
		.required = false,
	};
	struct stamp_error error = { 0 };

	if (stamp->tlvs == 0 || datagram->length <= base)
		return;
	struct tlv_reply told =
		tlv_read_reply(datagram->data + base, datagram->length - base, &protection);

	if (told.told & TLV_BIT(TLV_CLASS_OF_SERVICE))
		far->tos = told.service.dscp2 << 2 | told.service.ecn;
	far->tells_departures = told.told & TLV_BIT(TLV_FOLLOW_UP);
	if (!far->tells_departures || told.follow_up.time == 0)
		return;
	(void)stamp_error_decode(reply->error, &error);
	far->followed = told.follow_up.sequence;
	far->follows = stamp_time_decode(told.follow_up.time, error.format, far->sent,
	                                 &far->followed_left) == 0;
}

static bool read_base(const struct stamp *stamp, const struct datagram *datagram,
                      struct stamp_reply *reply)
{
	if (stamp->mac && !stamp_is_authentic(datagram->data, datagram->length, stamp->mac))
		return false;
	return !datagram->truncated &&
	       stamp_read_reply(datagram->data, datagram->length, stamp->mode, reply) == 0 &&
	       (reply->ssid == 0 || reply->ssid == stamp->ssid);
}

static void read_reply(struct channel *channel, const struct datagram *datagram, int at,
                       struct event *event)
{
	struct stamp *stamp = channel->state;
	struct far *far = &stamp->far[at];
	struct stamp_reply reply;

	if (!read_base(stamp, datagram, &reply)) {
		event->kind = EVENT_JUNK;
		event->error = datagram->truncated ? -EMSGSIZE : -EBADMSG;
		return;
	}
	event->key = inflight_unwrap(&channel->inflight, (uint64_t)reply.sender_sequence + 1, 32);
	event->nonce = reply.sender_time;
	event->nonce_mask = UINT64_MAX;
	event->far = far;
	*far = (struct far){
		.asked = reply.sender_sequence,
		.sequence = reply.sequence,
		.ttl = reply.sender_ttl,
		.tos = -1,
		.own = stamp->claim,
	};
	read_clock(&reply, far);
	read_extensions(stamp, datagram, &reply, far);
}

static int heard(struct channel *channel, struct event *events, int room)
{
	struct stamp *stamp = channel->state;

	return udp_heard(channel, &stamp->udp, events, room, read_reply, read_quote);
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
	.state_size = sizeof(struct stamp),
	.size = size_of,
	.open = open_channel,
	.send = send_probe,
	.heard = heard,
	.close = close_channel,
};
