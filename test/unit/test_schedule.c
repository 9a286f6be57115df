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
	schedule.next = mono_add(start, years * interval);
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

TEST(poisson_gaps_average_the_interval_and_have_its_deviation)
{
	enum { N = 200000 };
	const double interval = 1e6;
	struct schedule schedule;
	struct random random;
	double sum = 0, squares = 0;

	random_seed(&random, 7);
	schedule_init(&schedule, start, (int64_t)interval);
	struct mono before = schedule_next_poisson(&schedule, &random);

	assert_int_equal(mono_since(before, start), 0);
	for (int i = 0; i < N; i++) {
		struct mono due = schedule_next_poisson(&schedule, &random);
		double gap = (double)mono_since(due, before);

		assert_true(gap >= 0);
		sum += gap;
		squares += gap * gap;
		before = due;
	}
	double mean = sum / N;

	/* Of an exponential distribution the deviation is the mean. */
	assert_true(mean > 0.99 * interval && mean < 1.01 * interval);
	assert_true(squares / N - mean * mean > 0.97 * interval * interval);
	assert_true(squares / N - mean * mean < 1.03 * interval * interval);
}

TEST(the_same_seed_gives_the_same_poisson_schedule)
{
	struct schedule one, other;
	struct random first, second;

	random_seed(&first, 11);
	random_seed(&second, 11);
	schedule_init(&one, start, NS_PER_MS);
	schedule_init(&other, start, NS_PER_MS);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(schedule_next_poisson(&one, &first).ns,
		                 schedule_next_poisson(&other, &second).ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_probe_is_due_at_start),
		cmocka_unit_test(the_schedule_does_not_drift),
		cmocka_unit_test(ten_years_of_schedule_are_exact_to_the_nanosecond),
		cmocka_unit_test(the_least_interval_is_a_nanosecond),
		cmocka_unit_test(poisson_gaps_average_the_interval_and_have_its_deviation),
		cmocka_unit_test(the_same_seed_gives_the_same_poisson_schedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
