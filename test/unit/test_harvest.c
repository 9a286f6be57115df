/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "report/harvest.h"
#include "unit.h"

static int take(struct harvest *harvest, const char *line, struct err *err)
{
	struct results_record record;
	bool json_is_broken;
	int result = results_read(line, strlen(line), &record, &json_is_broken, err);

	if (result == 0) {
		result = harvest_take(harvest, &record, err);
		results_done(&record);
	}
	return result;
}

static void take_all(struct harvest *harvest, const char *const *lines, size_t count)
{
	struct err err = { 0 };

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(take(harvest, lines[i], &err), 0);
		assert_string_equal(err.text, "");
	}
	harvest_end(harvest);
}

#define REPLY(target, rtt) \
	"{\"v\":1,\"type\":\"reply\",\"target\":\"" target "\",\"seq\":1,\"rtt_ns\":" rtt "}"
#define LOSS(type, seq) "{\"v\":1,\"type\":\"" type "\",\"target\":\"a\",\"seq\":" seq "}"
#define SUMMARY                                                                         \
	"{\"v\":1,\"type\":\"summary\",\"target\":\"a\",\"received\":6,\"lost\":2,"     \
	"\"refused\":1,\"loss_runs\":2,\"avg_ns\":1000000,\"histogram\":{\"schema\":0," \
	"\"zero\":0,\"offset\":-9,\"counts\":[2,4]}}"

TEST(replies_are_kept_in_order_for_each_target)
{
	static const char *const lines[] = {
		REPLY("a", "7"), REPLY("b", "1"),
		REPLY("a", "5"), REPLY("b", "2"),
		REPLY("a", "6"), "{\"v\":1,\"type\":\"weather\",\"sky\":\"blue\"}",
	};
	struct harvest harvest = { 0 };

	take_all(&harvest, lines, COUNT(lines));
	assert_int_equal(harvest.count, 2);
	const struct crop *a = harvest_find(&harvest, "a");

	assert_ptr_equal(a, &harvest.crops[0]);
	assert_null(harvest_find(&harvest, "c"));
	assert_int_equal(a->course.count, 3);
	assert_int_equal(a->course.values[0], 7);
	assert_int_equal(a->course.values[2], 6);
	assert_int_equal(a->losses.settled, 3);
	harvest_done(&harvest);
}

TEST(without_a_summary_losses_are_counted_by_their_records)
{
	static const char *const lines[] = {
		REPLY("a", "7"),      LOSS("loss", "2"), LOSS("loss", "3"),
		LOSS("refused", "4"), LOSS("loss", "9"), "{\"type\":\"reply\",\"target\":\"a\"}"
	};
	struct harvest harvest = { 0 };

	take_all(&harvest, lines, COUNT(lines));
	assert_int_equal(harvest.crops[0].losses.lost, 4);
	assert_int_equal(harvest.crops[0].losses.settled, 6);
	assert_int_equal(harvest.crops[0].losses.runs, 2);
	assert_int_equal(harvest.crops[0].course.count, 1); /* one was not measured */
	harvest_done(&harvest);
}

TEST(a_summary_behind_its_replies_adds_no_round_trip_and_knows_the_losses)
{
	static const char *const lines[] = { REPLY("a", "7"), LOSS("loss", "2"), SUMMARY };
	struct harvest harvest = { 0 };

	take_all(&harvest, lines, COUNT(lines));
	assert_int_equal(course_total(&harvest.crops[0].course), 1);
	assert_int_equal(harvest.crops[0].losses.lost, 3);
	assert_int_equal(harvest.crops[0].losses.settled, 9);
	assert_int_equal(harvest.crops[0].losses.runs, 2);
	harvest_done(&harvest);
}

TEST(a_summary_alone_gives_its_histogram_and_runs_add_up)
{
	static const char *const lines[] = { SUMMARY, SUMMARY };
	struct harvest harvest = { 0 };

	take_all(&harvest, lines, COUNT(lines));
	assert_int_equal(course_total(&harvest.crops[0].course), 12);
	assert_int_equal(harvest.crops[0].course.count, 0);
	assert_int_equal(harvest.crops[0].losses.settled, 18);
	harvest_done(&harvest);
}

#define TIMES(name, mean)                                                            \
	"\"" name "\":{\"mean_ns\":" mean ",\"histogram\":{\"schema\":0,\"zero\":0," \
	"\"offset\":-9,\"counts\":[3]}}"
#define LOAD(times)                                                                              \
	"{\"v\":1,\"type\":\"load_summary\",\"target\":\"a\",\"answered\":3,\"failed\":1," times \
	"}"

TEST(of_a_load_the_corrected_times_count_where_there_are_some)
{
	static const char *const open[] = { LOAD(
		TIMES("uncorrected", "1") "," TIMES("corrected", "2")) };
	static const char *const closed[] = { LOAD(TIMES("uncorrected", "1")) };
	struct harvest harvests[2] = { 0 };

	take_all(&harvests[0], open, 1);
	take_all(&harvests[1], closed, 1);
	assert_true(harvests[0].crops[0].course.histogram_sum == 6);
	assert_false(harvests[0].crops[0].uncorrected);
	assert_true(harvests[1].crops[0].course.histogram_sum == 3);
	assert_true(harvests[1].crops[0].uncorrected);
	assert_int_equal(harvests[0].crops[0].losses.lost, 1);
	assert_int_equal(harvests[0].crops[0].losses.settled, 4);
	harvest_done(&harvests[0]);
	harvest_done(&harvests[1]);
}

TEST(broken_lines_say_what_is_broken)
{
	static const struct {
		const char *line, *sentence;
	} wrong[] = {
		{ "{\"v\":1", "this is no JSON: '{\"v\":1'" },
		{ "[1]", "this is no record: '[1]'" },
		{ "{}", "this is no record, for it has no 'type'" },
		{ "{\"type\":\"reply\"}", "'target' is missing" },
		{ "{\"v\":2,\"type\":\"reply\",\"target\":\"a\"}",
		  "'v' is not 1, the only version that is known here" },
		{ REPLY("a", "-1"), "'rtt_ns' is no number that could stand there" },
		{ REPLY("a", "1.5"), "'rtt_ns' is no number that could stand there" },
		{ "{\"type\":\"loss\",\"target\":\"a\"}", "'seq' is missing" },
		{ "{\"type\":\"summary\",\"target\":\"a\"}", "'received' is missing" },
		{ LOAD("\"corrected\":{\"histogram\":{\"counts\":7}}"), "'counts' is no list" },
		{ LOAD("\"corrected\":{\"histogram\":{\"counts\":[-7]}}"),
		  "'counts' holds what is no count" },
		{ LOAD("\"corrected\":{\"histogram\":{\"counts\":[7]}}"),
		  "'histogram' lacks its schema or its offset" },
		{ LOAD("\"corrected\":{\"mean_ns\":1,\"histogram\":{\"counts\":[7],\"schema\":0,"
		       "\"offset\":9999,\"zero\":0}}"),
		  "'histogram' cannot be: it has buckets that do not exist, or holds too many" },
		{ LOAD("\"corrected\":{\"histogram\":{\"counts\":[7],\"schema\":0,\"offset\":0,"
		       "\"zero\":0}}"),
		  "'mean_ns' is missing" },
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct harvest harvest = { 0 };
		struct err err = { 0 };

		assert_int_equal(take(&harvest, wrong[i].line, &err), -EBADMSG);
		assert_string_equal(err.text, wrong[i].sentence);
		harvest_done(&harvest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_kept_in_order_for_each_target),
		cmocka_unit_test(without_a_summary_losses_are_counted_by_their_records),
		cmocka_unit_test(
			a_summary_behind_its_replies_adds_no_round_trip_and_knows_the_losses),
		cmocka_unit_test(a_summary_alone_gives_its_histogram_and_runs_add_up),
		cmocka_unit_test(of_a_load_the_corrected_times_count_where_there_are_some),
		cmocka_unit_test(broken_lines_say_what_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
