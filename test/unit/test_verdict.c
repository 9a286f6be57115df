/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/verdict.h"
#include "unit.h"

/* A target that ended with these round trips, in ms. */
static void answered(struct target *target, const int64_t *rtts, size_t count)
{
	*target = (struct target){ .name = "icmp://192.0.2.1" };
	assert_int_equal(stats_init(&target->stats, count ? count : 1, STATS_AMPLE), 0);
	for (size_t i = 0; i < count; i++)
		stats_add(&target->stats, i + 1, rtts[i] * NS_PER_MS);
	target->tally.transmitted = target->tally.received = count;
}

static bool violates(struct target *target, const char *text, struct err *finding)
{
	struct verdict verdict;
	struct err err = { 0 };
	int result = verdict_parse(text, VERDICT_PING, &verdict, &err);
	struct facts facts = facts_of_target(target);

	assert_string_equal(err.text, "");
	assert_int_equal(result, 0);
	return verdict_violated(&verdict, &facts, finding);
}

static void assert_violated(struct target *target, const char *text, const char *finding)
{
	struct err err = { 0 };

	assert_true(violates(target, text, &err));
	assert_string_equal(err.text, finding);
}

static void assert_kept(struct target *target, const char *text)
{
	struct err err = { 0 };

	assert_false(violates(target, text, &err));
	assert_string_equal(err.text, "");
}

static void assert_refused(const char *text, const char *sentence)
{
	struct verdict verdict = { .text = "untouched" };
	struct err err = { 0 };

	assert_int_equal(verdict_parse(text, VERDICT_PING, &verdict, &err), -EINVAL);
	assert_string_equal(err.text, sentence);
	assert_string_equal(verdict.text, "untouched");
}

TEST(durations_are_held_against_what_was_measured)
{
	static const int64_t rtts[] = { 4, 1, 3, 2 };
	struct target target;

	answered(&target, rtts, COUNT(rtts));
	assert_violated(&target, "max>3ms", "'icmp://192.0.2.1' fails 'max>3ms': max is 4 ms");
	assert_kept(&target, "max>4ms");
	assert_violated(&target, "max>=4ms",
	                "'icmp://192.0.2.1' fails 'max>=4ms': max is 4 ms");
	assert_violated(&target, "min<0.002",
	                "'icmp://192.0.2.1' fails 'min<0.002': min is 1 ms");
	assert_kept(&target, "min<1ms");
	assert_violated(&target, "min<=1ms",
	                "'icmp://192.0.2.1' fails 'min<=1ms': min is 1 ms");
	assert_violated(&target, "avg>2ms",
	                "'icmp://192.0.2.1' fails 'avg>2ms': avg is 2.5 ms");
	assert_kept(&target, "avg>2500us");
	assert_kept(&target, "p50>2ms");
	assert_violated(&target, "p50>1999us",
	                "'icmp://192.0.2.1' fails 'p50>1999us': p50 is 2 ms");
	assert_kept(&target, "jitter>1s");
	stats_done(&target.stats);
}

TEST(a_quantile_of_too_few_answers_is_the_nearest_rank_and_says_so)
{
	static const int64_t rtts[] = { 4, 1, 3, 2 };
	struct target target;

	answered(&target, rtts, COUNT(rtts));
	assert_violated(&target, "p99>3ms",
	                "'icmp://192.0.2.1' fails 'p99>3ms': p99 is 4 ms "
	                "(by nearest rank: 4 answers are too few for it)");
	assert_kept(&target, "p99.99>4ms");
	stats_done(&target.stats);
}

TEST(blanks_may_stand_between_the_words)
{
	static const int64_t rtts[] = { 4 };
	struct target target;

	answered(&target, rtts, COUNT(rtts));
	assert_violated(&target, " max  >=\t4ms ",
	                "'icmp://192.0.2.1' fails ' max  >=\\x094ms ': max is 4 ms");
	assert_violated(&target, "max > 3ms",
	                "'icmp://192.0.2.1' fails 'max > 3ms': max is 4 ms");
	stats_done(&target.stats);
}

TEST(loss_is_of_those_whose_fate_is_known)
{
	struct target target = { .name = "x" };

	target.tally =
		(struct tally){ .transmitted = 110, .received = 98, .lost = 1, .refused = 1 };
	assert_violated(&target, "loss>1%", "'x' fails 'loss>1%': loss is 2% (2 of 100)");
	assert_violated(&target, "loss>0", "'x' fails 'loss>0': loss is 2% (2 of 100)");
	assert_violated(&target, "loss>1.999999%",
	                "'x' fails 'loss>1.999999%': loss is 2% (2 of 100)");
	assert_kept(&target, "loss>2%");
	assert_violated(&target, "loss>=2%", "'x' fails 'loss>=2%': loss is 2% (2 of 100)");
	target.tally = (struct tally){ .transmitted = 3, .received = 2, .lost = 1 };
	assert_violated(&target, "loss>33.333333%",
	                "'x' fails 'loss>33.333333%': loss is 33.3% (1 of 3)");
	assert_kept(&target, "loss>33.333334%");
}

TEST(counts_and_their_share_of_the_answers)
{
	struct target target = { .name = "x" };

	target.tally = (struct tally){
		.transmitted = 200, .received = 200, .reordered = 3, .duplicates = 1
	};
	assert_violated(&target, "reordered>2", "'x' fails 'reordered>2': reordered is 3");
	assert_kept(&target, "reordered>3");
	assert_violated(&target, "reordered>1%",
	                "'x' fails 'reordered>1%': reordered is 1.5% (3 of 200)");
	assert_violated(&target, "duplicates>0", "'x' fails 'duplicates>0': duplicates is 1");
	assert_kept(&target, "duplicates>0.5%");
}

TEST(what_cannot_be_measured_is_not_kept)
{
	static const int64_t one[] = { 1 };
	struct target target;

	answered(&target, NULL, 0);
	assert_violated(
		&target, "p99>5ms",
		"'icmp://192.0.2.1' fails 'p99>5ms': p99 cannot be told from no answers");
	assert_violated(
		&target, "max<1s",
		"'icmp://192.0.2.1' fails 'max<1s': max cannot be told from no answers");
	assert_violated(
		&target, "loss>50%",
		"'icmp://192.0.2.1' fails 'loss>50%': loss cannot be told from nothing");
	assert_kept(&target, "duplicates>0");
	assert_violated(&target, "duplicates>1%",
	                "'icmp://192.0.2.1' fails 'duplicates>1%': "
	                "duplicates cannot be told from nothing");
	stats_done(&target.stats);
	answered(&target, one, COUNT(one));
	assert_violated(
		&target, "jitter>1s",
		"'icmp://192.0.2.1' fails 'jitter>1s': jitter cannot be told from one answer");
	stats_done(&target.stats);
}

TEST(what_is_no_expression_is_refused_in_one_sentence)
{
	assert_refused("los>1%", "unknown metric 'los' (did you mean 'loss'?)");
	assert_refused("p98>1ms", "unknown metric 'p98' (did you mean 'p90'?)");
	assert_refused("temperature>1",
	               "unknown metric 'temperature' (loss, p50 to p99.99, avg, max, min, "
	               "jitter, reordered or duplicates)");
	assert_refused("", "unknown metric '' (loss, p50 to p99.99, avg, max, min, jitter, "
	                   "reordered or duplicates)");
	assert_refused("loss", "'loss' compares with nothing (as 'loss>1%' or 'p99>5ms' do)");
	assert_refused("loss=1%",
	               "'loss=1%' compares with nothing (as 'loss>1%' or 'p99>5ms' do)");
	assert_refused("loss>",
	               "'' is not a share such as 1% or 0.5%, which 'loss' is compared with");
	assert_refused("loss>1",
	               "'1' is not a share such as 1% or 0.5%, which 'loss' is compared with");
	assert_refused(
		"loss>101%",
		"'101%' is not a share such as 1% or 0.5%, which 'loss' is compared with");
	assert_refused(
		"loss>>1%",
		"'>1%' is not a share such as 1% or 0.5%, which 'loss' is compared with");
	assert_refused("p99>5%",
	               "'5%' is not a duration such as 5ms, which 'p99' is compared with");
	assert_refused("p99>-5ms",
	               "'-5ms' is not a duration such as 5ms, which 'p99' is compared with");
	assert_refused("duplicates>1.5",
	               "'1.5' is not a number such as 0 or a share such as 1%, "
	               "which 'duplicates' is compared with");
	assert_refused("max>0.0000000000000000000000000000000000000001",
	               "'0.0000000000000000000000000000000000000001' is not a duration such as "
	               "5ms, which 'max' is compared with");
	assert_refused("\033[31m>1",
	               "unknown metric '\\x1b[31m' (loss, p50 to p99.99, avg, max, "
	               "min, jitter, reordered or duplicates)");
}

/* --- of a load --- */

/* 200 answers of 1 to 200 ms by their intended instants, all of 1 ms by their sending. */
static void loaded(struct load_result *result)
{
	*result = (struct load_result){ .target = "tcp://192.0.2.1", .measured = NS_PER_SEC };
	assert_int_equal(load_tally_init(&result->tally), 0);
	for (int64_t i = 1; i <= 200; i++) {
		load_times_add(&result->tally.corrected, i * NS_PER_MS);
		load_times_add(&result->tally.uncorrected, NS_PER_MS);
		load_times_add(&result->tally.lag, i * NS_PER_US);
	}
	result->tally.counts = (struct load_counts){ .sent = 206,
		                                     .answered = 200,
		                                     .lost = 1,
		                                     .refused = 2,
		                                     .reset = 1,
		                                     .corrupt = 1,
		                                     .unsent = 3 };
}

static struct verdict of_load(const char *text)
{
	struct verdict verdict = { 0 };
	struct err err = { 0 };
	int result = verdict_parse(text, VERDICT_LOAD, &verdict, &err);

	assert_string_equal(err.text, "");
	assert_int_equal(result, 0);
	return verdict;
}

/* finding NULL: it is not violated. */
static void assert_load(const struct load_result *result, const char *text, const char *finding)
{
	struct verdict verdict = of_load(text);
	struct facts facts = facts_of_load(result);
	struct err err = { 0 };

	assert_int_equal(verdict_violated(&verdict, &facts, &err), finding != NULL);
	assert_string_equal(err.text, finding ? finding : "");
}

static void assert_wish(const struct load_result *result, const char *text, bool holds,
                        const char *finding)
{
	struct verdict verdict = of_load(text);
	struct facts facts = facts_of_load(result);
	struct err err = { 0 };

	assert_int_equal(verdict_holds(&verdict, &facts, &err), holds);
	assert_string_equal(err.text, finding);
}

static double of_requests(const struct load_result *result, enum metric metric)
{
	struct facts facts = facts_of_requests(result);

	assert_null(facts.of[metric].untold);
	return facts.of[metric].value / (double)NS_PER_MS;
}

TEST(a_request_that_failed_took_longer_than_any)
{
	struct load_result result;

	/* 200 answers after 1 to 200 ms, and 8 that failed. */
	loaded(&result);
	assert_true(fabs(of_requests(&result, METRIC_P50) - 104) < 1.5);
	assert_true(fabs(of_requests(&result, METRIC_P95) - 198) < 2.5);
	assert_true(of_requests(&result, METRIC_P99) == 200);
	assert_true(of_requests(&result, METRIC_MAX) == 200);
	load_tally_done(&result.tally);
}

TEST(a_promise_says_how_many_may_fail)
{
	static const struct {
		const char *wish;
		double most;
	} cases[] = { { "p50<1ms", 0.05 }, { "p99<1ms", 0.01 },     { "p99.9<1ms", 0.001 },
		      { "max<1ms", 0 },    { "avg<1ms", 0.05 },     { "loss<50%", 1 },
		      { "errors<9", 1 },   { "p99.99<1ms", 0.0001 } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct verdict verdict = of_load(cases[i].wish);

		assert_true(fabs(verdict_failed_most(&verdict) - cases[i].most) < 1e-9);
	}
}

TEST(a_load_is_held_against_the_same_expressions)
{
	struct load_result result;

	loaded(&result);
	assert_load(&result, "max>100ms", "'tcp://192.0.2.1' fails 'max>100ms': max is 200 ms");
	assert_load(&result, "min>=1ms", "'tcp://192.0.2.1' fails 'min>=1ms': min is 1 ms");
	assert_load(&result, "avg>100ms",
	            "'tcp://192.0.2.1' fails 'avg>100ms': avg is 100.5 ms");
	assert_load(&result, "p50>102ms", NULL);
	assert_load(&result, "p99.9>199ms",
	            "'tcp://192.0.2.1' fails 'p99.9>199ms': p99.9 is 200 ms "
	            "(by nearest rank: 200 answers are too few for it)");
	assert_load(&result, "loss>3%",
	            "'tcp://192.0.2.1' fails 'loss>3%': loss is 3.85% (8 of 208)");
	assert_load(&result, "loss>4%", NULL);
	assert_load(&result, "errors>7", "'tcp://192.0.2.1' fails 'errors>7': errors is 8");
	assert_load(&result, "errors>8", NULL);
	assert_load(&result, "rate<200", NULL);
	assert_load(&result, "rate<200.5",
	            "'tcp://192.0.2.1' fails 'rate<200.5': rate is 200/s");
	assert_load(&result, "lag>1ms", NULL);
	load_times_add(&result.tally.lag, NS_PER_SEC);
	assert_load(&result, "lag>1ms", NULL); /* one in 201 */
	load_tally_done(&result.tally);
}

TEST(in_a_closed_loop_uncorrected_durations_are_all_there_is)
{
	struct load_result result;

	loaded(&result);
	load_tally_clear(&result.tally);
	load_times_add(&result.tally.uncorrected, 7 * NS_PER_MS);
	assert_load(&result, "max>6ms", "'tcp://192.0.2.1' fails 'max>6ms': max is 7 ms");
	assert_load(&result, "lag>1s",
	            "'tcp://192.0.2.1' fails 'lag>1s': "
	            "lag cannot be told where nothing was due at an instant");
	load_tally_done(&result.tally);
}

TEST(a_wish_holds_where_the_relation_is_known_to)
{
	struct load_result result;

	loaded(&result);
	assert_wish(&result, "max<201ms", true, "max is 200 ms");
	assert_wish(&result, "max<200ms", false, "max is 200 ms");
	assert_wish(&result, "loss<=4%", true, "loss is 3.85% (8 of 208)");
	load_tally_clear(&result.tally);
	assert_wish(&result, "p99<1s", false, "p99 cannot be told from no answers");
	assert_wish(&result, "loss<1%", false, "loss cannot be told from nothing");
	result.measured = 0;
	assert_wish(&result, "rate>0", false, "rate cannot be told from no time");
	load_tally_done(&result.tally);
}

static void assert_load_refused(const char *text, const char *sentence)
{
	struct verdict verdict;
	struct err err = { 0 };

	assert_int_equal(verdict_parse(text, VERDICT_LOAD, &verdict, &err), -EINVAL);
	assert_string_equal(err.text, sentence);
}

TEST(each_command_has_metrics_of_its_own)
{
	assert_load_refused("jitter>1ms",
	                    "unknown metric 'jitter' (loss, p50 to p99.99, avg, max, min, "
	                    "rate, errors or lag)");
	assert_load_refused("rat>1", "unknown metric 'rat' (did you mean 'rate'?)");
	assert_load_refused(
		"rate<fast",
		"'fast' is not a number such as 10000, which 'rate' is compared with");
	assert_refused("lag>1ms", "unknown metric 'lag' (did you mean 'avg'?)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_held_against_what_was_measured),
		cmocka_unit_test(a_quantile_of_too_few_answers_is_the_nearest_rank_and_says_so),
		cmocka_unit_test(blanks_may_stand_between_the_words),
		cmocka_unit_test(loss_is_of_those_whose_fate_is_known),
		cmocka_unit_test(counts_and_their_share_of_the_answers),
		cmocka_unit_test(what_cannot_be_measured_is_not_kept),
		cmocka_unit_test(what_is_no_expression_is_refused_in_one_sentence),
		cmocka_unit_test(a_request_that_failed_took_longer_than_any),
		cmocka_unit_test(a_promise_says_how_many_may_fail),
		cmocka_unit_test(a_load_is_held_against_the_same_expressions),
		cmocka_unit_test(in_a_closed_loop_uncorrected_durations_are_all_there_is),
		cmocka_unit_test(a_wish_holds_where_the_relation_is_known_to),
		cmocka_unit_test(each_command_has_metrics_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
