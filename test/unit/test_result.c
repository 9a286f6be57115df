/* SPDX-License-Identifier: MIT */
#include "load/result.h"
#include "unit.h"

TEST(fairness_is_jains_index)
{
	static const uint64_t alike[] = { 5, 5, 5, 5 }, alone[] = { 8, 0, 0, 0 };
	static const uint64_t mixed[] = { 1, 2, 3 }; /* 36 / (3 * 14) */
	struct load_fairness fairness = load_fairness(alike, 4);

	assert_true(fairness.jain == 1);
	assert_int_equal(fairness.slowest, 5);
	fairness = load_fairness(alone, 4);
	assert_true(fairness.jain == 0.25);
	assert_int_equal(fairness.slowest, 0);
	assert_int_equal(fairness.fastest, 8);
	assert_true(load_fairness(mixed, 3).jain > 0.857 &&
	            load_fairness(mixed, 3).jain < 0.8572);
	assert_true(load_fairness(NULL, 0).jain == 0);
}

TEST(the_rate_is_of_answers_in_the_measured_time)
{
	struct load_result result = { .measured = 2 * NS_PER_SEC };

	result.tally.counts.answered = 10;
	assert_true(load_result_rate(&result) == 5);
	result.measured = 0;
	assert_true(load_result_rate(&result) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fairness_is_jains_index),
		cmocka_unit_test(the_rate_is_of_answers_in_the_measured_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
