/* SPDX-License-Identifier: MIT */
#include "service/judge.h"
#include "unit.h"

static const struct mono now = { 1000 * NS_PER_SEC };

/* A judge, what it rests on, and one datagram before it that deserves an answer. */
struct court {
	struct guard ports;
	struct judge judge;
	struct datagram datagram;
	uint8_t payload[64];
};

static void open_court(struct court *court, bool loop_guards, int64_t rate)
{
	const struct limits limits = { .loop_guards = loop_guards, .datagram_rate = rate };

	*court = (struct court){ .datagram = { .ttl = 64, .length = sizeof(court->payload) } };
	court->datagram.data = court->payload;
	assert_int_equal(address_parse("192.0.2.1", &court->datagram.peer), 0);
	address_set_port(&court->datagram.peer, 40000);
	guard_init(&court->ports);
	assert_int_equal(judge_init(&court->judge, &court->ports, &limits), 0);
}

static enum drop judged(struct court *court)
{
	return judge_datagram(&court->judge, &court->datagram, true, now);
}

TEST(what_was_cut_or_sent_to_many_gets_silence)
{
	struct court court;

	open_court(&court, true, 0);
	assert_int_equal(judged(&court), DROP_NONE);
	court.datagram.truncated = true;
	assert_int_equal(judged(&court), DROP_TRUNCATED);
	court.datagram.truncated = false;
	court.datagram.to_many = true;
	assert_int_equal(judged(&court), DROP_TO_MANY);
	judge_done(&court.judge);
}

TEST(a_source_port_that_answers_back_gets_silence)
{
	struct court court;

	open_court(&court, true, 0);
	address_set_port(&court.datagram.peer, 7);
	assert_int_equal(judged(&court), DROP_SOURCE_PORT);
	judge_done(&court.judge);
}

TEST(an_answer_has_one_hop_less_to_live_and_never_more_than_63)
{
	struct court court;

	open_court(&court, true, 0);
	for (int ttl = 2; ttl <= 255; ttl++) {
		court.datagram.ttl = ttl;
		assert_int_equal(judged(&court), DROP_NONE);
		assert_int_equal(court.datagram.out_ttl, ttl < 64 ? ttl - 1 : 0);
	}
	judge_done(&court.judge);
}

TEST(what_has_no_hop_left_or_does_not_say_gets_silence)
{
	struct court court;

	open_court(&court, true, 0);
	for (int ttl = -1; ttl <= 1; ttl++) {
		court.datagram.ttl = ttl;
		assert_int_equal(judged(&court), DROP_TTL);
	}
	judge_done(&court.judge);
}

TEST(a_service_whose_ttl_stays_is_not_asked_for_it)
{
	struct court court;

	open_court(&court, true, 0);
	court.datagram.ttl = 1;
	assert_int_equal(judge_datagram(&court.judge, &court.datagram, false, now), DROP_NONE);
	assert_int_equal(court.datagram.out_ttl, 0);
	judge_done(&court.judge);
}

TEST(two_of_us_fall_silent_within_64_packets)
{
	struct court court;
	int packets = 1; /* the forged one */

	open_court(&court, true, 0);
	while (judged(&court) == DROP_NONE) {
		court.datagram.ttl =
			court.datagram.out_ttl ? court.datagram.out_ttl : JUDGE_TTL - 1;
		packets++;
	}
	assert_int_equal(packets, 64);
	judge_done(&court.judge);
}

/* Somebody else's echo: its answers begin at 64 again. */
static int packets_of_loop(struct court *court, int most)
{
	int packets = 1;

	while (packets < most && judged(court) == DROP_NONE)
		packets += 2;
	return packets;
}

TEST(we_and_another_echo_fall_silent_within_2000_packets)
{
	struct court court;

	open_court(&court, true, 0);
	assert_int_equal(packets_of_loop(&court, 10000), 1999);
	assert_int_equal(judged(&court), DROP_NONE);
	judge_done(&court.judge);
}

TEST(without_loop_guards_they_do_not)
{
	struct court court;

	open_court(&court, false, 0);
	assert_true(packets_of_loop(&court, 10000) >= 10000);
	judge_done(&court.judge);
}

TEST(a_flood_is_dropped_for_its_rate_and_not_looked_at)
{
	struct court court;
	int counts[DROPS + 1] = { 0 };

	open_court(&court, true, 500);
	for (int i = 0; i < 2000; i++)
		counts[judged(&court)]++;
	assert_int_equal(counts[DROP_NONE] + counts[DROP_RATE], 2000);
	assert_in_range(counts[DROP_RATE], 1000, 1250);
	judge_done(&court.judge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_cut_or_sent_to_many_gets_silence),
		cmocka_unit_test(a_source_port_that_answers_back_gets_silence),
		cmocka_unit_test(an_answer_has_one_hop_less_to_live_and_never_more_than_63),
		cmocka_unit_test(what_has_no_hop_left_or_does_not_say_gets_silence),
		cmocka_unit_test(a_service_whose_ttl_stays_is_not_asked_for_it),
		cmocka_unit_test(two_of_us_fall_silent_within_64_packets),
		cmocka_unit_test(we_and_another_echo_fall_silent_within_2000_packets),
		cmocka_unit_test(without_loop_guards_they_do_not),
		cmocka_unit_test(a_flood_is_dropped_for_its_rate_and_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
