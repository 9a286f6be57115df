/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "net/socket.h"
#include "service/streams.h"
#include "unit.h"

enum { PLACES = 3, PEERS_MAX = 16 };

/* Streams on a clock of their own, with places for few, and the peers of those who came. */
struct hall {
	struct loop loop;
	struct limits limits;
	struct service services[1];
	struct streams streams;
	struct mono now;
	int peers[PEERS_MAX];
	size_t count;
};

static const struct service_ops echo = { .name = "echo", .type = SOCK_STREAM };

static void pass(struct hall *hall, int64_t span)
{
	hall->now = mono_add(hall->now, span);
	streams_begin_turn(&hall->streams, hall->now);
}

static void open_hall(struct hall *hall, int64_t idle_timeout)
{
	*hall = (struct hall){
		.limits = { .max_connections = PLACES,
		            .room = PLACES,
		            .idle_timeout = idle_timeout },
		.services = { { .ops = &echo } },
		.now = { 1000 * NS_PER_SEC },
	};
	assert_int_equal(loop_init(&hall->loop), 0);
	assert_int_equal(
		streams_init(&hall->streams, &hall->loop, &hall->limits, hall->services, 0), 0);
	pass(hall, 0);
}

static void close_hall(struct hall *hall)
{
	streams_done(&hall->streams);
	loop_done(&hall->loop);
	for (size_t i = 0; i < hall->count; i++)
		socket_close(&hall->peers[i]);
	assert_int_equal(atomic_load(&hall->limits.connections), 0);
}

/* A newcomer; returns its number. */
static size_t come(struct hall *hall)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	streams_open(&hall->streams, pair[0], 0);
	hall->peers[hall->count] = pair[1];
	return hall->count++;
}

static bool is_gone(const struct hall *hall, size_t peer)
{
	char byte;

	return read(hall->peers[peer], &byte, 1) == 0;
}

/* The connection that has been silent longest. */
static struct connection *oldest(struct hall *hall)
{
	return slots_at(&hall->streams.slots, hall->streams.idle.first);
}

static uint64_t ended(const struct hall *hall, enum ending ending)
{
	return counter_read(&hall->services[0].counters.ended[ending]);
}

static uint64_t turned_away(const struct hall *hall)
{
	return counter_read(&hall->services[0].counters.turned_away);
}

static void fill(struct hall *hall)
{
	for (size_t i = 0; i < PLACES; i++) {
		(void)come(hall);
		pass(hall, NS_PER_SEC);
	}
}

TEST(when_full_the_newcomer_goes_while_nobody_was_idle_for_30_seconds)
{
	struct hall hall;

	open_hall(&hall, 3600 * NS_PER_SEC);
	fill(&hall);
	pass(&hall, 26 * NS_PER_SEC); /* the first has been silent for 29 */
	assert_true(is_gone(&hall, come(&hall)));
	assert_int_equal(turned_away(&hall), 1);
	for (size_t i = 0; i < PLACES; i++)
		assert_false(is_gone(&hall, i));
	close_hall(&hall);
}

TEST(then_the_one_idle_longest_gives_its_place_and_no_other)
{
	struct hall hall;

	open_hall(&hall, 3600 * NS_PER_SEC);
	fill(&hall);
	pass(&hall, 28 * NS_PER_SEC); /* 31, 30 and 29 */
	assert_false(is_gone(&hall, come(&hall)));
	assert_true(is_gone(&hall, 0));
	assert_false(is_gone(&hall, 1) || is_gone(&hall, 2));
	assert_int_equal(ended(&hall, ENDING_EVICTED), 1);
	assert_true(is_gone(&hall, come(&hall))); /* 30 is not over 30 */
	assert_int_equal(ended(&hall, ENDING_EVICTED), 1);
	close_hall(&hall);
}

TEST(whoever_moved_last_is_the_last_to_go)
{
	struct hall hall;

	open_hall(&hall, 3600 * NS_PER_SEC);
	fill(&hall);
	streams_touch(&hall.streams, oldest(&hall)); /* the first says something */
	pass(&hall, 40 * NS_PER_SEC);
	(void)come(&hall);
	(void)come(&hall);
	assert_true(is_gone(&hall, 1) && is_gone(&hall, 2));
	assert_false(is_gone(&hall, 0));
	(void)come(&hall);
	assert_true(is_gone(&hall, 0));
	close_hall(&hall);
}

TEST(the_idle_end_in_their_time_and_not_before)
{
	struct hall hall;

	open_hall(&hall, 10 * NS_PER_SEC);
	fill(&hall); /* silent for 3, 2 and 1 */
	pass(&hall, 6900 * NS_PER_MS);
	streams_sweep(&hall.streams);
	assert_false(is_gone(&hall, 0));
	pass(&hall, 200 * NS_PER_MS);
	assert_false(mono_before(hall.now, hall.streams.due)); /* it was foreseen */
	streams_sweep(&hall.streams);
	assert_true(is_gone(&hall, 0));
	assert_false(is_gone(&hall, 1) || is_gone(&hall, 2));
	assert_int_equal(ended(&hall, ENDING_IDLE), 1);
	close_hall(&hall);
}

TEST(a_place_that_was_given_back_is_given_again)
{
	struct hall hall;

	open_hall(&hall, 3600 * NS_PER_SEC);
	fill(&hall);
	streams_close(&hall.streams, oldest(&hall), ENDING_PEER);
	assert_false(is_gone(&hall, come(&hall)));
	assert_true(is_gone(&hall, come(&hall)));
	close_hall(&hall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			when_full_the_newcomer_goes_while_nobody_was_idle_for_30_seconds),
		cmocka_unit_test(then_the_one_idle_longest_gives_its_place_and_no_other),
		cmocka_unit_test(whoever_moved_last_is_the_last_to_go),
		cmocka_unit_test(the_idle_end_in_their_time_and_not_before),
		cmocka_unit_test(a_place_that_was_given_back_is_given_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
