/* SPDX-License-Identifier: MIT */
/* reflection -- what the replies of a reflector say beyond the round trip: each direction's delay and
 * loss, and how the far clock stands (core/oneway, core/direction).
 *
 *   reply k      T1 T2 T3 T4   --> at once: `latest`, what can be said of it now
 *   reply k + 1  T3 of k as its kernel saw it (Follow-Up Telemetry)
 *                              --> the statistics of k, with that in place of T3
 *
 * A reflector writes T3 before its kernel sends the reply.  Where it tells afterwards when a reply
 * really left, the statistics wait for that, one reply long.
 */
#pragma once

#include "core/direction.h"
#include "core/oneway.h"
#include "core/sample.h"
#include "core/stats.h"

/* The variation of one direction, or of the residence. */
struct variation {
	struct stats pdv; /* ns above the least (RFC 5481); of the residence: itself */
	uint64_t ipdv_count;
	double ipdv_mean; /* of the magnitudes, ns (RFC 3393) */
	int64_t ipdv_max;
};

/* What became, on one way, of the byte that says how a packet shall be treated. */
struct marking {
	uint64_t seen;      /* packets of which it is known both as it left and as it arrived */
	uint64_t rewritten; /* of them: it arrived as another */
	uint64_t congested; /* a router was congested, and marked it so (RFC 3168) */
	int left, arrived;  /* of the last one that was rewritten */
};

/* How much of RFC 8972 its replies showed. */
enum reflection_extent {
	REFLECTION_PLAIN,    /* nothing: no SSID, no extension understood */
	REFLECTION_SESSIONS, /* the SSID */
	REFLECTION_EXTENDED, /* extensions */
};

/* A probe whose reply was followed up: it is measured once more, and better. */
struct followed {
	uint64_t sequence; /* of the target; 0 = nothing is to be told */
	struct wall wall;  /* a label */
	struct oneway_result result;
};

struct reflection {
	struct oneway oneway;  /* of the statistics */
	struct oneway instant; /* of what is told at once */
	struct direction direction;
	struct variation forward, reverse, residence;
	struct stats rtt;         /* without the residence, with the best T3 that there was */
	struct marking out, back; /* DSCP and ECN of the requests, DSCP of the replies */
	int ttl_out; /* of the newest request as it arrived there; -1 = not known */
	int tos;     /* as the requests leave */

	struct oneway_result newest; /* of the newest reply of which all could be measured */
	enum reflection_extent extent;

	/* Of the newest reply. */
	struct oneway_result latest;
	enum direction_reply reply;
	struct followed better; /* what it says of the one before */

	/* Waits for the word of when it really left. */
	bool holds;
	struct sample held;
	struct far held_far;
	int64_t held_offset;

	uint64_t followed; /* replies whose departure was told */
	uint64_t closings; /* requests behind the last probe, which count nowhere */
	bool closing;
};

/* What a reply brought to light. */
struct reflection_news {
	bool stepped;   /* the far clock was set: latest.step */
	bool restarted; /* the reflector began to count anew */
	bool followed;  /* better says more of the reply before */
};

/* expected, thrift: as stats_init().  tos: as the requests leave; own_offset at each reply: our wall -
 * our mono.  -ENOMEM. */
MUST_CHECK int reflection_new(struct reflection **out, uint64_t expected,
                              enum stats_thrift thrift, int tos);
void reflection_free(struct reflection *reflection);

size_t reflection_bytes(uint64_t expected, enum stats_thrift thrift);

/* One more request left; or what leaves from now on only asks how many arrived. */
void reflection_sent(struct reflection *reflection);
void reflection_close(struct reflection *reflection);

/* An interval ends before the next request; and what became of the oldest one that was marked so.  False as
 * direction_mark(), direction_take() are. */
bool reflection_mark(struct reflection *reflection);
bool reflection_take(struct reflection *reflection, struct direction_counts *counts);

/* A reply of any fate, in order of arrival; sample.far is given. */
struct reflection_news reflection_heard(struct reflection *reflection,
                                        const struct sample *sample, int64_t own_offset);

/* A reply to what left since reflection_close(): it says how many arrived, and when the reply before
 * left, and is measured by nothing. */
struct reflection_news reflection_heard_closing(struct reflection *reflection,
                                                const struct far *far);

/* This machine slept. */
void reflection_renew(struct reflection *reflection);

/* Takes in what still waits: nothing more will come. */
void reflection_conclude(struct reflection *reflection);

/* Whether an answer to one more request would tell the direction of losses that is not known yet. */
bool reflection_is_open(const struct reflection *reflection);
