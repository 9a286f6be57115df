/* SPDX-License-Identifier: MIT */
/* What a Session-Sender puts on the wire, octet by octet, and what it makes of what comes back. */
#include <string.h>

#include "core/clock.h"
#include "peer.h"
#include "probe/stamp.h"
#include "wire/mac.h"
#include "wire/stamp.h"

enum {
	ROOM = 4096,
	OPEN = 44,
	SEALED = 112,
	SSID = 0x1234,
	TLVS = 28, /* Class of Service and Follow-Up Telemetry */
	HMAC_TLV = 20,
};

static const char key[] = "0123456789abcdef";

struct exchange {
	struct peer peer;
	struct address from;
	uint8_t packet[ROOM];
	size_t length;
};

static void set_options(struct probe_options *options, int64_t size, bool sealed)
{
	options->size = size >= 0 ? (size_t)size : 56;
	options->size_given = size >= 0;
	options->stamp.ssid = SSID;
	if (!sealed)
		return;
	options->stamp.key = (const uint8_t *)key;
	options->stamp.key_length = strlen(key);
}

/* As peer_bind, with options of its own; change may be NULL. */
static void begin(struct exchange *exchange, int64_t size, bool sealed,
                  void (*change)(struct probe_options *options))
{
	struct peer *peer = &exchange->peer;

	*exchange = (struct exchange){ 0 };
	peer_prepare(peer, &probe_stamp, 0);
	set_options(&peer->options, size, sealed);
	if (change)
		change(&peer->options);
	peer->fd = bound_socket(AF_INET, SOCK_DGRAM, &peer->address);
	peer_open_channel(peer);
}

static uint64_t ask(struct exchange *exchange)
{
	uint64_t asked = peer_ask(&exchange->peer);
	socklen_t length = sizeof(exchange->from);

	assert_true(wait_for(exchange->peer.fd, POLLIN));
	ssize_t got = recvfrom(exchange->peer.fd, exchange->packet, ROOM, MSG_TRUNC,
	                       &exchange->from.any, &length);

	assert_true(got >= 0);
	exchange->length = (size_t)got;
	return asked;
}

static uint64_t number_at(const uint8_t *octets, size_t at, size_t count)
{
	uint64_t number = 0;

	for (size_t i = 0; i < count; i++)
		number = number << 8 | octets[at + i];
	return number;
}

static void put_at(uint8_t *octets, size_t at, size_t count, uint64_t number)
{
	for (size_t i = count; i > 0; i--, number >>= 8)
		octets[at + i - 1] = (uint8_t)number;
}

static void assert_zero(const uint8_t *octets, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		assert_int_equal(octets[i], 0);
}

/* The seconds of NTP's era 0. */
static void assert_is_now(uint64_t ntp)
{
	int64_t seconds = clock_wall().ns / NS_PER_SEC + INT64_C(2208988800);

	assert_in_range((ntp >> 32), (uint32_t)(seconds - 10), (uint32_t)(seconds + 1));
}

/* --- requests --- */

TEST(an_open_request_is_laid_out_as_rfc_8762_says)
{
	struct exchange exchange;

	begin(&exchange, OPEN, false, NULL);
	for (uint32_t i = 0; i < 3; i++) {
		(void)ask(&exchange);
		const uint8_t *packet = exchange.packet;

		assert_int_equal(exchange.length, OPEN);
		assert_int_equal(number_at(packet, 0, 4), i);
		assert_is_now(number_at(packet, 4, 8));
		assert_int_equal(packet[12] & 0x40, 0); /* Z: NTP */
		assert_true(packet[13] > 0);            /* a multiplier of 0 is none */
		assert_int_equal(number_at(packet, 14, 2), SSID);
		assert_zero(packet, 16, OPEN);
	}
	peer_done(&exchange.peer);
}

TEST(a_sealed_request_is_laid_out_as_rfc_8762_says)
{
	struct exchange exchange;
	struct mac *mac;
	uint8_t right[MAC_BYTES];

	assert_int_equal(mac_new(&mac, key, strlen(key), NULL), 0);
	begin(&exchange, SEALED, true, NULL);
	for (uint32_t i = 0; i < 3; i++) {
		(void)ask(&exchange);
		const uint8_t *packet = exchange.packet;

		assert_int_equal(exchange.length, SEALED);
		assert_int_equal(number_at(packet, 0, 4), i);
		assert_zero(packet, 4, 16);
		assert_is_now(number_at(packet, 16, 8));
		assert_int_equal(number_at(packet, 26, 2), SSID);
		assert_zero(packet, 28, 96);
		assert_int_equal(mac_sign(mac, packet, 96, right), 0);
		assert_memory_equal(packet + 96, right, MAC_BYTES);
	}
	mac_free(mac);
	peer_done(&exchange.peer);
}

/* U set, M and I clear, its type, its length. */
static void assert_tlv(const uint8_t *packet, size_t at, uint8_t type, uint16_t length)
{
	assert_int_equal(packet[at], 0x80);
	assert_int_equal(packet[at + 1], type);
	assert_int_equal(number_at(packet, at + 2, 2), length);
}

static void ask_for_ef(struct probe_options *options)
{
	options->socket.tos = 46 << 2;
}

TEST(unless_told_it_asks_for_class_of_service_and_follow_up)
{
	struct exchange exchange;

	begin(&exchange, -1, false, ask_for_ef);
	(void)ask(&exchange);
	const uint8_t *packet = exchange.packet;

	assert_int_equal(exchange.length, OPEN + TLVS);
	assert_tlv(packet, 44, 4, 4);
	assert_int_equal(packet[48], 46 << 2); /* DSCP1 alone */
	assert_zero(packet, 49, 52);
	assert_tlv(packet, 52, 7, 16);
	assert_zero(packet, 56, 72);
	peer_done(&exchange.peer);
}

TEST(sealed_it_adds_an_hmac_over_the_number_and_the_others)
{
	struct exchange exchange;
	struct mac *mac;
	uint8_t text[4 + TLVS], right[MAC_BYTES];

	assert_int_equal(mac_new(&mac, key, strlen(key), NULL), 0);
	begin(&exchange, -1, true, NULL);
	(void)ask(&exchange);
	(void)ask(&exchange);
	const uint8_t *packet = exchange.packet;

	assert_int_equal(exchange.length, SEALED + TLVS + HMAC_TLV);
	assert_tlv(packet, SEALED + TLVS, 8, 16);
	memcpy(text, packet, 4);
	memcpy(text + 4, packet + SEALED, TLVS);
	assert_int_equal(mac_sign(mac, text, sizeof(text), right), 0);
	assert_memory_equal(packet + SEALED + TLVS + 4, right, MAC_BYTES);
	mac_free(mac);
	peer_done(&exchange.peer);
}

static void protect_tlvs_alone(struct probe_options *options)
{
	options->stamp.open = true;
}

TEST(open_with_a_key_it_adds_an_hmac_over_the_number_and_the_others)
{
	struct exchange exchange;
	struct mac *mac;
	uint8_t text[4 + TLVS], right[MAC_BYTES];

	assert_int_equal(mac_new(&mac, key, strlen(key), NULL), 0);
	begin(&exchange, -1, true, protect_tlvs_alone);
	(void)ask(&exchange);
	(void)ask(&exchange);
	const uint8_t *packet = exchange.packet;

	assert_int_equal(exchange.length, OPEN + TLVS + HMAC_TLV);
	assert_int_equal(number_at(packet, 0, 4), 1);
	assert_is_now(number_at(packet, 4, 8));
	assert_zero(packet, 16, OPEN);
	assert_tlv(packet, OPEN + TLVS, 8, 16);
	memcpy(text, packet, 4);
	memcpy(text + 4, packet + OPEN, TLVS);
	assert_int_equal(mac_sign(mac, text, sizeof(text), right), 0);
	assert_memory_equal(packet + OPEN + TLVS + 4, right, MAC_BYTES);
	mac_free(mac);
	peer_done(&exchange.peer);
}

static bool is_random(const uint8_t *octets, size_t length)
{
	size_t zeros = 0;

	for (size_t i = 0; i < length; i++)
		zeros += octets[i] == 0;
	return zeros < length / 2;
}

TEST(so_many_octets_as_are_asked_for_are_sent)
{
	static const size_t sizes[] = { 44, 45, 46, 47, 48, 60, 71, 72, 73, 75, 76, 112, 1500 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct exchange exchange;
		size_t size = sizes[i], padding = OPEN;

		begin(&exchange, (int64_t)size, false, NULL);
		(void)ask(&exchange);
		assert_int_equal(exchange.length, size);
		if (size >= OPEN + TLVS) {
			assert_tlv(exchange.packet, 44, 4, 4);
			assert_tlv(exchange.packet, 52, 7, 16);
			padding = OPEN + TLVS;
		}
		if (size < padding + 4) { /* no room for a header */
			assert_zero(exchange.packet, padding, size);
		} else {
			assert_tlv(exchange.packet, padding, 1, (uint16_t)(size - padding - 4));
			assert_true(size < 1000 || is_random(exchange.packet + padding + 4,
			                                     size - padding - 4));
		}
		peer_done(&exchange.peer);
	}
}

TEST(sealed_padding_stands_before_the_hmac_or_alone)
{
	struct exchange exchange;

	begin(&exchange, 200, true, NULL);
	(void)ask(&exchange);
	assert_int_equal(exchange.length, 200);
	assert_tlv(exchange.packet, SEALED + TLVS, 1, 200 - SEALED - TLVS - HMAC_TLV - 4);
	assert_tlv(exchange.packet, 200 - HMAC_TLV, 8, 16);
	peer_done(&exchange.peer);
	begin(&exchange, SEALED + 30, true, NULL);
	(void)ask(&exchange);
	assert_tlv(exchange.packet, SEALED, 1, 26);
	peer_done(&exchange.peer);
}

static void ask_bare(struct probe_options *options)
{
	options->stamp.bare = true;
}

TEST(without_extensions_there_is_the_base_packet_and_zeroes)
{
	struct exchange exchange;

	begin(&exchange, -1, false, ask_bare);
	(void)ask(&exchange);
	assert_int_equal(exchange.length, OPEN);
	peer_done(&exchange.peer);
	begin(&exchange, 100, false, ask_bare);
	(void)ask(&exchange);
	assert_int_equal(exchange.length, 100);
	assert_zero(exchange.packet, 16, 100);
	peer_done(&exchange.peer);
	begin(&exchange, -1, true, ask_bare);
	(void)ask(&exchange);
	assert_int_equal(exchange.length, SEALED);
	peer_done(&exchange.peer);
}

static void ask_in_ptp(struct probe_options *options)
{
	options->stamp.ptp = true;
	options->stamp.tai = 37 * NS_PER_SEC;
}

TEST(in_ptps_format_time_is_seconds_and_nanoseconds_of_tai)
{
	struct exchange exchange;

	begin(&exchange, OPEN, false, ask_in_ptp);
	(void)ask(&exchange);
	uint64_t seconds = number_at(exchange.packet, 4, 4);
	int64_t now = clock_wall().ns / NS_PER_SEC;

	assert_int_equal(exchange.packet[12] & 0x40, 0x40);
	assert_in_range(seconds, now + 37 - 10, now + 38);
	assert_true(number_at(exchange.packet, 8, 4) < 1000000000);
	peer_done(&exchange.peer);
}

/* That of a channel which is told none. */
static uint16_t ssid_of(uint64_t identity)
{
	struct exchange exchange;

	peer_prepare(&exchange.peer, &probe_stamp, 0);
	set_options(&exchange.peer.options, OPEN, false);
	exchange.peer.options.stamp.ssid = 0;
	exchange.peer.channel.identity = identity;
	exchange.peer.fd = bound_socket(AF_INET, SOCK_DGRAM, &exchange.peer.address);
	peer_open_channel(&exchange.peer);
	(void)ask(&exchange);
	peer_done(&exchange.peer);
	return (uint16_t)number_at(exchange.packet, 14, 2);
}

TEST(sessions_without_a_number_get_different_ones_and_none_gets_zero)
{
	static const uint64_t firsts[] = { 0, 65530, 131060, UINT64_C(0x123456789abcdef0) };

	for (size_t i = 0; i < COUNT(firsts); i++) {
		uint16_t before = ssid_of(firsts[i]);

		assert_int_not_equal(before, 0);
		for (uint64_t more = 1; more < 16; more++) {
			uint16_t ssid = ssid_of(firsts[i] + more);

			assert_int_equal(ssid, before == UINT16_MAX ? 1 : before + 1);
			before = ssid;
		}
	}
}

TEST(a_size_below_the_base_packet_is_none)
{
	struct probe_options options = { 0 };

	set_options(&options, OPEN - 1, false);
	assert_int_equal(probe_size(&probe_stamp, &options), 0);
	set_options(&options, OPEN, false);
	assert_int_equal(probe_size(&probe_stamp, &options), OPEN);
	set_options(&options, SEALED - 1, true);
	assert_int_equal(probe_size(&probe_stamp, &options), 0);
	set_options(&options, -1, true);
	assert_int_equal(probe_size(&probe_stamp, &options), SEALED + TLVS + HMAC_TLV);
}

/* --- replies --- */

/* Makes of the request in hand the reply of a reflector that knows RFC 8972 and no TLV. */
static void reflect(struct exchange *exchange, uint32_t sequence)
{
	uint8_t request[OPEN], *packet = exchange->packet;

	memcpy(request, packet, OPEN);
	memset(packet, 0, OPEN);
	put_at(packet, 0, 4, sequence);
	put_at(packet, 4, 8,
	       number_at(request, 4, 8) + (UINT64_C(2) << 32)); /* T3: 2 s later */
	put_at(packet, 12, 2, 0x8a01);                          /* S; 2^-22 s */
	put_at(packet, 14, 2, number_at(request, 14, 2));
	put_at(packet, 16, 8, number_at(request, 4, 8) + (UINT64_C(1) << 32)); /* T2 */
	memcpy(packet + 24, request, 4);
	memcpy(packet + 28, request + 4, 10);
	packet[40] = 61;
}

/* Sends so much of it, and hears one event. */
static const struct event *give(struct exchange *exchange, size_t length)
{
	struct mono called;

	assert_int_equal(socket_send_to(exchange->peer.fd, exchange->packet, length,
	                                &exchange->from, &called),
	                 0);
	assert_int_equal(peer_hear(&exchange->peer), 1);
	return &exchange->peer.events[0];
}

TEST(a_reply_tells_numbers_times_ttl_and_what_they_claim)
{
	struct exchange exchange;

	begin(&exchange, -1, false, NULL);
	(void)ask(&exchange);
	uint64_t asked = ask(&exchange);

	reflect(&exchange, 7);
	const struct event *event = give(&exchange, exchange.length);
	const struct far *far = event->far;

	assert_int_equal(event->kind, EVENT_REPLY);
	assert_int_equal(event->key, asked);
	assert_int_equal(event->nonce, channel_nonce(&exchange.peer.channel, asked));
	assert_int_equal(event->nonce_mask, UINT64_MAX);
	assert_int_equal(far->asked, 1);
	assert_int_equal(far->sequence, 7);
	assert_int_equal(far->ttl, 61);
	assert_int_equal(wall_since(far->sent, far->received), NS_PER_SEC);
	assert_true(far->clock.synchronised);
	assert_in_range(far->clock.error, 238, 239);
	assert_true(far->session);
	/* Its TLVs came back with U: it understood none. */
	assert_false(far->extended || far->tells_departures || far->follows);
	assert_int_equal(far->tos, -1);
	assert_int_equal(far->dscp, -1);
	peer_done(&exchange.peer);
}

static void assert_reply(struct exchange *exchange, size_t length, bool is_one, int error)
{
	const struct event *event = give(exchange, length);

	assert_int_equal(event->kind, is_one ? EVENT_REPLY : EVENT_JUNK);
	assert_int_equal(event->error, error);
}

TEST(a_reply_may_be_shorter_than_its_request_and_never_longer)
{
	struct exchange exchange;

	begin(&exchange, 100, false, NULL);
	(void)ask(&exchange);
	reflect(&exchange, 0);
	assert_reply(&exchange, 100, true, 0);
	assert_reply(&exchange, 44, true, 0);
	assert_reply(&exchange, 41, true, 0); /* TWAMP Light's end there */
	assert_reply(&exchange, 40, false, -EBADMSG);
	assert_reply(&exchange, 0, false, -EBADMSG);
	assert_reply(&exchange, 101, false, -EMSGSIZE);
	assert_reply(&exchange, 102, false, -EMSGSIZE);
	assert_reply(&exchange, 1400, false, -EMSGSIZE);
	peer_done(&exchange.peer);
}

static void want_ssid(struct probe_options *options)
{
	options->stamp.strict = true;
}

TEST(a_reply_of_another_session_is_none_and_of_no_session_as_one_likes)
{
	struct exchange exchange;

	for (int strict = 0; strict < 2; strict++) {
		begin(&exchange, OPEN, false, strict ? want_ssid : NULL);
		(void)ask(&exchange);
		reflect(&exchange, 0);
		assert_reply(&exchange, OPEN, true, 0);
		put_at(exchange.packet, 14, 2, SSID + 1);
		assert_reply(&exchange, OPEN, false, -EBADMSG);
		put_at(exchange.packet, 14, 2, 0);
		assert_reply(&exchange, OPEN, !strict, strict ? -EBADMSG : 0);
		peer_done(&exchange.peer);
	}
}

TEST(octets_that_must_be_zero_and_are_not_do_no_harm)
{
	struct exchange exchange;

	begin(&exchange, OPEN, false, NULL);
	(void)ask(&exchange);
	reflect(&exchange, 0);
	put_at(exchange.packet, 38, 2, SSID); /* stamp-suite wrote it there */
	put_at(exchange.packet, 41, 3, 0xffffff);
	const struct event *event = give(&exchange, OPEN);

	assert_int_equal(event->kind, EVENT_REPLY);
	assert_int_equal(event->far->ttl, 61);
	peer_done(&exchange.peer);
}

TEST(times_that_are_not_told_or_no_times_are_unknown)
{
	struct exchange exchange;

	begin(&exchange, OPEN, false, NULL);
	(void)ask(&exchange);
	reflect(&exchange, 0);
	put_at(exchange.packet, 16, 8, 0);
	assert_int_equal(give(&exchange, OPEN)->far->received.ns, 0);
	put_at(exchange.packet, 12, 2, 0x4001); /* PTP */
	put_at(exchange.packet, 16, 8,
	       (UINT64_C(5) << 32) + 1000000000); /* no part of a second */
	assert_int_equal(give(&exchange, OPEN)->far->received.ns, 0);
	put_at(exchange.packet, 12, 2, 0x8000); /* a multiplier of 0 */
	const struct far *far = give(&exchange, OPEN)->far;

	assert_false(far->clock.synchronised);
	assert_int_equal(far->clock.error, -1);
	peer_done(&exchange.peer);
}

TEST(ptp_times_are_read_as_the_reflector_declares_them)
{
	struct exchange exchange;
	int64_t now = clock_wall().ns / NS_PER_SEC;

	begin(&exchange, OPEN, false, ask_in_ptp);
	(void)ask(&exchange);
	reflect(&exchange, 0);
	put_at(exchange.packet, 12, 2, 0x4a01);
	put_at(exchange.packet, 4, 8, (uint64_t)(now + 37) << 32 | 500);
	put_at(exchange.packet, 16, 8, (uint64_t)(now + 37) << 32 | 200);
	const struct far *far = give(&exchange, OPEN)->far;

	assert_int_equal(far->received.ns, now * NS_PER_SEC + 200);
	assert_int_equal(far->sent.ns, now * NS_PER_SEC + 500);
	peer_done(&exchange.peer);
}

/* --- what the TLVs of a reply say --- */

TEST(class_of_service_and_follow_up_are_read)
{
	struct exchange exchange;

	begin(&exchange, -1, false, ask_for_ef);
	(void)ask(&exchange);
	reflect(&exchange, 1);
	uint8_t *packet = exchange.packet;

	packet[44] = packet[52] = 0; /* understood */
	/* DSCP1 6, DSCP2 6, ECN 2, RP 2: 46, 10, 1, 0 */
	put_at(packet, 48, 4, 46u << 26 | 10 << 20 | 1 << 18);
	put_at(packet, 56, 4, 0);
	put_at(packet, 60, 8, number_at(packet, 4, 8) - 100);
	const struct far *far = give(&exchange, exchange.length)->far;

	assert_true(far->extended && far->tells_departures && far->follows);
	assert_int_equal(far->tos, 10 << 2 | 1);
	assert_int_equal(far->dscp, 46);
	assert_int_equal(far->followed, 0);
	put_at(packet, 48, 4, 46u << 26 | 10 << 20 | 1 << 18 | 1 << 16); /* RP: refused */
	memset(packet + 56, 0, 16); /* a stateless reflector's */
	far = give(&exchange, exchange.length)->far;
	assert_int_equal(far->dscp, 10);
	assert_true(far->tells_departures);
	assert_false(far->follows);
	peer_done(&exchange.peer);
}

TEST(behind_a_malformed_tlv_nothing_is_believed)
{
	struct exchange exchange;

	begin(&exchange, -1, false, NULL);
	(void)ask(&exchange);
	reflect(&exchange, 1);
	exchange.packet[44] = 0x40; /* M */
	exchange.packet[52] = 0;
	assert_false(give(&exchange, exchange.length)->far->extended);
	exchange.packet[44] = 0;
	exchange.packet[52] = 0x40;
	const struct far *far = give(&exchange, exchange.length)->far;

	assert_true(far->extended && far->tos >= 0);
	assert_false(far->tells_departures);
	exchange.packet[44] = 0x20; /* I, of any */
	exchange.packet[52] = 0;
	assert_false(give(&exchange, exchange.length)->far->extended);
	peer_done(&exchange.peer);
}

/* --- authenticated --- */

static void sign(struct exchange *exchange, struct mac *mac)
{
	uint8_t text[4 + TLVS], *packet = exchange->packet;

	memcpy(text, packet, 4);
	memcpy(text + 4, packet + SEALED, TLVS);
	if (exchange->length == SEALED + TLVS + HMAC_TLV)
		assert_int_equal(mac_sign(mac, text, sizeof(text), packet + SEALED + TLVS + 4),
		                 0);
	assert_int_equal(mac_sign(mac, packet, 96, packet + 96), 0);
}

static void reflect_sealed(struct exchange *exchange, uint32_t sequence, struct mac *mac)
{
	uint8_t request[SEALED], *packet = exchange->packet;

	memcpy(request, packet, SEALED);
	memset(packet, 0, SEALED);
	put_at(packet, 0, 4, sequence);
	put_at(packet, 16, 8, number_at(request, 16, 8) + 2000);
	put_at(packet, 24, 2, 0x0a01);
	put_at(packet, 26, 2, number_at(request, 26, 2));
	put_at(packet, 32, 8, number_at(request, 16, 8) + 1000);
	memcpy(packet + 48, request, 4);
	memcpy(packet + 64, request + 16, 10);
	packet[80] = 60;
	if (exchange->length > SEALED)
		packet[SEALED] = packet[SEALED + 8] = packet[SEALED + TLVS] = 0;
	sign(exchange, mac);
}

TEST(of_a_sealed_reply_every_bit_of_the_first_112_octets_is_protected)
{
	struct exchange exchange;
	struct mac *mac;

	assert_int_equal(mac_new(&mac, key, strlen(key), NULL), 0);
	begin(&exchange, SEALED, true, NULL);
	uint64_t asked = ask(&exchange);

	reflect_sealed(&exchange, 0, mac);
	assert_int_equal(give(&exchange, SEALED)->key, asked);
	for (size_t bit = 0; bit < (size_t)8 * SEALED; bit++) {
		exchange.packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_reply(&exchange, SEALED, false, -EBADMSG);
		exchange.packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_reply(&exchange, SEALED - 1, false, -EBADMSG);
	assert_reply(&exchange, OPEN, false, -EBADMSG);
	assert_reply(&exchange, SEALED, true, 0);
	mac_free(mac);
	peer_done(&exchange.peer);
}

TEST(sealed_tlvs_are_believed_with_their_hmac_alone)
{
	struct exchange exchange;
	struct mac *mac;

	assert_int_equal(mac_new(&mac, key, strlen(key), NULL), 0);
	begin(&exchange, -1, true, NULL);
	(void)ask(&exchange);
	reflect_sealed(&exchange, 5, mac);
	assert_true(give(&exchange, exchange.length)->far->extended);
	for (size_t i = SEALED; i < exchange.length; i++) {
		if (i == SEALED + TLVS)
			continue; /* the flags of the HMAC TLV itself are in no text */
		exchange.packet[i] ^= 0x10;
		const struct event *event = give(&exchange, exchange.length);

		assert_int_equal(event->kind, EVENT_REPLY); /* the base packet holds */
		assert_false(event->far->extended);
		exchange.packet[i] ^= 0x10;
	}
	/* Cut off, or in disguise, it protects nothing. */
	assert_false(give(&exchange, exchange.length - HMAC_TLV)->far->extended);
	exchange.packet[SEALED + TLVS + 1] = 1;
	assert_false(give(&exchange, exchange.length)->far->extended);
	mac_free(mac);
	peer_done(&exchange.peer);
}

TEST(so_are_those_of_an_open_session_with_a_key)
{
	struct exchange exchange;
	struct mac *mac;
	uint8_t text[4 + TLVS], *packet = exchange.packet;

	assert_int_equal(mac_new(&mac, key, strlen(key), NULL), 0);
	begin(&exchange, -1, true, protect_tlvs_alone);
	(void)ask(&exchange);
	reflect(&exchange, 5);
	packet[OPEN] = packet[OPEN + 8] = packet[OPEN + TLVS] = 0;
	/* Sealed with the number of the request, as a reflector does that only copies. */
	assert_false(give(&exchange, exchange.length)->far->extended);
	memcpy(text, packet, 4);
	memcpy(text + 4, packet + OPEN, TLVS);
	assert_int_equal(mac_sign(mac, text, sizeof(text), packet + OPEN + TLVS + 4), 0);
	assert_true(give(&exchange, exchange.length)->far->extended);
	packet[OPEN + 5] ^= 1;
	assert_reply(&exchange, exchange.length, true, 0); /* of the base packet nothing is */
	assert_false(exchange.peer.events[0].far->extended);
	packet[OPEN + 5] ^= 1;
	assert_false(give(&exchange, exchange.length - HMAC_TLV)->far->extended);
	mac_free(mac);
	peer_done(&exchange.peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_request_is_laid_out_as_rfc_8762_says),
		cmocka_unit_test(a_sealed_request_is_laid_out_as_rfc_8762_says),
		cmocka_unit_test(unless_told_it_asks_for_class_of_service_and_follow_up),
		cmocka_unit_test(sealed_it_adds_an_hmac_over_the_number_and_the_others),
		cmocka_unit_test(
			open_with_a_key_it_adds_an_hmac_over_the_number_and_the_others),
		cmocka_unit_test(so_many_octets_as_are_asked_for_are_sent),
		cmocka_unit_test(sealed_padding_stands_before_the_hmac_or_alone),
		cmocka_unit_test(without_extensions_there_is_the_base_packet_and_zeroes),
		cmocka_unit_test(in_ptps_format_time_is_seconds_and_nanoseconds_of_tai),
		cmocka_unit_test(
			sessions_without_a_number_get_different_ones_and_none_gets_zero),
		cmocka_unit_test(a_size_below_the_base_packet_is_none),
		cmocka_unit_test(a_reply_tells_numbers_times_ttl_and_what_they_claim),
		cmocka_unit_test(a_reply_may_be_shorter_than_its_request_and_never_longer),
		cmocka_unit_test(
			a_reply_of_another_session_is_none_and_of_no_session_as_one_likes),
		cmocka_unit_test(octets_that_must_be_zero_and_are_not_do_no_harm),
		cmocka_unit_test(times_that_are_not_told_or_no_times_are_unknown),
		cmocka_unit_test(ptp_times_are_read_as_the_reflector_declares_them),
		cmocka_unit_test(class_of_service_and_follow_up_are_read),
		cmocka_unit_test(behind_a_malformed_tlv_nothing_is_believed),
		cmocka_unit_test(
			of_a_sealed_reply_every_bit_of_the_first_112_octets_is_protected),
		cmocka_unit_test(sealed_tlvs_are_believed_with_their_hmac_alone),
		cmocka_unit_test(so_are_those_of_an_open_session_with_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
