/* SPDX-License-Identifier: MIT */
#include "load/tally.h"
#include "unit.h"

TEST(times_keep_their_exact_extremes_and_mean)
{
	struct load_tally tally;

	assert_int_equal(load_tally_init(&tally), 0);
	assert_true(load_times_mean(&tally.corrected) == 0);
	load_times_add(&tally.corrected, 300);
	load_times_add(&tally.corrected, 100);
	load_times_add(&tally.corrected, 200);
	assert_int_equal(tally.corrected.min, 100);
	assert_int_equal(tally.corrected.max, 300);
	assert_true(load_times_mean(&tally.corrected) == 200);
	assert_int_equal(tally.corrected.histogram.count, 3);
	assert_int_equal(tally.uncorrected.histogram.count, 0);
	load_tally_clear(&tally);
	assert_int_equal(tally.corrected.max, 0);
	assert_int_equal(tally.corrected.histogram.count, 0);
	load_times_add(&tally.corrected, 7);
	assert_int_equal(tally.corrected.min, 7);
	load_tally_done(&tally);
}

TEST(tallies_add_up)
{
	struct load_tally a, b;

	assert_int_equal(load_tally_init(&a), 0);
	assert_int_equal(load_tally_init(&b), 0);
	a.counts = (struct load_counts){ .sent = 5, .answered = 3, .lost = 1, .reset = 1 };
	b.counts = (struct load_counts){ .sent = 4,
		                         .answered = 2,
		                         .refused = 1,
		                         .corrupt = 1,
		                         .unsent = 6,
		                         .late = 1,
		                         .bytes_in = 9 };
	load_times_add(&b.uncorrected, 50);
	load_tally_merge(&a, &b);
	assert_int_equal(a.counts.sent, 9);
	assert_int_equal(load_counts_failed(&a.counts), 10);
	assert_int_equal(load_counts_settled(&a.counts), 15);
	assert_int_equal(a.counts.bytes_in, 9);
	assert_int_equal(a.uncorrected.min, 50);
	load_times_add(&a.uncorrected, 60);
	load_tally_clear(&b);
	load_tally_merge(&a, &b);
	assert_int_equal(a.uncorrected.min, 50);
	assert_int_equal(a.uncorrected.max, 60);
	load_tally_done(&a);
	load_tally_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_keep_their_exact_extremes_and_mean),
		cmocka_unit_test(tallies_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
