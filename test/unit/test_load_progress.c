/* SPDX-License-Identifier: MIT */
#include "core/clock.h"
#include "report/load_progress.h"
#include "reports.h"

static void assert_line(const struct load_progress *progress, const char *line)
{
	struct paper paper;

	paper_open(&paper);
	load_progress_print(paper.out, progress);
	assert_string_equal(paper_read(&paper), line);
	paper_close(&paper);
}

TEST(one_line_takes_the_place_of_the_one_before)
{
	struct load_tally tally;
	struct load_progress progress = { .tally = &tally,
		                          .span = NS_PER_SEC / 2,
		                          .elapsed = 12 * NS_PER_SEC + 7 };

	assert_int_equal(load_tally_init(&tally), 0);
	assert_line(&progress, "\r\033[K12s: 0/s, errors 0");
	load_times_add(&tally.uncorrected, 3 * NS_PER_MS);
	tally.counts = (struct load_counts){ .answered = 4999, .lost = 2, .unsent = 1 };
	assert_line(&progress, "\r\033[K12s: 9998/s, p50 3.000 p99 3.000 ms, errors 3");
	load_times_add(&tally.corrected, 5 * NS_PER_MS);
	assert_line(&progress, "\r\033[K12s: 9998/s, p50 5.000 p99 5.000 ms, errors 3");
	progress.span = 0;
	assert_true(load_progress_rate(&progress) == 0);
	load_tally_done(&tally);
}

TEST(and_leaves_nothing_behind)
{
	struct paper paper;

	paper_open(&paper);
	load_progress_erase(paper.out);
	assert_string_equal(paper_read(&paper), "\r\033[K");
	paper_close(&paper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_takes_the_place_of_the_one_before),
		cmocka_unit_test(and_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
