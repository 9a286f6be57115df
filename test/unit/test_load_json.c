/* SPDX-License-Identifier: MIT */
#include <jansson.h>

#include "loads.h"
#include "report/load_json.h"

struct run {
	struct unit_load load;
	struct output output;
	json_t *record; /* once read */
};

static void begin(struct run *run)
{
	*run = (struct run){ 0 };
	unit_load_init(&run->load);
	file_open(&run->output);
}

/* The only one. */
static json_t *read_record(struct run *run)
{
	char *text = file_read(&run->output);
	json_error_t error;

	run->record = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!run->record)
		fail_msg("%s in: %s", error.text, text);
	free(text);
	return run->record;
}

static void end(struct run *run)
{
	json_decref(run->record);
	file_close(&run->output);
	unit_load_done(&run->load);
}

/* The record is these fields, in any order, but for t. */
static void assert_record(struct run *run, const char *expected)
{
	json_t *record = read_record(run), *wanted = json_loads(expected, 0, NULL);

	assert_non_null(wanted);
	assert_true(json_is_integer(json_object_get(record, "t")));
	assert_int_equal(json_object_del(record, "t"), 0);
	if (!json_equal(record, wanted)) {
		char *text = json_dumps(record, JSON_COMPACT);

		fail_msg("not %s\nbut %s", expected, text);
	}
	json_decref(wanted);
	end(run);
}

TEST(the_start_has_all_parameters)
{
	struct run run;

	begin(&run);
	run.load.plan.pace = LOAD_POISSON;
	run.load.plan.seed = UINT64_MAX;
	load_json_start(&run.output, &run.load.result);
	assert_record(
		&run,
		"{\"v\":1,\"type\":\"load_start\",\"target\":\"udp-echo://192.0.2.7:8888\","
		"\"targets\":[{\"kind\":\"udp-echo\",\"addr\":\"192.0.2.7\",\"port\":8888}],"
		"\"sizes\":[56],\"connections\":4,\"depth\":16,\"reconnect\":false,"
		"\"pace\":\"poisson\",\"rate_from\":100.0,\"rate_to\":100.0,"
		"\"warmup_ns\":1000000000,\"duration_ns\":10000000000,"
		"\"timeout_ns\":1000000000,\"seed\":\"18446744073709551615\","
		"\"threads\":2,\"in_flight_most\":64,\"in_flight_bytes\":6144}");
}

TEST(what_has_no_value_is_absent_from_the_start)
{
	struct run run;

	begin(&run);
	run.load.plan.pace = LOAD_CLOSED;
	run.load.plan.duration = 0;
	run.load.result.hold.asked = 9;
	load_json_start(&run.output, &run.load.result);
	json_t *record = read_record(&run);

	assert_null(json_object_get(record, "rate_from"));
	assert_null(json_object_get(record, "duration_ns"));
	assert_int_equal(json_integer_value(json_object_get(record, "hold")), 9);
	assert_int_equal(json_integer_value(json_object_get(record, "t")),
	                 INT64_C(1700000000000000000));
	end(&run);
}

TEST(a_second_has_its_counts_and_quantiles)
{
	struct load_progress progress = { .span = NS_PER_SEC, .elapsed = 3 * NS_PER_SEC };
	struct load_tally tally;
	struct run run;

	begin(&run);
	assert_int_equal(load_tally_init(&tally), 0);
	load_times_add(&tally.uncorrected, 20);
	load_times_add(&tally.uncorrected, 40);
	tally.counts = (struct load_counts){ .sent = 4, .answered = 2, .lost = 1, .reset = 1 };
	progress.tally = &tally;
	load_json_progress(&run.output, &run.load.result, &progress);
	assert_record(&run,
	              "{\"v\":1,\"type\":\"load_progress\","
	              "\"target\":\"udp-echo://192.0.2.7:8888\",\"elapsed_ns\":3000000000,"
	              "\"span_ns\":1000000000,\"rate\":2.0,\"sent\":4,\"answered\":2,"
	              "\"failed\":2,\"lost\":1,\"refused\":0,\"reset\":1,\"corrupt\":0,"
	              "\"unsent\":0,\"late\":0,\"duplicates\":0,\"connects\":0,"
	              "\"connect_failures\":0,\"bytes_out\":0,\"bytes_in\":0,"
	              "\"loss_ratio\":0.5,\"uncorrected\":{\"count\":2,\"min_ns\":20,"
	              "\"max_ns\":40,\"mean_ns\":30,\"p50_ns\":20}}");
	load_tally_done(&tally);
}

TEST(a_summary_without_anything_has_no_latencies)
{
	struct run run;

	begin(&run);
	load_json_summary(&run.output, &run.load.result, NULL);
	assert_record(&run, "{\"v\":1,\"type\":\"load_summary\","
	                    "\"target\":\"udp-echo://192.0.2.7:8888\",\"pace\":\"constant\","
	                    "\"measured_ns\":10000000000,\"rate\":0.0,\"sent\":0,"
	                    "\"answered\":0,\"failed\":0,\"lost\":0,\"refused\":0,\"reset\":0,"
	                    "\"corrupt\":0,\"unsent\":0,\"late\":0,\"duplicates\":0,"
	                    "\"connects\":0,\"connect_failures\":0,\"bytes_out\":0,"
	                    "\"bytes_in\":0,\"fairness\":{\"jain\":0.99875,\"slowest\":240,"
	                    "\"fastest\":260},\"generator\":{\"cpu\":0.31,"
	                    "\"cpu_ns\":6000000000,\"bottleneck\":false}}");
}

static int64_t sum_of(const json_t *counts)
{
	int64_t sum = 0;

	for (size_t i = 0; i < json_array_size(counts); i++)
		sum += json_integer_value(json_array_get(counts, i));
	return sum;
}

TEST(a_summary_has_histograms_that_hold_everything)
{
	struct load_ping ping;
	struct run run;
	json_t *corrected, *part;
	int count;

	begin(&run);
	unit_load_fill(&run.load.result.tally);
	load_times_add(&run.load.result.tally.corrected, 0);
	assert_int_equal(load_ping_init(&ping, "icmp://192.0.2.7"), 0);
	load_times_add(&ping.loaded.rtt, 60 * NS_PER_MS);
	load_times_add(&ping.loaded.forward, 50 * NS_PER_MS);
	ping.loaded.sent = 2;
	ping.loaded.lost = 1;
	load_json_summary(&run.output, &run.load.result, &ping);
	json_t *record = read_record(&run);

	corrected = json_object_get(record, "corrected");
	part = json_object_get(corrected, "histogram");
	assert_int_equal(json_integer_value(json_object_get(corrected, "count")), 1001);
	assert_int_equal(json_integer_value(json_object_get(corrected, "max_ns")), NS_PER_SEC);
	assert_non_null(json_object_get(corrected, "p99_9_ns"));
	assert_null(json_object_get(corrected, "p99_99_ns"));
	assert_int_equal(sum_of(json_object_get(part, "counts")), 1000);
	assert_int_equal(json_integer_value(json_object_get(part, "zero")), 1);
	assert_int_equal(json_integer_value(json_object_get(part, "schema")), 7);
	assert_int_equal(json_integer_value(json_object_get(part, "offset")),
	                 histogram_bucket(7, NS_PER_MS));
	part = json_object_get(record, "ping_idle");
	assert_int_equal(json_object_size(part), 3); /* target, sent, lost */
	part = json_object_get(record, "ping_loaded");
	assert_int_equal(json_unpack(part, "{s:{s:i}, s:{s:i}}", "rtt", "count", &count,
	                             "forward_pdv", "count", &count),
	                 0);
	assert_true(json_real_value(json_object_get(part, "round_trips_per_minute")) == 1000);
	assert_true(json_real_value(json_object_get(part, "loss_ratio")) == 0.5);
	assert_null(json_object_get(part, "reverse_pdv"));
	load_ping_done(&ping);
	end(&run);
}

TEST(server_and_idle_connections_are_told_where_they_are_known)
{
	struct run run;
	double per_answer;
	int rss, opened;

	begin(&run);
	run.load.result.tally.counts.answered = 4;
	run.load.result.server =
		(struct load_server){ .known = true, .cpu_time = 10, .rss = 7 };
	run.load.result.hold = (struct load_hold){ .asked = 3, .opened = 2 };
	load_json_summary(&run.output, &run.load.result, NULL);
	json_t *record = read_record(&run);

	assert_int_equal(json_unpack(record, "{s:{s:f, s:i}, s:{s:i}}", "server",
	                             "cpu_ns_per_answer", &per_answer, "rss_bytes", &rss,
	                             "hold", "opened", &opened),
	                 0);
	assert_true(per_answer == 2.5);
	assert_int_equal(rss, 7);
	assert_int_equal(opened, 2);
	assert_null(json_object_get(json_object_get(record, "server"), "rss_before_bytes"));
	assert_null(json_object_get(json_object_get(record, "server"), "more_processes"));
	end(&run);
}

TEST(time_that_is_not_known_is_absent_and_too_many_processes_are_told)
{
	struct run run;

	begin(&run);
	run.load.result.tally.counts.answered = 4;
	run.load.result.server =
		(struct load_server){ .known = true, .more = true, .cpu_time = -1, .rss = 7 };
	load_json_summary(&run.output, &run.load.result, NULL);
	json_t *server = json_object_get(read_record(&run), "server");

	assert_int_equal(json_object_size(server), 2);
	assert_int_equal(json_integer_value(json_object_get(server, "rss_bytes")), 7);
	assert_true(json_is_true(json_object_get(server, "more_processes")));
	end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_start_has_all_parameters),
		cmocka_unit_test(what_has_no_value_is_absent_from_the_start),
		cmocka_unit_test(a_second_has_its_counts_and_quantiles),
		cmocka_unit_test(a_summary_without_anything_has_no_latencies),
		cmocka_unit_test(a_summary_has_histograms_that_hold_everything),
		cmocka_unit_test(server_and_idle_connections_are_told_where_they_are_known),
		cmocka_unit_test(
			time_that_is_not_known_is_absent_and_too_many_processes_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
