/* SPDX-License-Identifier: MIT */
/* judge -- whether a datagram may be answered at all: the guards, in their order.
 *
 *   shape --> source port (guard) --> TTL --> rate --> repeats --> the service
 *
 * What costs least comes first, and a flood is turned down before its bytes are looked at.  Against
 * loops of packets each guard has its own case:
 *
 *   source port   ourselves, and services that are known to answer whatever comes: not one packet
 *   TTL           another of us, at whatever port: an answer has one hop less to live than its
 *                 question, so after at most 64 packets there is silence
 *   repeats       anybody else's echo: dies of one drop in a thousand (service/repeats)
 *   rate          what is left, and plain floods (service/rate)
 */
#pragma once

#include "net/datagram.h"
#include "service/counters.h"
#include "service/guard.h"
#include "service/limits.h"
#include "service/rate.h"
#include "service/repeats.h"

/* The TTL of an answer is below this, however large that of its question was. */
enum { JUDGE_TTL = 64 };

struct judge {
	const struct guard *ports;
	struct rate *rate;
	struct repeats *repeats; /* NULL = loops may go on */
};

/* As the limits say; ports is borrowed.  -ENOMEM; judge_done() may follow all the same. */
MUST_CHECK int judge_init(struct judge *judge, const struct guard *ports,
                          const struct limits *limits);
void judge_done(struct judge *judge);

/* Bytes that one may take. */
size_t judge_size(void);

/* Why it may not even be looked at by the service, or DROP_NONE.  decays: the TTL of the answer,
 * which is then set, is one less than the question's; its socket sends with JUDGE_TTL - 1 unless
 * told otherwise, so that most answers need not say. */
enum drop judge_datagram(const struct judge *judge, struct datagram *datagram, bool decays,
                         struct mono now);
