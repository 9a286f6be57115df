/* SPDX-License-Identifier: MIT */
#include "wire/stamp.h"

#include <errno.h>

#include "wire/octets.h"

/* How far from now a time may be to betray a packet that was reflected. */
#define REFLECTED_WITHIN (10 * NS_PER_SEC)

/* Where the fields stand.  Of a request: the first four. */
struct layout {
	uint8_t sequence, time, error, ssid;
	uint8_t received, sender_sequence, sender_time, sender_error, sender_ttl;
};

static const struct layout layouts[] = {
	[STAMP_OPEN] = {
		.sequence = 0,
		.time = 4,
		.error = 12,
		.ssid = 14,
		.received = 16,
		.sender_sequence = 24,
		.sender_time = 28,
		.sender_error = 36,
		.sender_ttl = 40,
	},
	[STAMP_AUTHENTICATED] = {
		.sequence = 0,
		.time = 16,
		.error = 24,
		.ssid = 26,
		.received = 32,
		.sender_sequence = 48,
		.sender_time = 64,
		.sender_error = 72,
		.sender_ttl = 80,
	},
};

static bool is_long_enough(size_t length, enum stamp_mode mode)
{
	return length >= (mode == STAMP_OPEN ? STAMP_TWAMP_BYTES : STAMP_AUTHENTICATED_BYTES);
}

void stamp_write_request(uint8_t *packet, enum stamp_mode mode,
                         const struct stamp_request *request)
{
	const struct layout *at = &layouts[mode];

	memset(packet, 0, stamp_bytes(mode));
	put32(packet + at->sequence, request->sequence);
	put16(packet + at->ssid, request->ssid);
	stamp_seal(packet, mode, request->time, request->error);
}

int stamp_read_request(const uint8_t *packet, size_t length, enum stamp_mode mode,
                       struct stamp_request *out)
{
	const struct layout *at = &layouts[mode];

	if (!is_long_enough(length, mode))
		return -EBADMSG;
	*out = (struct stamp_request){
		.sequence = get32(packet + at->sequence),
		.time = get64(packet + at->time),
		.error = get16(packet + at->error),
		.ssid = get16(packet + at->ssid),
	};
	return 0;
}

void stamp_write_reply(uint8_t *packet, size_t length, enum stamp_mode mode,
                       const struct stamp_reply *reply)
{
	const struct layout *at = &layouts[mode];
	uint8_t whole[STAMP_AUTHENTICATED_BYTES] = { 0 };

	put32(whole + at->sequence, reply->sequence);
	put16(whole + at->ssid, reply->ssid);
	stamp_seal(whole, mode, reply->time, reply->error);
	put64(whole + at->received, reply->received);
	put32(whole + at->sender_sequence, reply->sender_sequence);
	put64(whole + at->sender_time, reply->sender_time);
	put16(whole + at->sender_error, reply->sender_error);
	whole[at->sender_ttl] = reply->sender_ttl;
	memcpy(packet, whole, size_min(length, stamp_bytes(mode)));
}

int stamp_read_reply(const uint8_t *packet, size_t length, enum stamp_mode mode,
                     struct stamp_reply *out)
{
	const struct layout *at = &layouts[mode];

	if (!is_long_enough(length, mode))
		return -EBADMSG;
	*out = (struct stamp_reply){
		.sequence = get32(packet + at->sequence),
		.time = get64(packet + at->time),
		.error = get16(packet + at->error),
		.ssid = get16(packet + at->ssid),
		.received = get64(packet + at->received),
		.sender_sequence = get32(packet + at->sender_sequence),
		.sender_time = get64(packet + at->sender_time),
		.sender_error = get16(packet + at->sender_error),
		.sender_ttl = packet[at->sender_ttl],
	};
	return 0;
}

void stamp_seal(uint8_t *packet, enum stamp_mode mode, uint64_t time, uint16_t error)
{
	const struct layout *at = &layouts[mode];

	put64(packet + at->time, time);
	put16(packet + at->error, error);
}

int stamp_sign(uint8_t *packet, struct mac *mac)
{
	return mac_sign(mac, packet, STAMP_MAC_AT, packet + STAMP_MAC_AT);
}

bool stamp_is_authentic(const uint8_t *packet, size_t length, struct mac *mac)
{
	return length >= STAMP_AUTHENTICATED_BYTES &&
	       mac_matches(mac, packet, STAMP_MAC_AT, packet + STAMP_MAC_AT);
}

static bool is_about_now(uint64_t time, enum stamp_format format, struct wall now)
{
	struct wall wall;

	return stamp_time_decode(time, format, now, &wall) == 0 &&
	       wall.ns >= now.ns - REFLECTED_WITHIN && wall.ns <= now.ns + REFLECTED_WITHIN;
}

/* Zero, which a sender writes, is itself an instant of 2036. */
static bool betrays(uint64_t time, struct wall now)
{
	return time &&
	       (is_about_now(time, STAMP_NTP, now) || is_about_now(time, STAMP_PTP, now));
}

bool stamp_is_reflected(const uint8_t *packet, size_t length, enum stamp_mode mode,
                        struct wall now)
{
	const struct layout *at = &layouts[mode];

	return is_long_enough(length, mode) && (betrays(get64(packet + at->received), now) ||
	                                        betrays(get64(packet + at->sender_time), now));
}
