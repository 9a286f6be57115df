/* SPDX-License-Identifier: MIT */
#include "core/schedule.h"
#include "unit.h"

static const struct mono start = { 5 * NS_PER_SEC };

TEST(first_probe_is_due_at_start)
{
	struct schedule schedule;

	schedule_init(&schedule, start, 10);
	assert_int_equal(mono_since(schedule_next(&schedule), start), 0);
}

TEST(the_schedule_does_not_drift)
{
	struct schedule schedule;

	schedule_init(&schedule, start, 333);
	for (int64_t i = 0; i < 1000; i++)
		assert_int_equal(mono_since(schedule_next(&schedule), start), i * 333);
}

TEST(ten_years_of_schedule_are_exact_to_the_nanosecond)
{
	const int64_t interval = NS_PER_SEC / 3, years = 10 * INT64_C(365) * 86400 * 3;
	struct schedule schedule;

	schedule_init(&schedule, start, interval);
	schedule.next = years;
	assert_int_equal(mono_since(schedule_next(&schedule), start), years * interval);
	assert_int_equal(mono_since(schedule_next(&schedule), start), (years + 1) * interval);
}

TEST(the_least_interval_is_a_nanosecond)
{
	struct schedule schedule;

	schedule_init(&schedule, start, 1);
	for (int64_t i = 0; i < 10; i++)
		assert_int_equal(mono_since(schedule_next(&schedule), start), i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_probe_is_due_at_start),
		cmocka_unit_test(the_schedule_does_not_drift),
		cmocka_unit_test(ten_years_of_schedule_are_exact_to_the_nanosecond),
		cmocka_unit_test(the_least_interval_is_a_nanosecond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
