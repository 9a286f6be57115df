/* SPDX-License-Identifier: MIT */
#include "core/bridge.h"
#include "core/random.h"
#include "unit.h"

#define OFFSET INT64_C(1700000000000000000)

/* A reading at t of a wall clock with this offset, known to within before and after. */
static struct clock_reading reading_of(int64_t t, int64_t offset, int64_t before, int64_t after)
{
	return (struct clock_reading){
		.before = { t - before },
		.after = { t + after },
		.wall = { t + offset },
	};
}

static struct bridge bridge_at(int64_t t, int64_t offset)
{
	struct bridge bridge = { 0 };

	assert_false(bridge_check(&bridge, reading_of(t, offset, 0, 0)));
	return bridge;
}

TEST(unknown_stays_unknown)
{
	struct bridge none = { 0 }, bridge = bridge_at(NS_PER_SEC, OFFSET);

	assert_false(mono_known(bridge_mono(&none, (struct wall){ OFFSET })));
	assert_false(mono_known(bridge_mono(&bridge, (struct wall){ 0 })));
}

TEST(a_wall_instant_is_converted_to_the_nanosecond)
{
	struct bridge bridge = bridge_at(NS_PER_SEC, OFFSET);

	for (int64_t t = 5; t < 1000000; t += 999)
		assert_int_equal(bridge_mono(&bridge, (struct wall){ t + OFFSET }).ns, t);
}

TEST(a_clock_that_goes_on_is_no_step_however_often_it_is_read)
{
	struct bridge bridge = bridge_at(NS_PER_SEC, OFFSET);

	for (int64_t i = 1; i < 1000; i++)
		assert_true(bridge_check(&bridge,
		                         reading_of(i * NS_PER_MS, OFFSET, i % 300, i % 700)));
	assert_int_equal(bridge.offset, OFFSET);
	assert_int_equal(bridge.since.ns, NS_PER_SEC);
}

TEST(a_step_of_any_size_is_seen_once_and_followed)
{
	static const int64_t steps[] = { NS_PER_US, NS_PER_MS, NS_PER_SEC, 1000 * NS_PER_SEC,
		                         100000000 * NS_PER_SEC };

	for (size_t i = 0; i < 2 * COUNT(steps); i++) {
		int64_t step = i % 2 ? -steps[i / 2] : steps[i / 2], t = 2 * NS_PER_SEC;
		struct bridge bridge = bridge_at(NS_PER_SEC, OFFSET);

		assert_false(bridge_check(&bridge, reading_of(t, OFFSET + step, 30, 40)));
		assert_int_equal(bridge.since.ns, t + 40);
		assert_true(bridge_check(&bridge, reading_of(t + 1000, OFFSET + step, 30, 40)));
		struct mono converted =
			bridge_mono(&bridge, (struct wall){ t + OFFSET + step });

		/* As near as that reading was. */
		assert_in_range(converted.ns, t - 40, t + 40);
	}
}

TEST(a_reading_that_took_long_accuses_nobody)
{
	struct bridge bridge = bridge_at(NS_PER_SEC, OFFSET);

	/* Preempted between the readings: the wall clock was read anywhere between them. */
	assert_true(
		bridge_check(&bridge, reading_of(2 * NS_PER_SEC, OFFSET, 0, 5 * NS_PER_MS)));
	assert_true(
		bridge_check(&bridge, reading_of(2 * NS_PER_SEC, OFFSET, 5 * NS_PER_MS, 0)));
	assert_int_equal(bridge.offset, OFFSET);
	/* What it cannot tell from a step of a millisecond the next, closer one can. */
	assert_true(bridge_check(&bridge, reading_of(3 * NS_PER_SEC, OFFSET + NS_PER_MS,
	                                             5 * NS_PER_MS, 5 * NS_PER_MS)));
	assert_false(
		bridge_check(&bridge, reading_of(4 * NS_PER_SEC, OFFSET + NS_PER_MS, 50, 50)));
}

TEST(the_clocks_may_round_apart_by_a_little)
{
	struct bridge bridge = bridge_at(NS_PER_SEC, OFFSET);

	assert_true(bridge_check(&bridge, reading_of(2 * NS_PER_SEC, OFFSET + 200, 0, 0)));
	assert_true(bridge_check(&bridge, reading_of(2 * NS_PER_SEC, OFFSET - 200, 0, 0)));
	assert_false(bridge_check(&bridge, reading_of(2 * NS_PER_SEC, OFFSET + 201, 0, 0)));
}

TEST(however_poor_the_readings_the_offset_is_within_them)
{
	struct random random;

	random_seed(&random, 9);
	for (int i = 0; i < 10000; i++) {
		struct bridge bridge = { 0 };
		int64_t before = (int64_t)(random_next(&random) % 10000);
		int64_t after = (int64_t)(random_next(&random) % 10000);

		assert_false(
			bridge_check(&bridge, reading_of(NS_PER_SEC, OFFSET, before, after)));
		assert_in_range(bridge.offset, OFFSET - after, OFFSET + before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_stays_unknown),
		cmocka_unit_test(a_wall_instant_is_converted_to_the_nanosecond),
		cmocka_unit_test(a_clock_that_goes_on_is_no_step_however_often_it_is_read),
		cmocka_unit_test(a_step_of_any_size_is_seen_once_and_followed),
		cmocka_unit_test(a_reading_that_took_long_accuses_nobody),
		cmocka_unit_test(the_clocks_may_round_apart_by_a_little),
		cmocka_unit_test(however_poor_the_readings_the_offset_is_within_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
