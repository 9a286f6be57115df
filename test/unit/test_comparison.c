/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "report/comparison.h"
#include "unit.h"

enum { P50, P90, P99, P99_9, AVG, LOSS };

/* Nothing differs, and everything has bounds; what a test wants otherwise it says. */
static struct comparison quiet(struct crop *a, struct crop *b)
{
	static char name_a[] = "a", name_b[] = "b";
	struct comparison comparison = { .a = a, .b = b };

	*a = (struct crop){ .target = name_a };
	*b = (struct crop){ .target = name_b };
	comparison.side_a.values = comparison.side_b.values = 1000;
	for (size_t j = 0; j < LIMIT_METRICS; j++)
		comparison.metrics[j] = (struct shift){ .a = 1e6,
			                                .b = 1e6,
			                                .known = true,
			                                .bounded = true,
			                                .low = -1e4,
			                                .high = 1e4 };
	comparison.metrics[LOSS] = (struct shift){ .a = 0.01,
		                                   .b = 0.01,
		                                   .known = true,
		                                   .bounded = true,
		                                   .low = -0.006,
		                                   .high = 0.006 };
	return comparison;
}

static void shift_by(struct shift *shift, double difference, double half)
{
	shift->b = shift->a + difference;
	shift->low = difference - half;
	shift->high = difference + half;
}

static void assert_says(const struct comparison *comparison, const char *sentence)
{
	assert_string_equal(comparison_sentence(comparison).text, sentence);
}

TEST(no_difference_says_how_small_a_one_would_have_shown)
{
	struct crop a, b;
	struct comparison comparison = quiet(&a, &b);

	assert_int_equal(comparison_verdict(&comparison), COMPARISON_SAME);
	assert_says(&comparison,
	            "no difference that these samples could show; a shift of p50 by "
	            "0.020 ms or of p99 by 0.020 ms or of loss by 1.20 points would "
	            "have shown.");
}

TEST(a_slower_run_is_told_by_what_is_surest)
{
	struct crop a, b;
	struct comparison comparison = quiet(&a, &b);

	shift_by(&comparison.metrics[P50], 1e5, 5e4);
	shift_by(&comparison.metrics[P99], 2e5, 3e4);
	shift_by(&comparison.metrics[AVG], 2e5, 1e4);
	assert_int_equal(comparison_verdict(&comparison), COMPARISON_SLOWER);
	assert_says(&comparison, "B is slower: p99 is 1.200 ms instead of 1.000 ms, +0.200 ms "
	                         "(+0.170 ms to +0.230 ms with 95 % confidence).");
}

TEST(the_mean_speaks_where_no_quantile_does)
{
	struct crop a, b;
	struct comparison comparison = quiet(&a, &b);

	shift_by(&comparison.metrics[AVG], -2e5, 1e4);
	assert_int_equal(comparison_verdict(&comparison), COMPARISON_FASTER);
	assert_int_equal(comparison_surest(&comparison, false), AVG);
	assert_int_equal(comparison_surest(&comparison, true), LIMIT_METRICS);
}

TEST(slower_and_faster_and_lossy_are_all_told)
{
	struct crop a, b;
	struct comparison comparison = quiet(&a, &b);

	shift_by(&comparison.metrics[P50], -1e5, 5e4);
	shift_by(&comparison.metrics[P99], 2e5, 3e4);
	shift_by(&comparison.metrics[LOSS], 0.05, 0.02);
	assert_int_equal(comparison_verdict(&comparison), COMPARISON_MIXED);
	assert_says(
		&comparison,
		"B is slower: p99 is 1.200 ms instead of 1.000 ms, +0.200 ms (+0.170 ms to "
		"+0.230 ms with 95 % confidence); B is faster: p50 is 0.900 ms instead of "
		"1.000 ms, -0.100 ms (-0.150 ms to -0.050 ms with 95 % confidence); B loses "
		"more: loss is 6.0% instead of 1.0%, +5.0 points (+3.0 points to +7.0 points "
		"with 95 % confidence).");
}

TEST(where_nothing_came_back_it_is_said)
{
	struct crop a, b;
	struct comparison comparison = quiet(&a, &b);

	for (size_t j = 0; j < SHIFTS; j++)
		comparison.metrics[j] = (struct shift){ 0 };
	comparison.side_b.values = 0;
	shift_by(&comparison.metrics[LOSS], 0.99, 0.1);
	assert_non_null(strstr(comparison_sentence(&comparison).text, "B loses more: "));
	assert_non_null(strstr(comparison_sentence(&comparison).text,
	                       "; B has no round trips to compare."));
}

/* --- limits --- */

static bool breaks(const struct comparison *comparison, const char *text, struct err *finding)
{
	struct limit limit;
	struct err err = { 0 };

	assert_int_equal(limit_parse(text, &limit, &err), 0);
	return comparison_breaks(comparison, &limit, finding);
}

TEST(a_limit_is_broken_by_what_is_beyond_and_no_accident)
{
	struct crop a, b;
	struct comparison comparison = quiet(&a, &b);
	struct err err = { 0 };

	shift_by(&comparison.metrics[P50], 1e5, 3e4);
	shift_by(&comparison.metrics[P90], 1e5, 2e5);  /* may be an accident */
	shift_by(&comparison.metrics[P99], -5e5, 1e4); /* better */
	assert_true(breaks(&comparison, "p50 +9%", &err));
	assert_string_equal(err.text,
	                    "'a' fails 'p50 +9%': B is slower: p50 is 1.100 ms instead "
	                    "of 1.000 ms, +0.100 ms (+0.070 ms to +0.130 ms with 95 % "
	                    "confidence)");
	assert_false(breaks(&comparison, "p50 +11%", &err));
	assert_true(breaks(&comparison, "p50 +0.09ms", &err));
	assert_false(breaks(&comparison, "p50+0.11ms", &err));
	assert_false(breaks(&comparison, "p90 +0%", &err));
	assert_false(breaks(&comparison, "p99 +0%", &err));
}

TEST(a_limit_of_losses_is_in_points)
{
	struct crop a, b;
	struct comparison comparison = quiet(&a, &b);
	struct err err = { 0 };

	shift_by(&comparison.metrics[LOSS], 0.02, 0.01);
	assert_true(breaks(&comparison, "loss +1.9%", &err));
	assert_false(breaks(&comparison, "loss +2.1%", &err));
}

TEST(what_cannot_be_told_is_not_kept)
{
	struct crop a, b;
	struct comparison comparison = quiet(&a, &b);
	struct err err = { 0 };

	comparison.metrics[P99_9].bounded = false;
	assert_true(breaks(&comparison, "p99.9 +50%", &err));
	assert_string_equal(err.text, "'a' fails 'p99.9 +50%': there are too few samples to "
	                              "compare p99.9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_difference_says_how_small_a_one_would_have_shown),
		cmocka_unit_test(a_slower_run_is_told_by_what_is_surest),
		cmocka_unit_test(the_mean_speaks_where_no_quantile_does),
		cmocka_unit_test(slower_and_faster_and_lossy_are_all_told),
		cmocka_unit_test(where_nothing_came_back_it_is_said),
		cmocka_unit_test(a_limit_is_broken_by_what_is_beyond_and_no_accident),
		cmocka_unit_test(a_limit_of_losses_is_in_points),
		cmocka_unit_test(what_cannot_be_told_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
