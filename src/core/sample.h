/* SPDX-License-Identifier: MIT */
/* sample -- what became of one probe: the record that travels upward.
 *
 *   due ---- woken ---- called ---- left ~~~~ network ~~~~ arrived ---- read
 *       delay                host out                            host in
 *       lag ..............
 *
 * Monotonic instants, 0 where unknown.  Everything a person reads about time is derived from them
 * here, in one place.  RFC 2681 defines the round trip by the wire: left to arrived; where the
 * kernel gave no stamp, the call that sent or the return of the one that read is the nearest that
 * user space can say.  Some clocks cannot be converted to ours (TCP's own, a network card's): what
 * they measured is a span of its own.
 */
#pragma once

#include "core/clock.h"
#include "core/far.h"

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
	const struct far *far;      /* what the far end said of it; borrowed; NULL = nothing */
	const struct address *from; /* who answered or refused; borrowed; NULL = nobody */
	size_t bytes;               /* of the answer */
	int ttl, tos;               /* as received; -1 = unknown */
	struct wall wall;           /* a label, never subtracted */
	struct mono due, woken, called, queued, left, arrived, read;
	int64_t span; /* ns: the round trip as kernel or card timed it whole; 0 = unknown */
	enum taker tx, rx;   /* who took the instants that the round trip rests on */
	int error;           /* negative errno of a refusal or of what kept it unsent */
	int retransmissions; /* by TCP while this probe was under way */
	bool distrusted;     /* a stamp was taken out (sample_distrust) */
	bool reordered;      /* answered after a probe that was sent later (RFC 4737) */
};

/* Round-trip delay (RFC 2681) in ns, without the residence where that is known; -1 where the instants do
 * not give one. */
int64_t sample_rtt(const struct sample *sample);

/* The same with the residence: how long the answer was waited for. */
int64_t sample_wait(const struct sample *sample);

/* How long the far end kept it, in ns: T3 - T2, where that can be true (RFC 8762); -1 = unknown. */
int64_t sample_residence(const struct sample *sample);

/* How late the probe was handed to the kernel, in ns; 0 for one that was never sent. */
int64_t sample_lag(const struct sample *sample);

/* How much of that was waiting for the processor; -1 = unknown. */
int64_t sample_delay(const struct sample *sample);

/* The host's own parts of the round trip, from call to wire and from wire to hand; -1 = unknown. */
int64_t sample_host_out(const struct sample *sample);
int64_t sample_host_in(const struct sample *sample);

/* Of the host's part on the way out: until it was in the queue of its device, and in that queue; -1 =
 * unknown. */
int64_t sample_to_queue(const struct sample *sample);
int64_t sample_in_queue(const struct sample *sample);

/* Holds the stamps against the monotonic instants around them, which no step of a clock can reach:
 * called <= queued <= left <= arrived <= read, and a span within called to read.  Those that contradict
 * are taken out, and tx and rx say who took what remains.  True when any had to go. */
bool sample_distrust(struct sample *sample);
