/* SPDX-License-Identifier: MIT */
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

TEST(half_a_pair_of_stamps_is_not_mixed_with_user_space)
{
	struct sample departed = whole(), arrived = whole();

	departed.arrived.ns = 0;
	arrived.left.ns = 0;
	assert_int_equal(sample_rtt(&departed), 50);
	assert_int_equal(sample_rtt(&arrived), 50);
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
		cmocka_unit_test(half_a_pair_of_stamps_is_not_mixed_with_user_space),
		cmocka_unit_test(without_its_instants_a_round_trip_is_unknown),
		cmocka_unit_test(the_lag_is_our_own_and_nothing_for_what_never_left),
		cmocka_unit_test(the_label_of_the_wall_clock_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
