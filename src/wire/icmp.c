/* SPDX-License-Identifier: MIT */
#include "wire/icmp.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum {
	V4_ECHO_REPLY = 0,
	V4_UNREACHABLE = 3,
	V4_ECHO = 8,
	V4_TIME_EXCEEDED = 11,
	V4_PARAMETER = 12,
	V6_UNREACHABLE = 1,
	V6_TOO_BIG = 2,
	V6_TIME_EXCEEDED = 3,
	V6_PARAMETER = 4,
	V6_ECHO = 128,
	V6_ECHO_REPLY = 129,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	IPV4_DESTINATION = 16,
	IPV6_DESTINATION = 24,
	PROTOCOL_ICMP = 1,
	PROTOCOL_ICMPV6 = 58,
};

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The Internet checksum (RFC 1071); over a packet with a right one it is 0. */
static uint16_t checksum(const uint8_t *data, size_t length)
{
	uint64_t sum = 0;
	size_t i = 0;

	/* Two words at a time; what they carry is folded in at the end. */
	for (uint32_t both; i + sizeof(both) <= length; i += sizeof(both)) {
		memcpy(&both, data + i, sizeof(both));
		sum += be32toh(both);
	}
	if (i + 1 < length)
		sum += get16(data + i);
	if (length % 2)
		sum += (uint64_t)data[length - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void icmp_write_request(uint8_t *packet, size_t length, enum icmp_version version,
                        uint16_t identifier, uint16_t sequence)
{
	packet[0] = version == ICMP_V4 ? V4_ECHO : V6_ECHO;
	packet[1] = 0;
	put16(packet + 2, 0);
	put16(packet + 4, identifier);
	put16(packet + 6, sequence);
	if (version == ICMP_V4)
		put16(packet + 2, checksum(packet, length));
}

int icmp_error_of(enum icmp_version version, uint8_t type, uint8_t code)
{
	static const int v4_unreachable[] = {
		-ENETUNREACH,  -EHOSTUNREACH, -ENOPROTOOPT,  -ECONNREFUSED,
		-EMSGSIZE,     -EOPNOTSUPP,   -ENETUNREACH,  -EHOSTDOWN,
		-ENONET,       -ENETUNREACH,  -EHOSTUNREACH, -ENETUNREACH,
		-EHOSTUNREACH, -EACCES,       -EHOSTUNREACH, -EHOSTUNREACH,
	};
	static const int v6_unreachable[] = {
		-ENETUNREACH,  -EACCES, -EHOSTUNREACH, -EHOSTUNREACH,
		-ECONNREFUSED, -EACCES, -EACCES,
	};
	uint8_t too_late = version == ICMP_V4 ? V4_TIME_EXCEEDED : V6_TIME_EXCEEDED;
	uint8_t parameter = version == ICMP_V4 ? V4_PARAMETER : V6_PARAMETER;

	if (type == too_late)
		return -ETIME;
	if (type == parameter)
		return -EPROTO;
	if (version == ICMP_V4)
		return type != V4_UNREACHABLE         ? 0
		       : code < COUNT(v4_unreachable) ? v4_unreachable[code]
		                                      : -EHOSTUNREACH;
	if (type == V6_TOO_BIG)
		return -EMSGSIZE;
	return type != V6_UNREACHABLE         ? 0
	       : code < COUNT(v6_unreachable) ? v6_unreachable[code]
	                                      : -EHOSTUNREACH;
}

int icmp_skip_ip(const uint8_t *packet, size_t length, uint8_t *ttl, uint8_t *tos)
{
	size_t header;

	if (length < IPV4_HEADER || packet[0] >> 4 != 4)
		return -EBADMSG;
	header = (size_t)(packet[0] & 0x0f) * 4;
	if (header < IPV4_HEADER || header > length)
		return -EBADMSG;
	*tos = packet[1];
	*ttl = packet[8];
	return (int)header;
}

/* How much IP stands before the request that an error quotes. */
static int skip_quoted_ip(const uint8_t *packet, size_t length, enum icmp_version version)
{
	uint8_t ttl, tos;

	if (version == ICMP_V4) {
		int header = icmp_skip_ip(packet, length, &ttl, &tos);

		return header < 0 || packet[9] == PROTOCOL_ICMP ? header : -EBADMSG;
	}
	if (length < IPV6_HEADER || packet[0] >> 4 != 6 || packet[6] != PROTOCOL_ICMPV6)
		return -EBADMSG;
	return IPV6_HEADER;
}

static int read_quoted(const uint8_t *packet, size_t length, enum icmp_version version,
                       struct icmp_message *out)
{
	int skip = skip_quoted_ip(packet, length, version);

	if (skip < 0 || length - (size_t)skip < ICMP_HEADER_BYTES)
		return -EBADMSG;
	const uint8_t *request = packet + skip;

	if (request[0] != (version == ICMP_V4 ? V4_ECHO : V6_ECHO))
		return -EBADMSG;
	out->identifier = get16(request + 4);
	out->sequence = get16(request + 6);
	out->data = request + ICMP_HEADER_BYTES;
	out->length = length - (size_t)skip - ICMP_HEADER_BYTES;
	out->destination = packet + (version == ICMP_V4 ? IPV4_DESTINATION : IPV6_DESTINATION);
	return 0;
}

int icmp_read(const uint8_t *packet, size_t length, enum icmp_version version, bool check,
              struct icmp_message *out)
{
	struct icmp_message message = { 0 };

	if (length < ICMP_HEADER_BYTES)
		return -EBADMSG;
	if (check && version == ICMP_V4 && checksum(packet, length) != 0)
		return -EBADMSG;

	if (packet[0] == (version == ICMP_V4 ? V4_ECHO_REPLY : V6_ECHO_REPLY)) {
		message.meaning = ICMP_MEANS_REPLY;
		message.identifier = get16(packet + 4);
		message.sequence = get16(packet + 6);
		message.data = packet + ICMP_HEADER_BYTES;
		message.length = length - ICMP_HEADER_BYTES;
		*out = message;
		return 0;
	}
	message.meaning = ICMP_MEANS_REFUSAL;
	message.error = icmp_error_of(version, packet[0], packet[1]);
	if (message.error == 0 ||
	    read_quoted(packet + ICMP_HEADER_BYTES, length - ICMP_HEADER_BYTES, version,
	                &message) < 0)
		return -EBADMSG;
	*out = message;
	return 0;
}
