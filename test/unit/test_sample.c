/* SPDX-License-Identifier: MIT */
#include "core/random.h"
#include "core/sample.h"
#include "unit.h"

/* due 100, called 110, left 113, arrived 150, read 160. */
static struct sample whole(void)
{
	return (struct sample){
		.due = { 100 },
		.called = { 110 },
		.left = { 113 },
		.arrived = { 150 },
		.read = { 160 },
	};
}

TEST(the_round_trip_is_that_of_the_wire_where_the_kernel_saw_both_ends)
{
	struct sample sample = whole();

	assert_int_equal(sample_rtt(&sample), 37);
}

TEST(where_one_stamp_is_missing_user_space_says_the_nearest)
{
	struct sample departed = whole(), arrived = whole(), neither = whole();

	departed.arrived.ns = neither.arrived.ns = 0;
	arrived.left.ns = neither.left.ns = 0;
	assert_int_equal(sample_rtt(&departed), 47);
	assert_int_equal(sample_rtt(&arrived), 40);
	assert_int_equal(sample_rtt(&neither), 50);
}

TEST(what_was_timed_whole_by_another_clock_is_the_round_trip)
{
	struct sample sample = whole();

	sample.span = 35;
	assert_int_equal(sample_rtt(&sample), 35);
}

TEST(the_hosts_own_parts_are_what_lies_outside_the_wire)
{
	struct sample sample = whole();

	sample.woken.ns = 104;
	sample.queued = mono_add(sample.called, 1);
	assert_int_equal(sample_to_queue(&sample), 1);
	assert_int_equal(sample_in_queue(&sample), 2);
	assert_int_equal(sample_delay(&sample), 4);
	assert_int_equal(sample_host_out(&sample), 3);
	assert_int_equal(sample_host_in(&sample), 10);
	sample.left.ns = sample.arrived.ns = sample.woken.ns = 0;
	assert_int_equal(sample_host_out(&sample), -1);
	assert_int_equal(sample_host_in(&sample), -1);
	assert_int_equal(sample_in_queue(&sample), -1);
	assert_int_equal(sample_delay(&sample), -1);
	sample.woken.ns = 90; /* before it was due: an eager timer is no delay */
	assert_int_equal(sample_delay(&sample), 0);
}

/* --- what cannot be --- */

/* The same in microseconds, so that there is room for slack. */
static struct sample wide(void)
{
	return (struct sample){
		.due = { 100000 },
		.called = { 110000 },
		.left = { 113000 },
		.arrived = { 150000 },
		.read = { 160000 },
	};
}

TEST(what_can_be_is_left_alone_and_says_who_took_it)
{
	struct sample sample = wide();

	assert_false(sample_distrust(&sample));
	assert_int_equal(sample_rtt(&sample), 37000);
	assert_int_equal(sample.tx, TAKEN_KERNEL);
	assert_int_equal(sample.rx, TAKEN_KERNEL);
	sample.left.ns = 0;
	assert_false(sample_distrust(&sample));
	assert_int_equal(sample.tx, TAKEN_USER);
	assert_int_equal(sample.rx, TAKEN_KERNEL);
}

static void assert_distrusted(struct sample sample, int64_t rtt, enum taker tx, enum taker rx)
{
	assert_true(sample_distrust(&sample));
	assert_int_equal(sample_rtt(&sample), rtt);
	assert_int_equal(sample.tx, tx);
	assert_int_equal(sample.rx, rx);
	assert_false(sample_distrust(&sample)); /* nothing is left to go */
}

TEST(a_departure_before_the_call_or_after_the_answer_was_read_goes)
{
	struct sample early = wide(), late = wide();

	early.left.ns = 107999;
	late.left.ns = 162001;
	assert_distrusted(early, 40000, TAKEN_USER, TAKEN_KERNEL);
	assert_distrusted(late, 40000, TAKEN_USER, TAKEN_KERNEL);
}

TEST(an_arrival_before_the_departure_or_after_it_was_read_goes)
{
	struct sample early = wide(), late = wide(), unsent = wide();

	early.arrived.ns = 112999; /* both by one clock: no slack between them */
	late.arrived.ns = 162001;
	unsent.left.ns = 0;
	unsent.arrived.ns = 107999;
	assert_distrusted(early, 47000, TAKEN_KERNEL, TAKEN_USER);
	assert_distrusted(late, 47000, TAKEN_KERNEL, TAKEN_USER);
	assert_distrusted(unsent, 50000, TAKEN_USER, TAKEN_USER);
}

TEST(clocks_that_round_apart_are_believed)
{
	struct sample sample = wide();

	sample.left.ns = 108000;
	sample.arrived.ns = 162000;
	assert_false(sample_distrust(&sample));
}

TEST(a_span_that_is_negative_or_longer_than_the_whole_goes)
{
	struct sample negative = wide(), longer = wide(), right = wide();

	negative.span = -1;
	longer.span = 52001;
	right.span = 52000;
	right.tx = right.rx = TAKEN_HARDWARE;
	assert_distrusted(negative, 37000, TAKEN_KERNEL, TAKEN_KERNEL);
	assert_distrusted(longer, 37000, TAKEN_KERNEL, TAKEN_KERNEL);
	assert_false(sample_distrust(&right));
	assert_int_equal(right.tx, TAKEN_HARDWARE);
	assert_int_equal(sample_rtt(&right), 52000);
}

TEST(whatever_is_stamped_a_round_trip_is_that_of_user_space_at_the_most)
{
	struct random random;

	random_seed(&random, 3);
	for (int i = 0; i < 100000; i++) {
		struct sample sample = wide();

		sample.left.ns += (int64_t)(random_next(&random) % 200000) - 100000;
		sample.arrived.ns += (int64_t)(random_next(&random) % 200000) - 100000;
		(void)sample_distrust(&sample);
		/* Where the clocks round apart it may seem negative by as much. */
		assert_true(sample_rtt(&sample) >= -2000);
		assert_true(sample_rtt(&sample) <= 50000 + 2 * 2000);
	}
}

TEST(without_its_instants_a_round_trip_is_unknown)
{
	struct sample unread = { .due = { 100 }, .called = { 110 }, .left = { 113 } };
	struct sample unsent = { .due = { 100 } };

	assert_true(sample_rtt(&unread) == -1);
	assert_true(sample_rtt(&unsent) == -1);
}

TEST(the_lag_is_our_own_and_nothing_for_what_never_left)
{
	struct sample sample = whole(), unsent = { .due = { 100 } };

	assert_int_equal(sample_lag(&sample), 10);
	assert_int_equal(sample_lag(&unsent), 0);
}

TEST(the_label_of_the_wall_clock_changes_nothing)
{
	struct sample sample = whole();

	sample.wall.ns = INT64_MAX;
	assert_int_equal(sample_rtt(&sample), 37);
	assert_int_equal(sample_lag(&sample), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_round_trip_is_that_of_the_wire_where_the_kernel_saw_both_ends),
		cmocka_unit_test(where_one_stamp_is_missing_user_space_says_the_nearest),
		cmocka_unit_test(what_was_timed_whole_by_another_clock_is_the_round_trip),
		cmocka_unit_test(the_hosts_own_parts_are_what_lies_outside_the_wire),
		cmocka_unit_test(what_can_be_is_left_alone_and_says_who_took_it),
		cmocka_unit_test(a_departure_before_the_call_or_after_the_answer_was_read_goes),
		cmocka_unit_test(an_arrival_before_the_departure_or_after_it_was_read_goes),
		cmocka_unit_test(clocks_that_round_apart_are_believed),
		cmocka_unit_test(a_span_that_is_negative_or_longer_than_the_whole_goes),
		cmocka_unit_test(
			whatever_is_stamped_a_round_trip_is_that_of_user_space_at_the_most),
		cmocka_unit_test(without_its_instants_a_round_trip_is_unknown),
		cmocka_unit_test(the_lag_is_our_own_and_nothing_for_what_never_left),
		cmocka_unit_test(the_label_of_the_wall_clock_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
