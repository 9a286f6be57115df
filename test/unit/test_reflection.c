/* SPDX-License-Identifier: MIT */
/* Replies by hand: each probe takes 100 us there, 50 us to be answered, 300 us back, by a far clock that
 * is a day ahead. */
#include <stdlib.h>

#include "probe/reflection.h"
#include "unit.h"

enum { OUT = 100000, RESIDENCE = 50000, BACK = 300000, COUNT_KEPT = 64 };

#define DAY (86400 * NS_PER_SEC)
#define OFFSET (INT64_C(1700000000) * NS_PER_SEC)

struct crafted {
	struct far far;
	struct sample sample;
};

/* The answer to the probe with this number, from 1. */
static struct crafted craft(uint64_t sequence)
{
	struct mono left = { (int64_t)sequence * NS_PER_SEC };
	struct mono arrived = mono_add(left, OUT + RESIDENCE + BACK);

	return (struct crafted){
		.far = { .received = { left.ns + OUT + OFFSET + DAY },
		         .sent = { left.ns + OUT + RESIDENCE + OFFSET + DAY },
		         .own = { false, 1000 },
		         .clock = { false, 1000 },
		         .asked = (uint32_t)sequence - 1,
		         .sequence = (uint32_t)sequence - 1,
		         .ttl = 63,
		         .tos = -1,
		         .dscp = -1 },
		.sample = { .sequence = sequence,
		            .fate = FATE_ANSWERED,
		            .ttl = 61,
		            .tos = 0,
		            .called = mono_add(left, -3000),
		            .left = left,
		            .arrived = arrived,
		            .read = mono_add(arrived, 3000) },
	};
}

static struct reflection_news hear(struct reflection *reflection, struct crafted *crafted)
{
	crafted->sample.far = &crafted->far;
	return reflection_heard(reflection, &crafted->sample, OFFSET);
}

static struct reflection *made(int tos)
{
	struct reflection *reflection = NULL;

	assert_int_equal(reflection_new(&reflection, COUNT_KEPT, STATS_AMPLE, tos), 0);
	return reflection;
}

static void ask_and_hear(struct reflection *reflection, uint64_t from, uint64_t to)
{
	for (uint64_t s = from; s <= to; s++) {
		struct crafted reply = craft(s);

		reflection_sent(reflection);
		(void)hear(reflection, &reply);
	}
}

TEST(a_reply_tells_residence_and_each_direction_within_its_bounds)
{
	struct reflection *reflection = made(0);

	ask_and_hear(reflection, 1, 10);
	const struct oneway_result *latest = &reflection->latest;

	assert_int_equal(latest->verdict, ONEWAY_MEASURED);
	assert_int_equal(latest->residence, RESIDENCE);
	assert_int_equal(latest->rtt, OUT + BACK);
	assert_true(latest->forward.low <= OUT && latest->forward.high >= OUT);
	assert_true(latest->reverse.low <= BACK && latest->reverse.high >= BACK);
	assert_true(latest->forward.low >= 0 && latest->reverse.low >= 0);
	reflection_conclude(reflection);
	assert_int_equal(reflection->rtt.count, 10);
	assert_int_equal(reflection->residence.pdv.count, 10);
	assert_int_equal(stats_moments(&reflection->rtt).min, OUT + BACK);
	assert_int_equal(reflection->ttl_out, 63);
	reflection_free(reflection);
}

TEST(times_that_cannot_be_leave_the_numbers_and_measure_nothing)
{
	struct reflection *reflection = made(0);
	struct crafted reply = craft(1);

	reflection_sent(reflection);
	reply.far.sent.ns = reply.far.received.ns - 1; /* T3 before T2 */
	(void)hear(reflection, &reply);
	assert_int_equal(reflection->latest.verdict, ONEWAY_IMPOSSIBLE);
	assert_int_equal(reflection->newest.verdict, ONEWAY_IMPOSSIBLE);
	assert_int_equal(sample_rtt(&reply.sample), OUT + RESIDENCE + BACK);
	reflection_sent(reflection);
	reply = craft(2);
	reply.far.sent.ns += NS_PER_SEC; /* longer than the round trip */
	(void)hear(reflection, &reply);
	reflection_sent(reflection);
	reply = craft(3);
	reply.far.received.ns = 0; /* not told */
	(void)hear(reflection, &reply);
	reflection_conclude(reflection);
	assert_int_equal(reflection->rtt.count, 0);
	assert_int_equal(oneway_clock(&reflection->oneway).impossible, 3);
	assert_int_equal(oneway_clock(&reflection->oneway).knowledge, ONEWAY_NOTHING);
	assert_int_equal(direction_counts(&reflection->direction).received, 3);
	reflection_free(reflection);
}

TEST(of_late_and_second_replies_only_the_numbers_count)
{
	struct reflection *reflection = made(0);
	struct crafted reply = craft(1);

	reflection_sent(reflection);
	reply.sample.fate = FATE_LATE;
	(void)hear(reflection, &reply);
	reply.sample.fate = FATE_DUPLICATE;
	(void)hear(reflection, &reply);
	reflection_conclude(reflection);
	assert_int_equal(reflection->rtt.count, 0);
	assert_int_equal(direction_counts(&reflection->direction).received, 1);
	reflection_free(reflection);
}

/* --- follow-up --- */

/* The reply before this one left so much later than it said. */
static void follow(struct crafted *reply, uint64_t sequence, int64_t later)
{
	struct crafted before = craft(sequence - 1);

	reply->far.tells_departures = reply->far.follows = true;
	reply->far.followed = before.far.sequence;
	reply->far.followed_left = (struct wall){ before.far.sent.ns + later };
}

static struct crafted craft_telling(uint64_t sequence)
{
	struct crafted reply = craft(sequence);

	reply.far.tells_departures = true;
	return reply;
}

TEST(what_follows_refines_the_reply_before)
{
	struct reflection *reflection = made(0);
	struct crafted first = craft_telling(1), second = craft_telling(2);

	reflection_sent(reflection);
	assert_false(hear(reflection, &first).followed);
	assert_int_equal(reflection->rtt.count, 0); /* it waits */
	reflection_sent(reflection);
	follow(&second, 2, 7000);
	assert_true(hear(reflection, &second).followed);
	assert_int_equal(reflection->better.sequence, 1);
	assert_int_equal(reflection->better.result.residence, RESIDENCE + 7000);
	assert_int_equal(reflection->better.result.rtt, OUT + BACK - 7000);
	assert_int_equal(reflection->rtt.count, 1);
	reflection_conclude(reflection);
	assert_int_equal(reflection->rtt.count, 2);
	assert_int_equal(reflection->followed, 1);
	/* The second was never followed: by T3 alone. */
	assert_int_equal(stats_moments(&reflection->residence.pdv).min, RESIDENCE);
	reflection_free(reflection);
}

static void assert_not_followed(struct crafted *second)
{
	struct reflection *reflection = made(0);
	struct crafted first = craft_telling(1);

	reflection_sent(reflection);
	(void)hear(reflection, &first);
	reflection_sent(reflection);
	assert_false(hear(reflection, second).followed);
	assert_int_equal(reflection->better.sequence, 0);
	assert_int_equal(reflection->followed, 0);
	/* All the same the first counts, as it was. */
	assert_int_equal(reflection->rtt.count, 1);
	assert_int_equal(stats_moments(&reflection->residence.pdv).max, RESIDENCE);
	reflection_free(reflection);
}

TEST(a_follow_up_that_cannot_be_is_not_used)
{
	struct crafted second = craft_telling(2);

	assert_not_followed(&second); /* nothing is told */
	follow(&second, 2, -1);       /* before it was sealed */
	assert_not_followed(&second);
	follow(&second, 2, OUT + BACK + NS_PER_SEC); /* after it had come */
	assert_not_followed(&second);
	follow(&second, 2, 7000);
	second.far.followed = 17; /* another reply */
	assert_not_followed(&second);
}

TEST(who_tells_no_departures_is_not_waited_for)
{
	struct reflection *reflection = made(0);

	ask_and_hear(reflection, 1, 1);
	assert_int_equal(reflection->rtt.count, 1);
	reflection_free(reflection);
}

/* --- marking --- */

static void hear_marked(struct reflection *reflection, uint64_t sequence, int request,
                        int reply_dscp, int reply)
{
	struct crafted crafted = craft(sequence);

	reflection_sent(reflection);
	crafted.far.tos = request;
	crafted.far.dscp = reply_dscp;
	crafted.sample.tos = reply;
	(void)hear(reflection, &crafted);
}

TEST(rewriting_is_seen_on_either_way)
{
	struct reflection *reflection = made(46 << 2);

	hear_marked(reflection, 1, 46 << 2, 46, 46 << 2);
	assert_int_equal(reflection->out.seen + reflection->back.seen, 2);
	assert_int_equal(reflection->out.rewritten + reflection->back.rewritten, 0);
	hear_marked(reflection, 2, 0, 46, 46 << 2);
	assert_int_equal(reflection->out.rewritten, 1);
	assert_int_equal(reflection->out.left, 46 << 2);
	assert_int_equal(reflection->out.arrived, 0);
	assert_int_equal(reflection->back.rewritten, 0);
	hear_marked(reflection, 3, 46 << 2, 46, 8 << 2);
	assert_int_equal(reflection->out.rewritten, 1);
	assert_int_equal(reflection->back.rewritten, 1);
	assert_int_equal(reflection->back.arrived, 8 << 2);
	reflection_free(reflection);
}

TEST(of_a_reply_whose_marking_nobody_told_nothing_is_said)
{
	struct reflection *reflection = made(46 << 2);

	hear_marked(reflection, 1, -1, -1, 0);
	assert_int_equal(reflection->out.seen + reflection->back.seen, 0);
	assert_int_equal(reflection->out.rewritten + reflection->back.rewritten, 0);
	reflection_free(reflection);
}

TEST(a_mark_of_congestion_is_no_rewriting)
{
	struct reflection *reflection = made(1); /* ECT(1) */

	hear_marked(reflection, 1, 3, 0, 3);
	assert_int_equal(reflection->out.congested, 1);
	assert_int_equal(reflection->back.congested, 1);
	assert_int_equal(reflection->out.rewritten + reflection->back.rewritten, 0);
	hear_marked(reflection, 2, 0, 0, 0); /* bleached */
	assert_int_equal(reflection->out.rewritten, 1);
	reflection_free(reflection);
}

TEST(who_sent_without_ecn_and_sees_a_mark_was_rewritten)
{
	struct reflection *reflection = made(0);

	hear_marked(reflection, 1, 3, 0, 0);
	assert_int_equal(reflection->out.congested, 0);
	assert_int_equal(reflection->out.rewritten, 1);
	reflection_free(reflection);
}

/* --- numbers --- */

/* A reply to the probe by a reflector that gives it this number. */
static struct reflection_news number(struct reflection *reflection, uint64_t sequence,
                                     uint32_t reply)
{
	struct crafted crafted = craft(sequence);

	crafted.far.sequence = reply;
	return hear(reflection, &crafted);
}

TEST(a_restart_is_news)
{
	struct reflection *reflection = made(0);

	for (int i = 0; i < 200; i++)
		reflection_sent(reflection);
	for (uint32_t i = 0; i < 150; i++)
		assert_false(number(reflection, i + 1, i).restarted);
	assert_true(number(reflection, 151, 0).restarted);
	for (uint32_t i = 1; i < 50; i++)
		assert_false(number(reflection, i + 151, i).restarted);
	assert_int_equal(reflection->direction.restarts, 1);
	reflection_free(reflection);
}

TEST(a_step_of_the_far_clock_is_news_even_with_a_restart)
{
	struct reflection *reflection = made(0);
	bool stepped = false, restarted = false;

	ask_and_hear(reflection, 1, 100);
	for (uint32_t i = 0; i < 40; i++) {
		struct crafted reply = craft(101 + i);

		reflection_sent(reflection);
		reply.far.received.ns += 2 * NS_PER_SEC;
		reply.far.sent.ns += 2 * NS_PER_SEC;
		reply.far.sequence = i;
		struct reflection_news news = hear(reflection, &reply);

		if (news.stepped)
			assert_in_range(reflection->latest.step, 2 * NS_PER_SEC - NS_PER_MS,
			                2 * NS_PER_SEC + NS_PER_MS);
		stepped |= news.stepped;
		restarted |= news.restarted;
	}
	assert_true(stepped && restarted);
	reflection_free(reflection);
}

TEST(an_answer_behind_the_last_probe_settles_the_tail_and_counts_nowhere)
{
	struct reflection *reflection = made(0);

	for (int i = 0; i < 10; i++)
		reflection_sent(reflection);
	/* The fourth is lost there, so that it is seen to count; the last two are lost, one each way. */
	for (uint32_t s = 0; s < 8; s++)
		if (s != 3)
			(void)number(reflection, s + 1, s < 3 ? s : s - 1);
	assert_true(reflection_is_open(reflection));
	reflection_close(reflection);
	uint64_t measured = reflection->rtt.count;

	reflection_sent(reflection);
	struct crafted closing = craft(11);

	closing.far.sequence = 8; /* it saw nine before */
	(void)reflection_heard_closing(reflection, &closing.far);
	struct direction_counts counts = direction_counts(&reflection->direction);

	assert_false(reflection_is_open(reflection));
	assert_int_equal(counts.sent, 10);
	assert_int_equal(counts.received, 7);
	assert_int_equal(counts.forward_lost, 2);
	assert_int_equal(counts.reverse_lost, 1);
	assert_int_equal(counts.undetermined, 0);
	assert_int_equal(reflection->closings, 1);
	reflection_conclude(reflection);
	assert_int_equal(reflection->rtt.count, measured);
	assert_int_equal(reflection->oneway.probes, 7);
	reflection_free(reflection);
}

TEST(a_tail_alone_is_asked_about_though_nobody_knows_yet_whether_it_counts)
{
	struct reflection *reflection = made(0);

	for (int i = 0; i < 5; i++)
		reflection_sent(reflection);
	for (uint32_t s = 0; s < 4; s++)
		(void)number(reflection, s + 1, s);
	assert_true(reflection_is_open(reflection));
	reflection_close(reflection);
	reflection_sent(reflection);
	struct crafted closing = craft(6);

	closing.far.sequence = 4; /* one less: it counts, and the fifth never got there */
	(void)reflection_heard_closing(reflection, &closing.far);
	struct direction_counts counts = direction_counts(&reflection->direction);

	assert_true(counts.is_known);
	assert_int_equal(counts.forward_lost, 1);
	assert_int_equal(counts.reverse_lost + counts.undetermined, 0);
	reflection_free(reflection);
}

TEST(who_follows_up_is_known_to_count_before_anything_is_lost)
{
	struct reflection *reflection = made(0);
	struct crafted first = craft_telling(1), second = craft_telling(2);

	for (int i = 0; i < 4; i++)
		reflection_sent(reflection);
	(void)hear(reflection, &first);
	assert_false(direction_counts(&reflection->direction).is_known);
	follow(&second, 2, 5000);
	(void)hear(reflection, &second);
	assert_true(direction_counts(&reflection->direction).is_known);
	/* The third came there, and its answer was lost: the fourth has the next number. */
	(void)number(reflection, 4, 3);
	assert_int_equal(direction_counts(&reflection->direction).reverse_lost, 1);
	reflection_free(reflection);
}

TEST(nobody_is_asked_again_who_never_answered_or_lost_nothing)
{
	struct reflection *reflection = made(0);

	reflection_sent(reflection);
	assert_false(reflection_is_open(reflection));
	(void)number(reflection, 1, 0);
	assert_false(reflection_is_open(reflection));
	reflection_free(reflection);
}

TEST(a_closing_reply_follows_up_the_last_one)
{
	struct reflection *reflection = made(0);
	struct crafted last = craft_telling(1), closing = craft_telling(2);

	reflection_sent(reflection);
	(void)hear(reflection, &last);
	reflection_close(reflection);
	reflection_sent(reflection);
	follow(&closing, 2, 5000);
	assert_true(reflection_heard_closing(reflection, &closing.far).followed);
	assert_int_equal(reflection->better.sequence, 1);
	assert_int_equal(reflection->rtt.count, 1);
	reflection_free(reflection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_tells_residence_and_each_direction_within_its_bounds),
		cmocka_unit_test(times_that_cannot_be_leave_the_numbers_and_measure_nothing),
		cmocka_unit_test(of_late_and_second_replies_only_the_numbers_count),
		cmocka_unit_test(what_follows_refines_the_reply_before),
		cmocka_unit_test(a_follow_up_that_cannot_be_is_not_used),
		cmocka_unit_test(who_tells_no_departures_is_not_waited_for),
		cmocka_unit_test(rewriting_is_seen_on_either_way),
		cmocka_unit_test(of_a_reply_whose_marking_nobody_told_nothing_is_said),
		cmocka_unit_test(a_mark_of_congestion_is_no_rewriting),
		cmocka_unit_test(who_sent_without_ecn_and_sees_a_mark_was_rewritten),
		cmocka_unit_test(a_restart_is_news),
		cmocka_unit_test(a_step_of_the_far_clock_is_news_even_with_a_restart),
		cmocka_unit_test(
			an_answer_behind_the_last_probe_settles_the_tail_and_counts_nowhere),
		cmocka_unit_test(
			a_tail_alone_is_asked_about_though_nobody_knows_yet_whether_it_counts),
		cmocka_unit_test(who_follows_up_is_known_to_count_before_anything_is_lost),
		cmocka_unit_test(nobody_is_asked_again_who_never_answered_or_lost_nothing),
		cmocka_unit_test(a_closing_reply_follows_up_the_last_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
