/* SPDX-License-Identifier: MIT */
#include "report/times.h"
#include "unit.h"

TEST(as_many_quantiles_as_the_durations_support)
{
	struct load_tally tally;

	assert_int_equal(load_tally_init(&tally), 0);
	assert_int_equal(times_supported(&tally.lag), 0);
	for (int64_t i = 1; i <= 99; i++)
		load_times_add(&tally.lag, i);
	assert_int_equal(times_supported(&tally.lag), 2);
	load_times_add(&tally.lag, 100);
	assert_int_equal(times_supported(&tally.lag), 3);
	load_tally_done(&tally);
}

TEST(no_quantile_lies_beyond_the_extremes)
{
	struct load_tally tally;

	assert_int_equal(load_tally_init(&tally), 0);
	assert_int_equal(times_quantile(&tally.lag, 0.5), 0);
	for (int i = 0; i < 10; i++)
		load_times_add(&tally.lag, 1000003); /* not the middle of any bucket */
	for (size_t i = 0; i < TIMES_QUANTILES; i++)
		assert_int_equal(times_quantile(&tally.lag, times_quantiles[i].q), 1000003);
	load_times_add(&tally.lag, 3000000);
	assert_int_equal(times_quantile(&tally.lag, 0.9999), 3000000);
	load_tally_done(&tally);
}

TEST(the_corrected_are_told_where_there_are_any)
{
	struct load_tally tally;

	assert_int_equal(load_tally_init(&tally), 0);
	assert_ptr_equal(times_told(&tally), &tally.uncorrected);
	load_times_add(&tally.corrected, 1);
	assert_ptr_equal(times_told(&tally), &tally.corrected);
	load_tally_done(&tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_quantiles_as_the_durations_support),
		cmocka_unit_test(no_quantile_lies_beyond_the_extremes),
		cmocka_unit_test(the_corrected_are_told_where_there_are_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
