/* SPDX-License-Identifier: MIT */
/* tlv_answer -- what a Session-Reflector does to the TLVs of a request (RFC 8972 section 4).
 *
 * In place, and without ever changing a length: what is understood is answered and loses its U flag;
 * what is not keeps or gets it; a malformed TLV gets its M flag, and nothing behind it is touched; where
 * the HMAC TLV does not hold, every TLV gets its I flag and no value is touched.
 *
 * When to call: tlv_answer() once what the facts ask for is known (T3 is not among it); then, when
 * `sealed_at` says that there is an HMAC TLV to renew, tlv_seal(area, sealed_at, sequence of the reply,
 * mac); then the base packet is sealed with T3 and signed (wire/stamp), which these octets do not enter.
 */
#pragma once

#include "wire/tlv.h"

/* One end of the request's path through the network, as the IP and UDP headers said. */
struct tlv_end {
	const uint8_t *address; /* borrowed; 4 or 16 octets */
	uint8_t address_bytes;  /* 4, 16; 0: not known */
	uint16_t port;
};

struct tlv_facts {
	/* TLV_BIT()s of what the reflector has the facts for, of types 1 to 7; others are not understood.
	 * TLV_HMAC is understood when protection has a mac. */
	uint32_t understood;
	struct tlv_protection protection; /* with the sequence number of the request */

	struct tlv_end source, destination; /* Location */
	bool hides_location;                /* policy: they are told as zeroes */
	struct tlv_timestamps timestamps;   /* Timestamp Information */
	uint8_t tos;                        /* Class of Service: DSCP and ECN as received */
	uint64_t dscp_allowed;   /* policy: bit d is set where a reply may leave with DSCP d */
	uint32_t received, sent; /* Direct Measurement: R_RxC; R_TxC, this reply included */
	struct tlv_follow_up
		follow_up; /* of the reply before; zero: stateless, or none known */
};

enum tlv_outcome {
	TLV_NO_TLVS,         /* nothing there but padding, which was not touched */
	TLV_ANSWERED,        /* all of it */
	TLV_ENDED_MALFORMED, /* up to one that is malformed */
	TLV_ENDED_UNTRUSTED, /* the HMAC TLV does not hold: nothing */
};

struct tlv_answer {
	enum tlv_outcome outcome;
	uint32_t answered; /* TLV_BIT()s of what was understood */
	int tos;           /* what the reply's IP header shall carry; -1: nobody asked */
	size_t sealed_at;  /* of the HMAC TLV that tlv_seal() must renew; valid when has_hmac */
	bool has_hmac;
};

struct tlv_answer tlv_answer(uint8_t *area, size_t length, const struct tlv_facts *facts);
