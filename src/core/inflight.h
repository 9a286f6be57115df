/* SPDX-License-Identifier: MIT */
/* inflight -- which probes are on their way, and what became of the latest ones.
 *
 *            oldest             next
 *   |..........|#..##.#..###.####|          |     # open, . settled
 *   ^-- forgotten when the ring comes round        key & (room - 1) = slot
 *
 * A key counts the probes of one channel: 1, 2, 3 ...  It is what the wire carries (an ICMP sequence,
 * the first word of a payload, the place of a line in a stream), so a reply finds its probe by one
 * look into a ring: no search, no allocation.  A settled probe stays in its slot until the ring comes
 * round, which is how a late reply and a duplicate are told from an unasked one.  The entry, never
 * the packet, says when the probe left and what nonce it carried.
 *
 * A load has many more of them in flight than a session, and asks less of each: lean, an entry is half as
 * long.
 */
#pragma once

#include <assert.h>

#include "core/clock.h"
#include "core/sample.h"

struct flight {
	uint64_t nonce;
	struct mono due, called;
	uint32_t key; /* its low bits */
	bool open;
	bool closing : 1; /* it only asks how many arrived (probe/closing), and counts nowhere */
	bool doomed : 1;  /* it is known to be lost, and settled when its time-out passes */
	bool lean : 1;    /* there is no more of it */
	uint8_t fate;     /* enum fate, once it is settled */
};

_Static_assert(sizeof(struct flight) == 32, "a load has a million of them");

/* What a session knows of it besides. */
struct flight_more {
	struct mono left;  /* the kernel's stamp, 0 until it comes */
	int64_t hardware;  /* when it left, by the network card's own clock; or 0 */
	uint32_t sequence; /* of the target, from 1: its low bits */
	uint32_t ordinal;  /* among the target's probes that left: likewise */
	uint32_t target;
	uint32_t
		delay; /* ns from due until the sender was woken; all ones = that much or more */
};

/* Side by side, so that both are in one line of the cache. */
struct flight_whole {
	struct flight flight;
	struct flight_more more;
};

struct inflight {
	void *ring;          /* of struct flight_whole; lean: of struct flight */
	struct mono *queued; /* beside it, where queueing: see inflight_note_queued() */
	size_t room;         /* a power of two */
	uint64_t next;       /* the key of the next probe */
	uint64_t oldest;     /* no older one is open */
	bool skips;          /* a key whose slot is still taken is left out */
	/* These are set before the first is reserved. */
	bool queueing; /* it is kept when each was queued */
	bool lean;     /* nothing is kept of each but struct flight */
};

/* Room for at least count probes; keeps what is in flight.  -ENOMEM changes nothing. */
MUST_CHECK int inflight_reserve(struct inflight *inflight, size_t count);
void inflight_done(struct inflight *inflight);

/* Bytes that all of it takes. */
size_t inflight_bytes(const struct inflight *inflight);

/* The rest of a flight, where that is kept (not lean): to read it, and to write it. */
static inline const struct flight_more *flight_more(const struct flight *flight)
{
	const void *whole = flight;

	assert(!flight->lean);
	return &((const struct flight_whole *)whole)->more;
}

static inline struct flight_more *flight_note(struct flight *flight)
{
	assert(!flight->lean);
	return &CONTAINER_OF(flight, struct flight_whole, flight)->more;
}

/* Gives the next probe its key and slot; NULL when the probe there is still open.  Where keys may be
 * left out (skips) the next free slot is looked for, a few on; such a key says nothing of how many
 * were sent. */
struct flight *inflight_open(struct inflight *inflight, uint64_t *key);

/* Takes back the key given last: that probe never left. */
void inflight_withdraw(struct inflight *inflight);

/* The probe, open or settled, with this key; NULL when never sent or forgotten. */
struct flight *inflight_find(const struct inflight *inflight, uint64_t key);

/* The one in place i < room, whatever it is: open, settled or none yet. */
struct flight *inflight_at(const struct inflight *inflight, size_t i);

/* The number whose low 32 bits are these and which is nearest below newest, or equal. */
static inline uint64_t inflight_widen(uint32_t low, uint64_t newest)
{
	return newest - (uint32_t)((uint32_t)newest - low);
}

/* The newest key given out whose low bits are those of wire; 0 when there is none. */
uint64_t inflight_unwrap(const struct inflight *inflight, uint64_t wire, unsigned bits);

/* When this probe was in the queue of its device: the first word counts; 0 = not known.  It stands beside
 * the ring, because few ask for it and a whole flight fills a line of the cache. */
void inflight_note_queued(struct inflight *inflight, const struct flight *flight,
                          struct mono stamp);
struct mono inflight_queued(const struct inflight *inflight, const struct flight *flight);

void inflight_settle(struct flight *flight, enum fate fate);

/* The open probe sent first, and its key; NULL when none is open. */
struct flight *inflight_oldest(struct inflight *inflight, uint64_t *key);
