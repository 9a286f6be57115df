/* SPDX-License-Identifier: MIT */
/* sample -- what became of one probe: the record that travels upward.
 *
 *   due ---- called ---- left ~~~~ network ~~~~ arrived ---- read
 *       lag        host out                           host in
 *
 * Five monotonic instants, 0 where unknown.  Everything a person reads about time is derived from
 * them here, in one place.  RFC 2681 defines the round trip by the wire: left to arrived; where the
 * kernel gave no stamps, called to read is the nearest that user space can say.
 */
#pragma once

#include "core/clock.h"

struct address; /* net/address.h */

enum fate {
	FATE_ANSWERED,
	FATE_LOST,      /* no answer within the time-out (RFC 7680) */
	FATE_REFUSED,   /* answered by an RST, an ICMP unreachable ... */
	FATE_UNSENT,    /* our own failure, or skipped: no probe left */
	FATE_LATE,      /* an answer after the time-out: the probe stays lost */
	FATE_DUPLICATE, /* one more answer to a probe that had one */
};

enum taker { TAKEN_USER, TAKEN_KERNEL, TAKEN_HARDWARE };

struct sample {
	uint32_t target;   /* index in the session */
	uint64_t sequence; /* of the target, from 1 */
	enum fate fate;
	const struct address *from; /* who answered or refused; borrowed; NULL = nobody */
	size_t bytes;               /* of the answer */
	int ttl, tos;               /* as received; -1 = unknown */
	struct wall wall;           /* a label, never subtracted */
	struct mono due, called, left, arrived, read;
	enum taker tx, rx;
	int error;           /* negative errno of a refusal or of what kept it unsent */
	int retransmissions; /* by TCP while this probe was under way */
};

/* Round-trip delay (RFC 2681) in ns; -1 where the instants do not give one. */
int64_t sample_rtt(const struct sample *sample);

/* How late the probe was handed to the kernel, in ns; 0 for one that was never sent. */
int64_t sample_lag(const struct sample *sample);
