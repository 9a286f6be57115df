/* SPDX-License-Identifier: MIT */
/* tlv_reply -- what a Session-Sender learns from the TLVs of a reply (RFC 8972 section 4).
 *
 * U: that TLV is skipped, for the reflector did not understand it.  M, or a length that cannot be: nothing
 * from there on is believed.  I, or an HMAC TLV that does not hold: nothing at all is believed.
 */
#pragma once

#include "wire/tlv.h"

struct tlv_location {
	uint16_t destination_port, source_port; /* as the reflector saw the request */
	uint8_t destination[TLV_IP_ADDRESS_BYTES], source[TLV_IP_ADDRESS_BYTES];
	uint8_t destination_bytes, source_bytes; /* 4, 16; 0: not told */
	uint8_t source_mac[TLV_MAC_ADDRESS_BYTES];
	uint8_t source_mac_bytes; /* 6, 8; 0: not told, or not known to the reflector */
};

enum tlv_trust {
	TLV_READ_ALL,
	TLV_READ_TO_MALFORMED, /* what stands before is here */
	TLV_READ_NOTHING,      /* the reflector, or we, found the HMAC TLV not to hold */
};

struct tlv_reply {
	enum tlv_trust trust;
	uint32_t told;         /* TLV_BIT()s of what is here */
	uint32_t unrecognised; /* TLV_BIT()s of what the reflector did not understand */
	bool genuine;          /* an HMAC TLV was there and holds */
	struct tlv_location location;
	struct tlv_timestamps timestamps;
	struct tlv_service service;
	struct tlv_counters counters;
	struct tlv_access_report access;
	struct tlv_follow_up follow_up;
};

/* protection: with the sequence number of the reply.  When a type is there twice, the first counts. */
struct tlv_reply tlv_read_reply(const uint8_t *area, size_t length,
                                const struct tlv_protection *protection);
