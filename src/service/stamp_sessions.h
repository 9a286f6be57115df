/* SPDX-License-Identifier: MIT */
/* stamp_sessions -- what a stateful Session-Reflector remembers of each session (RFC 8762 section 4,
 * RFC 8972 section 3): addresses, ports and SSID are its name, and two counters are most of the rest.
 *
 *   rows    keyed digest of the name --> chain of sessions     nobody can choose names that meet
 *   places  [ 0 | 1 | 2 | - | - ]                              "-": never used, no memory behind it
 *   order   longest idle first                                 kept to a tick, 67 ms
 *
 * There are as many places as were asked for, whatever the names.  A session that was idle for longer
 * than that is over: it begins anew when it comes again, and gives its place to a newcomer.  One that is
 * not over never does.
 */
#pragma once

#include "core/clock.h"
#include "net/address.h"

enum { STAMP_SESSIONS_MAX = 1 << 20 };

/* IPv4 addresses are mapped. */
struct session_name {
	struct in6_addr peer, local;
	uint32_t zone; /* of a link-local peer */
	uint16_t peer_port, local_port, ssid;
	uint16_t zero; /* so that every octet of it says something */
};

struct stamp_session {
	struct session_name name;
	uint32_t received, sent; /* requests; replies: the number of the next one */
	uint32_t active;         /* in ticks */
	uint32_t chain, older, newer;
	uint32_t left_number; /* the latest reply of which is known when it really left, */
	struct wall left;     /* 0 = of none */
	uint16_t generation;
};

struct stamp_sessions;

/* idle: ns.  -ENOMEM. */
MUST_CHECK int stamp_sessions_new(struct stamp_sessions **out, uint32_t room, int64_t idle);
void stamp_sessions_free(struct stamp_sessions *sessions);

/* Bytes of one with that room. */
size_t stamp_sessions_size(uint32_t room);

struct session_name session_name(const struct address *peer, const struct address *local,
                                 uint16_t local_port, uint16_t ssid);

/* The session of that name, begun if need be; NULL when there is no place for it.  It stands until the
 * next call. */
struct stamp_session *stamp_sessions_find(struct stamp_sessions *sessions,
                                          const struct session_name *name, struct mono now);

/* A reply of that number is about to leave; its ticket, never 0, may come back when it has. */
uint64_t stamp_sessions_ticket(const struct stamp_sessions *sessions,
                               const struct stamp_session *session, uint32_t number);
void stamp_sessions_left(struct stamp_sessions *sessions, uint64_t ticket, struct wall when);
