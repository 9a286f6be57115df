/* SPDX-License-Identifier: MIT */
#include "service/stamp_sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/digest.h"

enum {
	TICK_SHIFT = 26, /* ns to ticks */
	PLACE_BITS = 20, /* of a ticket: | generation, 12 | place, 20 | number, 32 | */
	GENERATIONS = 1 << 12,
	NUMBER_BITS = 32,
};

#define NONE UINT32_MAX

_Static_assert(STAMP_SESSIONS_MAX <= 1 << PLACE_BITS, "a ticket can name every place");
_Static_assert(sizeof(struct session_name) == 44, "a name has no holes");

struct stamp_sessions {
	struct digest_key key;
	uint32_t *rows;
	uint32_t row_mask;
	uint32_t room, touched; /* places; places from `touched` on were never used */
	uint32_t oldest, newest;
	uint32_t idle; /* in ticks */
	struct stamp_session *places;
};

/* A power of two, not less than room. */
static uint32_t rows_for(uint32_t room)
{
	uint32_t rows = 1;

	while (rows < room)
		rows *= 2;
	return rows;
}

size_t stamp_sessions_size(uint32_t room)
{
	return sizeof(struct stamp_sessions) + room * sizeof(struct stamp_session) +
	       rows_for(room) * sizeof(uint32_t);
}

int stamp_sessions_new(struct stamp_sessions **out, uint32_t room, int64_t idle)
{
	struct stamp_sessions *sessions = calloc(1, sizeof(*sessions));
	uint32_t rows = rows_for(room);
	struct random random;

	if (!sessions)
		return -ENOMEM;
	sessions->places = calloc(room, sizeof(*sessions->places));
	sessions->rows = malloc(rows * sizeof(*sessions->rows));
	if (!sessions->places || !sessions->rows) {
		stamp_sessions_free(sessions);
		return -ENOMEM;
	}
	memset(sessions->rows, 0xff, rows * sizeof(*sessions->rows));
	random_init(&random);
	digest_key_init(&sessions->key, &random);
	sessions->row_mask = rows - 1;
	sessions->room = room;
	sessions->oldest = sessions->newest = NONE;
	sessions->idle = (uint32_t)(idle >> TICK_SHIFT);
	*out = sessions;
	return 0;
}

void stamp_sessions_free(struct stamp_sessions *sessions)
{
	if (!sessions)
		return;
	free(sessions->places);
	free(sessions->rows);
	free(sessions);
}

/* --- names --- */

static struct in6_addr mapped(const struct address *address)
{
	struct in6_addr all = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	if (address_family(address) == AF_INET6)
		return address->v6.sin6_addr;
	memcpy(all.s6_addr + 12, &address->v4.sin_addr, sizeof(address->v4.sin_addr));
	return all;
}

struct session_name session_name(const struct address *peer, const struct address *local,
                                 uint16_t local_port, uint16_t ssid)
{
	return (struct session_name){
		.peer = mapped(peer),
		.local = mapped(local),
		.zone = address_family(peer) == AF_INET6 ? peer->v6.sin6_scope_id : 0,
		.peer_port = address_port(peer),
		.local_port = local_port,
		.ssid = ssid,
	};
}

/* --- the order of idleness --- */

static uint32_t place_of(const struct stamp_sessions *sessions,
                         const struct stamp_session *session)
{
	return (uint32_t)(session - sessions->places);
}

static void leave_order(struct stamp_sessions *sessions, const struct stamp_session *session)
{
	if (session->older == NONE)
		sessions->oldest = session->newer;
	else
		sessions->places[session->older].newer = session->newer;
	if (session->newer == NONE)
		sessions->newest = session->older;
	else
		sessions->places[session->newer].older = session->older;
}

static void become_newest(struct stamp_sessions *sessions, struct stamp_session *session)
{
	uint32_t place = place_of(sessions, session);

	session->newer = NONE;
	session->older = sessions->newest;
	if (sessions->newest == NONE)
		sessions->oldest = place;
	else
		sessions->places[sessions->newest].newer = place;
	sessions->newest = place;
}

static bool is_over(const struct stamp_sessions *sessions, const struct stamp_session *session,
                    uint32_t tick)
{
	return tick - session->active > sessions->idle;
}

/* --- finding --- */

static uint32_t *row_of(const struct stamp_sessions *sessions, const struct session_name *name)
{
	uint64_t mixed = digest(&sessions->key, name, sizeof(*name));

	return &sessions->rows[mixed & sessions->row_mask];
}

/* Its next generation, of which nothing is known. */
static void begin(struct stamp_session *session)
{
	session->received = session->sent = 0;
	session->left_number = 0;
	session->left.ns = 0;
	session->generation = (uint16_t)(session->generation % (GENERATIONS - 1) + 1);
}

static void leave_chain(struct stamp_sessions *sessions, const struct stamp_session *session)
{
	uint32_t place = place_of(sessions, session);
	uint32_t *link = row_of(sessions, &session->name);

	while (*link != place)
		link = &sessions->places[*link].chain;
	*link = session->chain;
}

/* A place that was never used, or that of a session that is over. */
static struct stamp_session *take_place(struct stamp_sessions *sessions, uint32_t tick)
{
	if (sessions->touched < sessions->room)
		return &sessions->places[sessions->touched++];
	struct stamp_session *oldest = &sessions->places[sessions->oldest];

	if (!is_over(sessions, oldest, tick))
		return NULL;
	leave_chain(sessions, oldest);
	leave_order(sessions, oldest);
	return oldest;
}

static struct stamp_session *add(struct stamp_sessions *sessions, uint32_t *row,
                                 const struct session_name *name, uint32_t tick)
{
	struct stamp_session *session = take_place(sessions, tick);

	if (!session)
		return NULL;
	begin(session);
	session->name = *name;
	session->active = tick;
	session->chain = *row;
	*row = place_of(sessions, session);
	become_newest(sessions, session);
	return session;
}

static struct stamp_session *touch(struct stamp_sessions *sessions,
                                   struct stamp_session *session, uint32_t tick)
{
	if (session->active == tick)
		return session;
	if (is_over(sessions, session, tick))
		begin(session);
	session->active = tick;
	leave_order(sessions, session);
	become_newest(sessions, session);
	return session;
}

struct stamp_session *stamp_sessions_find(struct stamp_sessions *sessions,
                                          const struct session_name *name, struct mono now)
{
	uint32_t tick = (uint32_t)(now.ns >> TICK_SHIFT);
	uint32_t *row = row_of(sessions, name);

	for (uint32_t at = *row; at != NONE; at = sessions->places[at].chain)
		if (memcmp(&sessions->places[at].name, name, sizeof(*name)) == 0)
			return touch(sessions, &sessions->places[at], tick);
	return add(sessions, row, name, tick);
}

/* --- departures --- */

uint64_t stamp_sessions_ticket(const struct stamp_sessions *sessions,
                               const struct stamp_session *session, uint32_t number)
{
	return (uint64_t)session->generation << (PLACE_BITS + NUMBER_BITS) |
	       (uint64_t)place_of(sessions, session) << NUMBER_BITS | number;
}

void stamp_sessions_left(struct stamp_sessions *sessions, uint64_t ticket, struct wall when)
{
	uint32_t place = ticket >> NUMBER_BITS & ((1U << PLACE_BITS) - 1);
	struct stamp_session *session = &sessions->places[place];

	if (session->generation != ticket >> (PLACE_BITS + NUMBER_BITS))
		return; /* it is over */
	session->left_number = (uint32_t)ticket;
	session->left = when;
}
