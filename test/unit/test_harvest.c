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

TEST(more_losses_than_can_be_counted_are_no_fewer_than_there_is_room_for)
{
	static const char most[] =
		"{\"v\":1,\"type\":\"summary\",\"target\":\"a\",\"received\":"
		"4611686018427387904,\"lost\":4611686018427387904,"
		"\"refused\":0,\"loss_runs\":1}";
	static const char *const lines[] = { most, most, most, most, most };
	struct harvest harvest = { 0 };

	take_all(&harvest, lines, COUNT(lines));
	const struct shift_losses *losses = &harvest.crops[0].losses;

	assert_true(losses->lost >= UINT64_C(1) << 62);
	assert_true(losses->lost <= losses->settled);
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

/* --- the seconds of a load --- */

#define EVENT(type, more) "{\"v\":1,\"type\":\"" type "\",\"target\":\"a\"" more "}"
#define START EVENT("load_start", "")
#define SECOND(mean, answered, failed)                                         \
	EVENT("load_progress", ",\"answered\":" answered ",\"failed\":" failed \
	                       ",\"corrected\":{\"count\":100,\"mean_ns\":" mean "}")
#define STEP(held) EVENT("load_step", ",\"held\":" held)
#define LOADED(answered, failed)                                                            \
	EVENT("load_summary",                                                               \
	      ",\"answered\":" answered ",\"failed\":" failed                               \
	      ",\"corrected\":{\"mean_ns\":1000000,\"histogram\":{\"schema\":0,\"zero\":0," \
	      "\"offset\":-9,\"counts\":[200,200]}}")

#define QUICK SECOND("1000000", "100", "0"), SECOND("1000000", "100", "0")
#define STEADY SECOND("1000000", "90", "10"), SECOND("1000000", "90", "10"), QUICK
#define UNSTEADY SECOND("1000000", "100", "0"), SECOND("9000000", "60", "40"), QUICK

static struct crop crop_of(const char *const *lines, size_t count)
{
	struct harvest harvest = { 0 };

	take_all(&harvest, lines, count);
	assert_int_equal(harvest.count, 1);
	struct crop crop = harvest.crops[0];

	harvest_done(&harvest);
	return crop; /* for its numbers */
}

TEST(the_first_second_of_a_load_gets_what_came_behind_the_last)
{
	static const char *const lines[] = { START, SECOND("1", "100", "0"),
		                             SECOND("1", "90", "10"), SECOND("1", "80", "20"),
		                             LOADED("370", "50") };
	struct shift_losses losses = crop_of(lines, COUNT(lines)).losses;
	struct stretches wanted = { 0 };

	stretches_add(&wanted, 100, 0.1);
	stretches_add(&wanted, 100, 0.2);
	stretches_add(&wanted, 220, 20.0 / 220);
	assert_int_equal(losses.loose_lost, 50);
	assert_int_equal(losses.loose_settled, 420);
	assert_int_equal(losses.lost, 50);
	assert_false(losses.untold);
	assert_memory_equal(&losses.seconds, &wanted, sizeof(wanted));
}

TEST(a_load_of_too_few_seconds_does_not_tell_how_it_lost)
{
	static const char *const quiet[] = { START, LOADED("400", "50") };
	static const char *const brief[] = { START, QUICK, LOADED("400", "50") };
	static const char *const plain[] = { START, EVENT("load_progress", ""),
		                             EVENT("load_progress", ""),
		                             EVENT("load_progress", ""), LOADED("400", "50") };
	static const char *const fewer[] = { START, UNSTEADY, LOADED("400", "5") };
	static const char *const whole[] = { START, LOADED("400", "0") };

	assert_true(crop_of(quiet, COUNT(quiet)).losses.untold);
	assert_true(crop_of(brief, COUNT(brief)).losses.untold);
	assert_true(crop_of(plain, COUNT(plain)).losses.untold);
	assert_true(crop_of(fewer, COUNT(fewer)).losses.untold);
	assert_false(crop_of(whole, COUNT(whole)).losses.untold);
}

static void assert_alike(const struct crop *a, const struct crop *b)
{
	assert_true(a->course.worth == b->course.worth);
	assert_true(a->losses.untold == b->losses.untold);
	assert_memory_equal(&a->losses.seconds, &b->losses.seconds, sizeof(a->losses.seconds));
}

TEST(the_seconds_of_a_load_that_was_broken_off_do_not_count)
{
	static const char *const alone[] = { START, STEADY, LOADED("400", "50") };
	static const char *const again[] = { START, UNSTEADY, START, STEADY,
		                             LOADED("400", "50") };
	struct crop a = crop_of(alone, COUNT(alone)), b = crop_of(again, COUNT(again));

	assert_alike(&a, &b);
}

/* The last that held, or the last; what was broken off was none. */
TEST(of_a_search_the_seconds_of_the_step_that_was_kept_count)
{
	static const char *const alone[] = { START, STEADY, LOADED("400", "50") };
	static const char *const held[] = { START,         UNSTEADY,     STEP("true"),
		                            STEADY,        STEP("true"), UNSTEADY,
		                            STEP("false"), UNSTEADY,     LOADED("400", "50") };
	static const char *const none[] = { START,  UNSTEADY,      STEP("false"),
		                            STEADY, STEP("false"), LOADED("400", "50") };
	static const char *const quiet[] = { START, STEP("true"), LOADED("400", "50") };
	struct crop wanted = crop_of(alone, COUNT(alone));
	struct crop first = crop_of(held, COUNT(held)), last = crop_of(none, COUNT(none));

	assert_alike(&wanted, &first);
	assert_alike(&wanted, &last);
	assert_true(crop_of(quiet, COUNT(quiet)).losses.untold);
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
		cmocka_unit_test(
			more_losses_than_can_be_counted_are_no_fewer_than_there_is_room_for),
		cmocka_unit_test(of_a_load_the_corrected_times_count_where_there_are_some),
		cmocka_unit_test(the_first_second_of_a_load_gets_what_came_behind_the_last),
		cmocka_unit_test(a_load_of_too_few_seconds_does_not_tell_how_it_lost),
		cmocka_unit_test(the_seconds_of_a_load_that_was_broken_off_do_not_count),
		cmocka_unit_test(of_a_search_the_seconds_of_the_step_that_was_kept_count),
		cmocka_unit_test(broken_lines_say_what_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
