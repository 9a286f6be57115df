/* SPDX-License-Identifier: MIT */
/* icmp -- echo requests, and what comes back (RFC 792, RFC 4443).
 *
 *    0     1     2         4           6           8
 *    |type |code |checksum |identifier | sequence  | data ...
 *
 * A raw IPv4 socket delivers the IP header too and everything ICMP that reaches the host, with
 * nothing checked; a ping socket delivers only answers to its own identifier.
 */
#pragma once

#include "base/base.h"

enum { ICMP_HEADER_BYTES = 8 };

enum icmp_version { ICMP_V4, ICMP_V6 };

enum icmp_meaning {
	ICMP_MEANS_REPLY,   /* an echo reply */
	ICMP_MEANS_REFUSAL, /* an error about an echo request of ours: error says which */
};

struct icmp_message {
	enum icmp_meaning meaning;
	uint16_t identifier, sequence; /* of the reply, or of the request the error quotes */
	const uint8_t *data;           /* of the reply, or what is quoted of the request's */
	size_t length;
	const uint8_t
		*destination; /* of the quoted request: 4 or 16 bytes; all three borrowed */
	int error;            /* negative errno of a refusal */
};

/* Fills the first 8 bytes of an echo request that already carries its data, checksum and all
 * (over ICMPv6 the kernel writes the checksum: the pseudo-header is its own). */
void icmp_write_request(uint8_t *packet, size_t length, enum icmp_version version,
                        uint16_t identifier, uint16_t sequence);

/* Reads an ICMP message, without an IP header.  check: verify the IPv4 checksum, because nobody
 * has yet.  -EBADMSG for what is broken or says nothing about an echo request. */
MUST_CHECK int icmp_read(const uint8_t *packet, size_t length, enum icmp_version version,
                         bool check, struct icmp_message *out);

/* What an ICMP error of this type and code means to a sender, as a negative errno (RFC 1122
 * section 3.2.2.1, RFC 4443 section 3); 0 for what is no error. */
int icmp_error_of(enum icmp_version version, uint8_t type, uint8_t code);

/* Length of the IPv4 header in front, and the TTL and TOS in it; -EBADMSG when there is no whole
 * one. */
MUST_CHECK int icmp_skip_ip(const uint8_t *packet, size_t length, uint8_t *ttl, uint8_t *tos);
