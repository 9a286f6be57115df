/* SPDX-License-Identifier: MIT */
/* stamp -- the packets of a Session-Sender and a Session-Reflector (RFC 8762 sections 4.2 and 4.3, with
 * the SSID of RFC 8972 section 3).  Big endian; what is not named is zero when sent, and ignored when
 * received (MBZ).
 *
 *   open, 44 octets             request   reply        authenticated, 112      request   reply
 *     sequence                  0         0                                    0         0
 *     time (T1; T3)             4         4                                    16        16
 *     error estimate            12        12                                   24        24
 *     SSID                      14        14                                   26        26
 *     received (T2)                       16                                             32
 *     sender's sequence                   24                                             48
 *     sender's time (T1)                  28                                             64
 *     sender's error                      36                                             72
 *     sender's TTL                        40                                             80
 *     HMAC over octets 0 to 95                                                 96        96
 *
 * A request and its reply are of one length, so that nobody can be amplified by a reflector.  TWAMP's
 * layout (RFC 5357) is that of an open reply and ends at octet 40: requests of 41 to 43 octets, which
 * a TWAMP-Light sender may send, get that much of a reply.  Behind the packet: wire/tlv.
 *
 * In place, a reflector does, in this order:
 *   stamp_is_authentic(), stamp_read_request(), stamp_write_reply(), [tlv_answer(), tlv_seal()],
 *   and at the last moment stamp_seal(), stamp_sign().
 */
#pragma once

#include "wire/mac.h"
#include "wire/stamp_time.h"

enum stamp_mode { STAMP_OPEN, STAMP_AUTHENTICATED };

enum {
	STAMP_PORT = 862,
	STAMP_OPEN_BYTES = 44,
	STAMP_TWAMP_BYTES = 41, /* the shortest open request that gets a reply */
	STAMP_AUTHENTICATED_BYTES = 112,
	STAMP_UNSEALED_BYTES = 4, /* before what stamp_seal() and stamp_sign() write */
	STAMP_MAC_AT = 96, /* authenticated: where the HMAC stands, and how much it covers */
};

struct stamp_request {
	uint32_t sequence;
	uint64_t time;  /* T1, by stamp_time_encode() */
	uint16_t error; /* by stamp_error_encode() */
	uint16_t ssid;  /* 0: none */
};

struct stamp_reply {
	uint32_t sequence;
	uint64_t time; /* T3 */
	uint16_t error;
	uint16_t ssid;     /* 0: none, or the peer does not know RFC 8972 */
	uint64_t received; /* T2 */
	uint32_t sender_sequence;
	uint64_t sender_time;
	uint16_t sender_error;
	uint8_t sender_ttl; /* of the request, as it was received; 255: not known, or constant */
};

/* Octets of the packet, and of where TLVs begin. */
static inline size_t stamp_bytes(enum stamp_mode mode)
{
	return mode == STAMP_OPEN ? STAMP_OPEN_BYTES : STAMP_AUTHENTICATED_BYTES;
}

/* Writes all stamp_bytes(mode) octets; those of the HMAC are zero until stamp_sign(). */
void stamp_write_request(uint8_t *packet, enum stamp_mode mode,
                         const struct stamp_request *request);

/* -EBADMSG when it is shorter than stamp_bytes(mode), or than STAMP_TWAMP_BYTES in open mode.  The
 * HMAC is not looked at: ask stamp_is_authentic() before.  Who answers shorter requests, as the RFC
 * would (section 4.6), fills them up with zeroes first. */
MUST_CHECK int stamp_read_request(const uint8_t *packet, size_t length, enum stamp_mode mode,
                                  struct stamp_request *out);

/* Writes the first `length` octets of a reply, at most stamp_bytes(mode): as long as the request was.
 * What stands behind is left alone. */
void stamp_write_reply(uint8_t *packet, size_t length, enum stamp_mode mode,
                       const struct stamp_reply *reply);

/* -EBADMSG when it is shorter than stamp_bytes(mode), or than STAMP_TWAMP_BYTES in open mode. */
MUST_CHECK int stamp_read_reply(const uint8_t *packet, size_t length, enum stamp_mode mode,
                                struct stamp_reply *out);

/* Writes the time at which a request or reply leaves, and nothing else.  The HMAC no longer matches. */
void stamp_seal(uint8_t *packet, enum stamp_mode mode, uint64_t time, uint16_t error);

/* Writes the HMAC of an authenticated packet: the last thing that is done to it.  Negative errno when
 * libcrypto cannot: then it must not be sent. */
MUST_CHECK int stamp_sign(uint8_t *packet, struct mac *mac);

/* Whether an authenticated packet carries the right HMAC: the first thing that is asked of it. */
bool stamp_is_authentic(const uint8_t *packet, size_t length, struct mac *mac);

/* Whether a "request" is a reply of some reflector, by which two of them would answer each other for
 * ever: its octets of T2 or of the sender's time, which a sender leaves zero, are a time (NTP or PTP)
 * within 10 s of now.  T2 is of the other's clock, which may be wrong; the sender's time of what comes
 * back to us is our own T3. */
bool stamp_is_reflected(const uint8_t *packet, size_t length, enum stamp_mode mode,
                        struct wall now);
