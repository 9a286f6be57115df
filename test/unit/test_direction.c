/* SPDX-License-Identifier: MIT */
#include "core/direction.h"
#include "core/random.h"
#include "core/window.h"
#include "unit.h"

static struct direction made(unsigned sent)
{
	struct direction direction;

	assert_int_equal(direction_init(&direction), 0);
	for (unsigned i = 0; i < sent; i++)
		direction_sent(&direction);
	return direction;
}

static void assert_counts(const struct direction *direction, uint64_t forward, uint64_t reverse,
                          uint64_t undetermined)
{
	struct direction_counts counts = direction_counts(direction);

	assert_true(counts.is_known);
	assert_int_equal(counts.forward_lost, forward);
	assert_int_equal(counts.reverse_lost, reverse);
	assert_int_equal(counts.undetermined, undetermined);
	assert_int_equal(counts.sent, counts.received + forward + reverse + undetermined);
}

TEST(the_drawing_in_the_header_is_right)
{
	struct direction direction = made(7);

	assert_int_equal(direction_heard(&direction, 0, 0), DIRECTION_FIRST);
	assert_int_equal(direction_heard(&direction, 2, 1), DIRECTION_FIRST);
	assert_int_equal(direction_heard(&direction, 4, 3), DIRECTION_FIRST);
	assert_counts(&direction, 1, 1, 2);
	direction_done(&direction);
}

TEST(a_late_reply_fills_its_place)
{
	struct direction direction = made(4);

	(void)direction_heard(&direction, 0, 0);
	(void)direction_heard(&direction, 3, 2);
	assert_counts(&direction, 1, 1, 0);
	assert_int_equal(direction_heard(&direction, 1, 1), DIRECTION_FIRST);
	assert_counts(&direction, 1, 0, 0);
	direction_done(&direction);
}

TEST(duplicates_are_told_by_the_way_on_which_they_were_made)
{
	struct direction direction = made(3);

	assert_int_equal(direction_heard(&direction, 0, 0), DIRECTION_FIRST);
	assert_int_equal(direction_heard(&direction, 0, 0), DIRECTION_REVERSE_DUPLICATE);
	assert_int_equal(direction_heard(&direction, 0, 1), DIRECTION_FORWARD_DUPLICATE);
	assert_int_equal(direction_heard(&direction, 0, 1), DIRECTION_REVERSE_DUPLICATE);
	assert_int_equal(direction_heard(&direction, 2, 2), DIRECTION_FIRST);
	assert_counts(&direction, 1, 0, 0);
	direction_done(&direction);
}

TEST(a_reply_to_what_was_never_sent_is_nothing)
{
	struct direction direction = made(0);

	assert_int_equal(direction_heard(&direction, 0, 0), DIRECTION_TOO_OLD);
	direction_sent(&direction);
	assert_int_equal(direction_heard(&direction, 1, 0), DIRECTION_TOO_OLD);
	assert_int_equal(direction_heard(&direction, UINT32_MAX, 0), DIRECTION_TOO_OLD);
	assert_int_equal(direction_counts(&direction).received, 0);
	direction_done(&direction);
}

TEST(a_reflector_that_copies_is_not_known_and_one_that_counts_is_after_a_loss)
{
	struct direction direction = made(4);

	(void)direction_heard(&direction, 0, 0);
	(void)direction_heard(&direction, 1, 1);
	assert_false(direction_counts(&direction).is_known);
	assert_int_equal(direction_counts(&direction).undetermined, 2);
	(void)direction_heard(&direction, 3, 2);
	assert_counts(&direction, 1, 0, 0);
	direction_done(&direction);
}

TEST(of_one_that_is_known_to_count_losses_on_the_way_back_are_known_at_once)
{
	struct direction direction = made(4);

	direction_trust(&direction);
	(void)direction_heard(&direction, 0, 0);
	(void)direction_heard(&direction, 3, 3);
	assert_counts(&direction, 0, 2, 0);
	direction_done(&direction);
}

TEST(one_that_always_says_zero_does_not_count)
{
	struct direction direction = made(100);

	for (uint32_t i = 0; i < 100; i += 2)
		(void)direction_heard(&direction, i, 0);
	assert_false(direction_counts(&direction).is_known);
	assert_int_equal(direction_counts(&direction).received, 50);
	assert_int_equal(direction_counts(&direction).undetermined, 50);
	direction_done(&direction);
}

TEST(a_restart_keeps_what_was_known)
{
	struct direction direction = made(300);

	/* 50 was lost on its way there, the reply to 100 on its way back. */
	for (uint32_t i = 0; i < 200; i++)
		if (i != 50 && i != 100)
			(void)direction_heard(&direction, i, i < 50 ? i : i - 1);
	for (uint32_t i = 210; i < 300; i++)
		assert_int_equal(direction_heard(&direction, i, i - 208),
		                 i == 210 ? DIRECTION_RESTARTED : DIRECTION_FIRST);
	assert_int_equal(direction.restarts, 1);
	/* Of the ten between, two were replied to by the new count; of eight nobody knows. */
	assert_counts(&direction, 1, 3, 8);
	direction_done(&direction);
}

TEST(closing_probes_settle_the_tail_and_do_not_count)
{
	struct direction direction = made(10);

	for (uint32_t i = 0; i < 7; i++)
		if (i != 3)
			(void)direction_heard(&direction, i, i < 3 ? i : i - 1);
	assert_counts(&direction, 1, 0, 3);
	direction_close(&direction);
	direction_sent(&direction);
	/* One of the three tail probes was replied to. */
	assert_int_equal(direction_heard(&direction, 10, 7), DIRECTION_FIRST);
	assert_counts(&direction, 3, 1, 0);
	assert_int_equal(direction_counts(&direction).sent, 10);
	direction_done(&direction);
}

TEST(a_lost_closing_probe_leaves_open_what_it_may_have_had)
{
	struct direction direction = made(10);

	for (uint32_t i = 0; i < 9; i++)
		if (i != 3)
			(void)direction_heard(&direction, i, i < 3 ? i : i - 1);
	direction_close(&direction);
	direction_sent(&direction);
	direction_sent(&direction);
	/* Number 8 was that of probe 9 or of the first closing one. */
	(void)direction_heard(&direction, 11, 9);
	assert_counts(&direction, 1, 0, 1);
	direction_done(&direction);
}

TEST(numbers_wrap_at_32_bits)
{
	struct direction direction = made(1);

	(void)direction_heard(&direction, 0, 0);
	/* As after four milliards of probes, one of them lost on its way there. */
	direction.sent = UINT32_MAX - UINT64_C(9);
	direction.whole.last = direction.sent;
	direction.whole.received = direction.sent - 1;
	direction.reply_end = direction.whole.below = direction.sent - 1;
	direction.whole.replies = direction.sent - 1;
	for (uint64_t i = direction.sent; i < UINT32_MAX + UINT64_C(20); i++) {
		direction_sent(&direction);
		assert_int_equal(direction_heard(&direction, (uint32_t)i, (uint32_t)(i - 1)),
		                 DIRECTION_FIRST);
	}
	assert_counts(&direction, 1, 0, 0);
	direction_done(&direction);
}

TEST(a_reply_from_beyond_the_window_is_left_out)
{
	struct direction direction = made(1);

	for (uint32_t i = 1; i <= WINDOW_BITS; i++) {
		direction_sent(&direction);
		(void)direction_heard(&direction, i, i);
	}
	assert_int_equal(direction_heard(&direction, 0, 0), DIRECTION_TOO_OLD);
	assert_int_equal(direction_counts(&direction).received, WINDOW_BITS);
	direction_done(&direction);
}

TEST(losses_at_the_end_of_an_interval_belong_to_one_side_only_where_that_is_certain)
{
	struct direction direction = made(5);
	struct direction_counts first, second;

	assert_true(direction_mark(&direction));
	for (int i = 0; i < 5; i++)
		direction_sent(&direction);
	for (uint32_t i = 0; i < 4; i++)
		(void)direction_heard(&direction, i, i);
	/* 4 and 5 are missing, and one number. */
	for (uint32_t i = 6; i < 10; i++)
		(void)direction_heard(&direction, i, i - 1);
	direction_close(&direction);
	assert_true(direction_take(&direction, &first));
	assert_true(direction_take(&direction, &second));
	assert_false(direction_take(&direction, &second));
	assert_int_equal(first.sent, 5);
	assert_int_equal(first.received, 4);
	assert_int_equal(first.undetermined, 1);
	assert_int_equal(second.received, 4);
	assert_int_equal(second.undetermined, 1);
	assert_counts(&direction, 1, 1, 0);
	direction_done(&direction);
}

TEST(no_more_intervals_are_open_than_there_is_room_for)
{
	struct direction direction = made(0);
	struct direction_counts counts;

	for (int i = 0; i < DIRECTION_MARKS; i++) {
		direction_sent(&direction);
		assert_true(direction_mark(&direction));
	}
	direction_sent(&direction);
	assert_false(direction_mark(&direction));
	assert_true(direction_take(&direction, &counts));
	assert_int_equal(counts.sent, 1);
	assert_true(direction_mark(&direction));
	direction_done(&direction);
}

/* A number near another one, or anywhere. */
static uint32_t any_near(struct random *random, uint64_t number)
{
	uint32_t any = (uint32_t)random_next(random);

	return random_next(random) % 8 ? (uint32_t)number - any % 100 + 20 : any;
}

TEST(whatever_a_reflector_says_the_sum_is_right)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct direction direction = made(0);
		struct direction_counts counts;
		struct random random;
		uint64_t told = 0;

		random_seed(&random, seed);
		for (uint64_t i = 0; i < 20000; i++) {
			direction_sent(&direction);
			(void)direction_heard(&direction, any_near(&random, i),
			                      any_near(&random, i % 5000));
			counts = direction_counts(&direction);
			assert_int_equal(counts.sent, i + 1);
			assert_int_equal(counts.sent, counts.received + counts.forward_lost +
			                                      counts.reverse_lost +
			                                      counts.undetermined);
			if (i % 500 == 499 && direction_mark(&direction) && i > 2000 &&
			    direction_take(&direction, &counts)) {
				told += counts.sent;
				assert_in_range(counts.forward_lost + counts.reverse_lost, 0,
				                counts.sent - counts.received);
			}
		}
		assert_int_equal(told, direction.marks[0].position);
		direction_done(&direction);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_drawing_in_the_header_is_right),
		cmocka_unit_test(a_late_reply_fills_its_place),
		cmocka_unit_test(duplicates_are_told_by_the_way_on_which_they_were_made),
		cmocka_unit_test(a_reply_to_what_was_never_sent_is_nothing),
		cmocka_unit_test(
			a_reflector_that_copies_is_not_known_and_one_that_counts_is_after_a_loss),
		cmocka_unit_test(
			of_one_that_is_known_to_count_losses_on_the_way_back_are_known_at_once),
		cmocka_unit_test(one_that_always_says_zero_does_not_count),
		cmocka_unit_test(a_restart_keeps_what_was_known),
		cmocka_unit_test(closing_probes_settle_the_tail_and_do_not_count),
		cmocka_unit_test(a_lost_closing_probe_leaves_open_what_it_may_have_had),
		cmocka_unit_test(numbers_wrap_at_32_bits),
		cmocka_unit_test(a_reply_from_beyond_the_window_is_left_out),
		cmocka_unit_test(
			losses_at_the_end_of_an_interval_belong_to_one_side_only_where_that_is_certain),
		cmocka_unit_test(no_more_intervals_are_open_than_there_is_room_for),
		cmocka_unit_test(whatever_a_reflector_says_the_sum_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
