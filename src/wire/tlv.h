/* SPDX-License-Identifier: MIT */
/* tlv -- the extensions behind a STAMP packet (RFC 8972 section 4): walking, reading and writing them.
 *
 *    0       1       2               4                4 + length
 *    | flags | type  | length        | value ...      | flags | type ...
 *      U M I
 *
 * The area is what follows stamp_bytes(mode) octets of a datagram.  A TLV of type 0, which is reserved,
 * ends the TLVs: from there on it is padding, such as the zeroes of a TWAMP-Light sender.  So do one to
 * three zeroes at the end; other octets too few for a header are a TLV that is broken.
 *
 *   U  unrecognised: a sender sets it, a reflector clears it in what it has understood
 *   M  malformed: its length cannot be; nothing behind it was looked at
 *   I  integrity: the HMAC TLV did not match, or there is no key to try it by; nothing was looked at
 *
 * A reflector answers in place by wire/tlv_answer; a sender reads the answer by wire/tlv_reply.
 */
#pragma once

#include "wire/mac.h"

enum {
	TLV_HEADER_BYTES = 4,
	TLV_UNRECOGNISED = 0x80,
	TLV_MALFORMED = 0x40,
	TLV_INTEGRITY = 0x20,
	TLV_VERDICTS = TLV_UNRECOGNISED | TLV_MALFORMED | TLV_INTEGRITY,
};

enum tlv_type {
	TLV_RESERVED = 0,
	TLV_EXTRA_PADDING = 1,
	TLV_LOCATION = 2,
	TLV_TIMESTAMP_INFORMATION = 3,
	TLV_CLASS_OF_SERVICE = 4,
	TLV_DIRECT_MEASUREMENT = 5,
	TLV_ACCESS_REPORT = 6,
	TLV_FOLLOW_UP = 7,
	TLV_HMAC = 8,
	/* Known by name only: nothing below answers or reads them. */
	TLV_DESTINATION_NODE = 9, /* RFC 9503 */
	TLV_RETURN_PATH = 10,     /* RFC 9503 */
	TLV_MICRO_SESSION = 11,   /* RFC 9534 */
	TLV_REFLECTED_CONTROL = 12,
};

/* The bit of a type in a set of types below 32. */
#define TLV_BIT(type) (UINT32_C(1) << (type))

/* --- walking --- */

struct tlv {
	size_t at; /* of its header, in the area */
	uint8_t flags, type;
	uint16_t length; /* of its value */
	const uint8_t *value;
};

enum tlv_step {
	TLV_STEP_FOUND,
	TLV_STEP_BROKEN, /* it overruns the area: at, and what there is of its header, are valid */
	TLV_STEP_END,
};

struct tlv_walk {
	const uint8_t *area;
	size_t length, at; /* at: behind what was found last */
};

/* The next TLV; each step costs the same, and nothing behind the area is read. */
enum tlv_step tlv_next(struct tlv_walk *walk, struct tlv *out);

/* Whether a value of this type may have this length; any may that of a type we do not know. */
bool tlv_fits(uint8_t type, uint16_t length);

/* --- values --- */

/* Timestamp Information: how each end's times came about. */
enum tlv_source {
	TLV_SOURCE_UNKNOWN = 0,
	TLV_SOURCE_NTP = 1,
	TLV_SOURCE_PTP = 2,
	TLV_SOURCE_SSU_BITS = 3,
	TLV_SOURCE_SATELLITE = 4, /* GPS, GLONASS, LORAN-C, BDS, Galileo */
	TLV_SOURCE_FREE_RUNNING = 5,
};

enum tlv_method {
	TLV_METHOD_UNKNOWN = 0,
	TLV_METHOD_HARDWARE = 1, /* HW assist */
	TLV_METHOD_SOFTWARE = 2, /* SW local */
	TLV_METHOD_CONTROL = 3,  /* control plane */
};

struct tlv_timestamps {
	uint8_t source_in, method_in;   /* of T2: tlv_source, tlv_method, or what a peer says */
	uint8_t source_out, method_out; /* of T3 */
};

/* Class of Service.  A sender fills in dscp1 alone. */
struct tlv_service {
	uint8_t dscp1;   /* wanted for the reply */
	uint8_t dscp2;   /* of the request, as it arrived */
	uint8_t ecn;     /* of the request, as it arrived */
	uint8_t refused; /* RP: 1 when dscp1 was not granted */
};

/* Direct Measurement.  A sender fills in the first. */
struct tlv_counters {
	uint32_t sender_sent, reflector_received, reflector_sent;
};

enum tlv_access { TLV_ACCESS_3GPP = 1, TLV_ACCESS_NON_3GPP = 2 };
enum tlv_availability { TLV_AVAILABLE = 1, TLV_UNAVAILABLE = 2 };

struct tlv_access_report {
	uint8_t access; /* tlv_access, 4 bits */
	uint8_t code;   /* tlv_availability */
};

/* Follow-Up Telemetry: when a reply before this one really left; all zero from a stateless reflector,
 * and in a request. */
struct tlv_follow_up {
	uint32_t sequence;
	uint64_t time; /* as the times of the reply are: its Z says how */
	uint8_t method;
};

/* Location, and its sub-TLVs: what a request asks for, and what a reply says. */
enum tlv_location_type {
	TLV_ASK_SOURCE_MAC = 1,
	TLV_SOURCE_EUI48 = 2,
	TLV_SOURCE_EUI64 = 3,
	TLV_ASK_DESTINATION = 4,
	TLV_DESTINATION_IPV4 = 5,
	TLV_DESTINATION_IPV6 = 6,
	TLV_ASK_SOURCE = 7,
	TLV_SOURCE_IPV4 = 8,
	TLV_SOURCE_IPV6 = 9,
};

enum {
	TLV_LOCATION_PORTS_BYTES = 4, /* destination port, source port; then sub-TLVs */
	TLV_MAC_ADDRESS_BYTES = 8,
	TLV_IP_ADDRESS_BYTES = 16,
	TLV_TIMESTAMPS_BYTES = 4, /* then sub-TLVs, of which the RFC has none yet */
	TLV_SERVICE_BYTES = 4,
	TLV_COUNTERS_BYTES = 12,
	TLV_ACCESS_BYTES = 4,
	TLV_FOLLOW_UP_BYTES = 16,
};

/* Each writes or reads a value of the length of its type: tlv_fits() it. */
void tlv_write_timestamps(uint8_t *value, const struct tlv_timestamps *timestamps);
struct tlv_timestamps tlv_read_timestamps(const uint8_t *value);
void tlv_write_service(uint8_t *value, const struct tlv_service *service);
struct tlv_service tlv_read_service(const uint8_t *value);
void tlv_write_counters(uint8_t *value, const struct tlv_counters *counters);
struct tlv_counters tlv_read_counters(const uint8_t *value);
void tlv_write_access(uint8_t *value, const struct tlv_access_report *report);
struct tlv_access_report tlv_read_access(const uint8_t *value);
void tlv_write_follow_up(uint8_t *value, const struct tlv_follow_up *follow_up);
struct tlv_follow_up tlv_read_follow_up(const uint8_t *value);

/* --- building --- */

struct tlv_area {
	uint8_t *octets; /* the caller's */
	size_t room, length;
};

/* Appends a TLV as a sender sends it: U set, its value zero.  Returns the value, to be filled in, or
 * NULL when there is no room; Extra Padding should be filled with random octets. */
uint8_t *tlv_add(struct tlv_area *area, uint8_t type, uint16_t length);

/* Appends a Location that asks for what `asked` says: bits of TLV_ASK_...; 0: the ports alone.  False
 * when there is no room. */
bool tlv_add_location(struct tlv_area *area, uint32_t asked);

/* --- integrity --- */

enum tlv_integrity {
	TLV_UNPROTECTED, /* there is no HMAC TLV where none need be */
	TLV_GENUINE,
	TLV_TAMPERED, /* it does not match, is missing, stands in the wrong place, or has no key */
};

struct tlv_protection {
	struct mac *mac;   /* NULL: no key */
	uint32_t sequence; /* of the packet that carries the area */
	bool required; /* authenticated mode: TLVs other than one Extra Padding need an HMAC TLV */
};

/* Looks at the whole area before anything in it is believed.  hmac_at: where the HMAC TLV stands when
 * TLV_GENUINE. */
enum tlv_integrity tlv_check(const uint8_t *area, size_t length,
                             const struct tlv_protection *protection, size_t *hmac_at);

/* Writes the value of the HMAC TLV at hmac_at, over the sequence number of the packet and the TLVs before
 * it.  When nothing of those will change any more; the times of the packet may.  -EIO as mac_sign(). */
MUST_CHECK int tlv_seal(uint8_t *area, size_t hmac_at, uint32_t sequence, struct mac *mac);
