/* SPDX-License-Identifier: MIT */
#include "loopback.h"
#include "service/stamp_sessions.h"

enum { ROOM = 1000 };

static const struct mono start = { 1000 * NS_PER_SEC };
static const int64_t idle = 300 * NS_PER_SEC;

static struct stamp_sessions *table(uint32_t room)
{
	struct stamp_sessions *sessions = NULL;

	assert_int_equal(stamp_sessions_new(&sessions, room, idle), 0);
	return sessions;
}

/* The name of a session of that number: by SSID and port. */
static struct session_name name_of(uint32_t number)
{
	struct address peer = address_of("192.0.2.1", (uint16_t)(1 + number / 50000));
	struct address local = address_of("192.0.2.2", 0);

	return session_name(&peer, &local, 862, (uint16_t)(number % 50000));
}

static struct stamp_session *find(struct stamp_sessions *sessions, uint32_t number,
                                  struct mono now)
{
	const struct session_name name = name_of(number);

	return stamp_sessions_find(sessions, &name, now);
}

static struct stamp_session *use(struct stamp_sessions *sessions, uint32_t number,
                                 struct mono now)
{
	struct stamp_session *session = find(sessions, number, now);

	assert_non_null(session);
	session->sent++;
	return session;
}

TEST(every_part_of_a_name_tells_sessions_apart)
{
	struct stamp_sessions *sessions = table(ROOM);
	const struct address peer = address_of("fe80::1", 5), other = address_of("fe80::2", 5);
	const struct address port = address_of("fe80::1", 6), v4 = address_of("10.0.0.1", 5);
	struct address zone = peer;

	zone.v6.sin6_scope_id = 3;
	const struct session_name names[] = {
		session_name(&peer, &other, 862, 0),  session_name(&peer, &other, 862, 1),
		session_name(&peer, &other, 863, 0),  session_name(&port, &other, 862, 0),
		session_name(&other, &other, 862, 0), session_name(&peer, &peer, 862, 0),
		session_name(&zone, &other, 862, 0),  session_name(&v4, &v4, 862, 0),
	};

	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < COUNT(names); i++) {
			struct stamp_session *session =
				stamp_sessions_find(sessions, &names[i], start);

			assert_non_null(session);
			assert_int_equal(session->sent++, round);
		}
	stamp_sessions_free(sessions);
}

TEST(there_are_as_many_places_as_were_asked_for)
{
	static const uint32_t rooms[] = { 1, 2, 3, 1000, 100000 };

	for (size_t i = 0; i < COUNT(rooms); i++) {
		struct stamp_sessions *sessions = table(rooms[i]);

		for (uint32_t number = 0; number < rooms[i]; number++)
			assert_int_equal(use(sessions, number, start)->sent, 1);
		assert_null(find(sessions, rooms[i], start));
		for (uint32_t number = 0; number < rooms[i]; number++)
			assert_int_equal(use(sessions, number, start)->sent, 2);
		stamp_sessions_free(sessions);
	}
}

TEST(a_session_that_lives_never_gives_its_place_to_a_newcomer)
{
	struct stamp_sessions *sessions = table(ROOM);
	struct mono now = start;

	for (uint32_t number = 0; number < ROOM; number++)
		use(sessions, number, now);
	for (int i = 0; i < 20; i++) {
		now = mono_add(now, idle / 3);
		for (uint32_t number = 0; number < 50; number++)
			assert_null(find(sessions, ROOM + number, now));
		for (uint32_t number = 0; number < ROOM; number++)
			assert_int_equal(use(sessions, number, now)->sent, i + 2);
	}
	stamp_sessions_free(sessions);
}

TEST(one_that_was_idle_for_too_long_does)
{
	struct stamp_sessions *sessions = table(ROOM);

	for (uint32_t number = 0; number < ROOM; number++)
		use(sessions, number, start);
	struct mono late = mono_add(start, idle * 2 / 3);

	for (uint32_t number = 10; number < ROOM; number++) /* but ten stay idle */
		use(sessions, number, late);
	struct mono later = mono_add(start, idle + NS_PER_SEC);

	for (uint32_t number = 0; number < 10; number++)
		assert_int_equal(use(sessions, ROOM + number, later)->sent, 1);
	assert_null(find(sessions, 0, later));
	for (uint32_t number = 10; number < ROOM; number++)
		assert_int_equal(use(sessions, number, later)->sent, 3);
	stamp_sessions_free(sessions);
}

TEST(one_that_comes_again_after_its_end_begins_anew)
{
	struct stamp_sessions *sessions = table(ROOM);

	for (int i = 0; i < 5; i++)
		use(sessions, 7, start);
	struct mono in_time = mono_add(start, idle - NS_PER_SEC);

	assert_int_equal(use(sessions, 7, in_time)->sent, 6);
	assert_int_equal(use(sessions, 7, mono_add(in_time, idle + NS_PER_SEC))->sent, 1);
	stamp_sessions_free(sessions);
}

TEST(a_departure_is_told_to_the_session_that_it_is_of)
{
	struct stamp_sessions *sessions = table(ROOM);
	const struct wall when = { 77 };
	uint64_t tickets[ROOM];

	for (uint32_t number = 0; number < ROOM; number++) {
		tickets[number] = stamp_sessions_ticket(sessions, use(sessions, number, start),
		                                        UINT32_MAX - number);
		assert_true(tickets[number] != 0);
	}
	stamp_sessions_left(sessions, tickets[500], when);
	for (uint32_t number = 0; number < ROOM; number++)
		assert_int_equal(find(sessions, number, start)->left.ns,
		                 number == 500 ? 77 : 0);
	assert_int_equal(find(sessions, 500, start)->left_number, UINT32_MAX - 500);
	stamp_sessions_free(sessions);
}

TEST(one_that_comes_after_the_end_of_its_session_is_told_to_nobody)
{
	struct stamp_sessions *sessions = table(1);
	uint64_t ticket = stamp_sessions_ticket(sessions, use(sessions, 1, start), 0);
	struct mono later = mono_add(start, 2 * idle);

	assert_non_null(find(sessions, 2, later));
	stamp_sessions_left(sessions, ticket, (struct wall){ 77 });
	assert_int_equal(find(sessions, 2, later)->left.ns, 0);
	stamp_sessions_free(sessions);
}

/* Ticks wrap after nine years. */
TEST(nothing_ends_when_the_ticks_wrap)
{
	struct stamp_sessions *sessions = table(ROOM);
	struct mono now = { ((INT64_C(1) << 32) - 1) << 26 };

	use(sessions, 1, now);
	assert_int_equal(use(sessions, 1, mono_add(now, NS_PER_SEC))->sent, 2);
	assert_int_equal(use(sessions, 1, mono_add(now, 2 * idle))->sent, 1);
	stamp_sessions_free(sessions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_of_a_name_tells_sessions_apart),
		cmocka_unit_test(there_are_as_many_places_as_were_asked_for),
		cmocka_unit_test(a_session_that_lives_never_gives_its_place_to_a_newcomer),
		cmocka_unit_test(one_that_was_idle_for_too_long_does),
		cmocka_unit_test(one_that_comes_again_after_its_end_begins_anew),
		cmocka_unit_test(a_departure_is_told_to_the_session_that_it_is_of),
		cmocka_unit_test(one_that_comes_after_the_end_of_its_session_is_told_to_nobody),
		cmocka_unit_test(nothing_ends_when_the_ticks_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
