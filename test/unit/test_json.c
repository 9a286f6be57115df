/* SPDX-License-Identifier: MIT */
#include <jansson.h>

#include "report/json.h"
#include "reports.h"
#include "unit.h"

struct run {
	struct asked asked;
	struct output output;
	struct json json;
	json_t *records; /* an array, once read */
};

static void begin(struct run *run, const char *name, const char *label)
{
	*run = (struct run){ 0 };
	asked_init(&run->asked, name, label);
	file_open(&run->output);
	run->json = (struct json){ .output = &run->output, .probe = &unit_options };
}

/* Each line is one whole record. */
static json_t *read_records(struct run *run)
{
	char *text = file_read(&run->output);

	run->records = json_array();
	for (char *line = text; *line;) {
		char *end = strchr(line, '\n');
		json_error_t error;

		assert_non_null(end);
		json_t *record =
			json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, &error);

		if (!record)
			fail_msg("%s in: %s", error.text, line);
		assert_int_equal(json_integer_value(json_object_get(record, "v")), 1);
		assert_true(json_is_string(json_object_get(record, "type")));
		assert_true(json_is_integer(json_object_get(record, "t")));
		assert_int_equal(json_array_append_new(run->records, record), 0);
		line = end + 1;
	}
	free(text);
	return run->records;
}

static void end(struct run *run)
{
	json_decref(run->records);
	file_close(&run->output);
	asked_done(&run->asked);
}

static void assert_integer(const json_t *record, const char *key, int64_t value)
{
	const json_t *found = json_object_get(record, key);

	if (!found)
		fail_msg("no '%s'", key);
	assert_true(json_is_integer(found));
	assert_int_equal(json_integer_value(found), value);
}

static void assert_word(const json_t *record, const char *key, const char *value)
{
	const json_t *found = json_object_get(record, key);

	if (!found)
		fail_msg("no '%s'", key);
	assert_string_equal(json_string_value(found), value);
}

static void assert_absent(const json_t *record, const char *key)
{
	if (json_object_get(record, key))
		fail_msg("there is a '%s'", key);
}

/* The only record of one sample. */
static const json_t *record_of(struct run *run, const struct sample *sample)
{
	tell(&json_sink, &run->json, &run->asked, sample);
	assert_int_equal(json_array_size(read_records(run)), 1);
	return json_array_get(run->records, 0);
}

TEST(a_reply_has_its_round_trip_and_each_part_of_it)
{
	struct run run;

	begin(&run, "udp-echo://192.0.2.7:8888", "gateway");
	struct sample sample = unit_sample(&run.asked, 3, FATE_ANSWERED, 250000);

	sample.tos = 0xb8;
	const json_t *reply = record_of(&run, &sample);

	assert_word(reply, "type", "reply");
	assert_word(reply, "target", "udp-echo://192.0.2.7:8888");
	assert_word(reply, "label", "gateway");
	assert_word(reply, "addr", "192.0.2.7");
	assert_integer(reply, "t", INT64_C(1700000003000000000));
	assert_integer(reply, "seq", 3);
	assert_integer(reply, "bytes", 56);
	assert_integer(reply, "ttl", 64);
	assert_integer(reply, "tos", 0xb8);
	assert_integer(reply, "rtt_ns", 250000);
	assert_integer(reply, "lag_ns", 5000);
	assert_integer(reply, "delay_ns", 1000);
	assert_integer(reply, "host_out_ns", 3000);
	assert_integer(reply, "host_in_ns", 3000);
	assert_integer(reply, "network_ns", 250000);
	assert_word(reply, "tx_stamp", "kernel");
	assert_word(reply, "rx_stamp", "kernel");
	assert_absent(reply, "retransmissions");
	assert_absent(reply, "reason");
	end(&run);
}

TEST(what_is_not_known_is_absent)
{
	struct run run;

	begin(&run, "udp-echo://192.0.2.7:8888", NULL);
	struct sample sample = unit_sample(&run.asked, 1, FATE_ANSWERED, 250000);

	sample.left.ns = sample.arrived.ns = 0;
	sample.tx = sample.rx = TAKEN_USER;
	sample.ttl = -1;
	const json_t *reply = record_of(&run, &sample);

	assert_integer(reply, "rtt_ns", 256000);
	assert_word(reply, "tx_stamp", "user");
	assert_absent(reply, "label");
	assert_absent(reply, "ttl");
	assert_absent(reply, "tos");
	assert_absent(reply, "host_out_ns");
	assert_absent(reply, "host_in_ns");
	assert_absent(reply, "network_ns");
	end(&run);
}

TEST(each_fate_has_its_type_and_its_reason)
{
	static const struct {
		enum fate fate;
		int error, retransmissions;
		const char *type, *reason;
	} cases[] = {
		{ FATE_LOST, 0, 0, "loss", "timeout" },
		{ FATE_LOST, 0, 1, "loss", "syn_retransmitted" },
		{ FATE_LOST, -EPIPE, 0, "loss", "connection_closed" },
		{ FATE_REFUSED, -ECONNREFUSED, 0, "refused", "port_unreachable" },
		{ FATE_REFUSED, -ETIME, 0, "refused", "time_exceeded" },
		{ FATE_REFUSED, -EXDEV, 0, "refused", "other" },
		{ FATE_UNSENT, -ETIME, 0, "unsent", "interval_late" },
		{ FATE_UNSENT, -ENETUNREACH, 0, "unsent", "network_unreachable" },
	};
	struct run run;

	begin(&run, "udp-echo://192.0.2.7:8888", NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sample sample = unit_sample(&run.asked, i + 1, cases[i].fate, 1000);

		sample.error = cases[i].error;
		sample.retransmissions = cases[i].retransmissions;
		tell(&json_sink, &run.json, &run.asked, &sample);
	}
	assert_int_equal(json_array_size(read_records(&run)), COUNT(cases));
	for (size_t i = 0; i < COUNT(cases); i++) {
		const json_t *record = json_array_get(run.records, i);

		assert_word(record, "type", cases[i].type);
		assert_word(record, "reason", cases[i].reason);
		assert_integer(record, "seq", (int64_t)i + 1);
		assert_true(json_is_string(json_object_get(record, "detail")));
		if (cases[i].fate != FATE_REFUSED)
			assert_absent(record, "rtt_ns");
	}
	end(&run);
}

TEST(names_from_outside_never_break_a_record)
{
	const char override[] = { (char)0xe2, (char)0x80, (char)0xae, 'x', '\0' };
	const char *const hostile[] = {
		"\"},{\"v\":2", "line\nbreak\x1b[2J\x07", override, "\\u0000\\", "",
	};

	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct run run;

		begin(&run, hostile[i], hostile[i]);
		struct sample sample = unit_sample(&run.asked, 1, FATE_ANSWERED, 1000);
		const json_t *reply = record_of(&run, &sample);

		assert_word(reply, "target", hostile[i]);
		assert_word(reply, "label", hostile[i]);
		end(&run);
	}
}

TEST(text_that_is_no_utf8_is_replaced_byte_by_byte)
{
	struct run run;

	begin(&run, "name", "Z\xfcrich");
	struct sample sample = unit_sample(&run.asked, 1, FATE_ANSWERED, 1000);

	assert_word(record_of(&run, &sample), "label", "Z\xef\xbf\xbdrich");
	end(&run);
}

TEST(a_summary_without_answers_has_no_times)
{
	struct run run;

	begin(&run, "udp-echo://192.0.2.7:8888", NULL);
	struct sample sample = unit_sample(&run.asked, 1, FATE_LOST, 0);

	json_sink.start(&run.json, run.asked.target);
	tell(&json_sink, &run.json, &run.asked, &sample);
	json_sink.summary(&run.json, run.asked.target);
	assert_int_equal(json_array_size(read_records(&run)), 3);
	const json_t *summary = json_array_get(run.records, 2);

	assert_word(summary, "type", "summary");
	assert_integer(summary, "transmitted", 1);
	assert_integer(summary, "lost", 1);
	assert_true(json_real_value(json_object_get(summary, "loss_ratio")) == 1);
	assert_absent(summary, "min_ns");
	assert_absent(summary, "jitter_ns");
	assert_absent(summary, "histogram");
	end(&run);
}

TEST(nor_has_it_a_loss_when_nothing_was_sent)
{
	struct run run;

	begin(&run, "udp-echo://192.0.2.7:8888", NULL);
	json_sink.summary(&run.json, run.asked.target);
	const json_t *summary = json_array_get(read_records(&run), 0);

	assert_integer(summary, "transmitted", 0);
	assert_absent(summary, "loss_ratio");
	end(&run);
}

TEST(a_summary_has_the_statistics_and_only_those_that_the_sample_supports)
{
	struct run run;

	begin(&run, "udp-echo://192.0.2.7:8888", NULL);
	run.json.quiet = true;
	tell_answers(&json_sink, &run.json, &run.asked, 200, 250000);
	json_sink.summary(&run.json, run.asked.target);
	assert_int_equal(json_array_size(read_records(&run)), 1);
	const json_t *summary = json_array_get(run.records, 0);

	assert_integer(summary, "received", 200);
	assert_integer(summary, "kernel_stamps", 200);
	assert_integer(summary, "min_ns", 250000);
	assert_integer(summary, "avg_ns", 252000);
	assert_integer(summary, "max_ns", 254000);
	assert_integer(summary, "p50_ns", 252000);
	assert_integer(summary, "p99_ns", 254000);
	assert_integer(summary, "pdv_p50_ns", 2000);
	assert_integer(summary, "pdv_max_ns", 4000);
	assert_absent(summary, "p99_9_ns");
	end(&run);
}

TEST(the_histogram_of_a_summary_holds_every_answer)
{
	struct run run;
	int64_t sum = 0;

	begin(&run, "udp-echo://192.0.2.7:8888", NULL);
	tell_answers(&json_sink, &run.json, &run.asked, 200, 250000);
	json_sink.summary(&run.json, run.asked.target);
	const json_t *summary = json_array_get(read_records(&run), 200);
	const json_t *histogram = json_object_get(summary, "histogram");
	const json_t *counts = json_object_get(histogram, "counts");

	assert_true(json_is_integer(json_object_get(histogram, "schema")));
	assert_true(json_is_integer(json_object_get(histogram, "offset")));
	assert_integer(histogram, "zero", 0);
	for (size_t i = 0; i < json_array_size(counts); i++)
		sum += json_integer_value(json_array_get(counts, i));
	assert_int_equal(sum, 200);
	end(&run);
}

static void tell_event(struct run *run, struct notice notice)
{
	json_sink.event(&run->json, run->asked.target, &notice);
}

TEST(events_are_told_with_what_they_are_about)
{
	struct run run;
	struct address to;

	begin(&run, "udp-echo://192.0.2.7:8888", NULL);
	assert_int_equal(address_parse("2001:db8::1", &to), 0);
	tell_event(&run, (struct notice){
				 .kind = NOTICE_ADDRESS, .from = &run.asked.from, .to = &to });
	tell_event(&run,
	           (struct notice){ .kind = NOTICE_UNRESOLVED, .reason = "name not known" });
	tell_event(&run, (struct notice){ .kind = NOTICE_SUSPENDED, .span = NS_PER_SEC });
	tell_event(&run, (struct notice){ .kind = NOTICE_OUTAGE, .sequence = 7, .length = 5 });
	tell_event(&run, (struct notice){ .kind = NOTICE_JUNK, .error = -EMSGSIZE });
	tell_event(&run, (struct notice){ .kind = NOTICE_RECONNECTED });
	assert_int_equal(json_array_size(read_records(&run)), 6);
	assert_word(json_array_get(run.records, 0), "event", "address_changed");
	assert_word(json_array_get(run.records, 0), "from", "192.0.2.7");
	assert_word(json_array_get(run.records, 0), "to", "2001:db8::1");
	assert_word(json_array_get(run.records, 1), "detail", "name not known");
	assert_integer(json_array_get(run.records, 2), "span_ns", NS_PER_SEC);
	assert_word(json_array_get(run.records, 3), "type", "outage");
	assert_integer(json_array_get(run.records, 3), "length", 5);
	assert_word(json_array_get(run.records, 4), "type", "junk");
	assert_word(json_array_get(run.records, 4), "reason", "wrong_size");
	assert_word(json_array_get(run.records, 5), "event", "reconnected");
	end(&run);
}

TEST(what_is_outstanding_is_told_only_to_who_asks)
{
	struct run run;

	begin(&run, "udp-echo://192.0.2.7:8888", NULL);
	tell_event(&run, (struct notice){ .kind = NOTICE_OUTSTANDING, .sequence = 1 });
	run.json.outstanding = true;
	tell_event(&run, (struct notice){ .kind = NOTICE_OUTSTANDING, .sequence = 2 });
	assert_int_equal(json_array_size(read_records(&run)), 1);
	assert_integer(json_array_get(run.records, 0), "seq", 2);
	end(&run);
}

TEST(an_interval_is_told_as_it_was)
{
	struct run run;
	struct interval interval = {
		.number = 2,
		.from = { 11 * NS_PER_SEC },
		.to = { 21 * NS_PER_SEC },
		.wall = { 5 },
	};

	begin(&run, "udp-echo://192.0.2.7:8888", NULL);
	tell_answers(&json_sink, &run.json, &run.asked, 10, 1000);
	interval.tally = run.asked.target->tally;
	interval.stats = run.asked.target->stats;
	json_sink.interval(&run.json, run.asked.target, &interval);
	const json_t *record = json_array_get(read_records(&run), 10);

	assert_word(record, "type", "interval");
	assert_integer(record, "t", 5);
	assert_integer(record, "number", 2);
	assert_integer(record, "span_ns", 10 * NS_PER_SEC);
	assert_integer(record, "received", 10);
	assert_integer(record, "p50_ns", 3000);
	assert_absent(record, "histogram");
	end(&run);
}

TEST(whoever_could_not_be_asked_is_an_error)
{
	struct run run;
	const struct sink_failure failure = {
		"icmp://exmaple.com", "office", "not known", { 9 }
	};

	begin(&run, "x", NULL);
	json_sink.failed(&run.json, &failure);
	const json_t *record = json_array_get(read_records(&run), 0);

	assert_word(record, "type", "error");
	assert_word(record, "target", "icmp://exmaple.com");
	assert_word(record, "label", "office");
	assert_word(record, "detail", "not known");
	assert_integer(record, "t", 9);
	end(&run);
}

TEST(a_full_disk_is_noticed_and_stops_nothing)
{
	struct run run;
	FILE *full = fopen("/dev/full", "w");

	if (!full)
		skip();
	begin(&run, "x", NULL);
	run.output.fd = dup2(fileno(full), run.output.fd);
	run.output.patient = false;
	(void)fclose(full);
	tell_answers(&json_sink, &run.json, &run.asked, 1000, 1000);
	json_sink.summary(&run.json, run.asked.target);
	assert_int_equal(output_finish(&run.output), -ENOSPC);
	end(&run);
}

TEST(what_nobody_reads_is_missing_and_its_number_is_told)
{
	struct run run;
	int ends[2];
	char *text = calloc(1, 1 << 22);
	size_t length = 0;
	ssize_t got = 1;

	assert_non_null(text);
	assert_int_equal(pipe(ends), 0);
	begin(&run, "x", NULL);
	(void)close(run.output.fd);
	run.output.fd = ends[1];
	run.output.patient = false;
	tell_answers(&json_sink, &run.json, &run.asked, 10000, 1000);
	assert_true(run.output.missing > 0);
	for (int i = 0; i < 1000 && run.output.length > 0; i++) {
		output_drain(&run.output);
		got = read(ends[0], text + length, 1 << 16);
		length += (size_t)got;
	}
	tell_answers(&json_sink, &run.json, &run.asked, 1, 1000);
	assert_true(run.output.missing == 0);
	assert_int_equal(output_finish(&run.output), 0);
	(void)close(ends[1]);
	run.output.fd = -1;
	while ((got = read(ends[0], text + length, 1 << 16)) > 0)
		length += (size_t)got;
	assert_contains(text, "\"event\":\"missing\",\"count\":");
	(void)close(ends[0]);
	free(text);
	end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply_has_its_round_trip_and_each_part_of_it),
		cmocka_unit_test(what_is_not_known_is_absent),
		cmocka_unit_test(each_fate_has_its_type_and_its_reason),
		cmocka_unit_test(names_from_outside_never_break_a_record),
		cmocka_unit_test(text_that_is_no_utf8_is_replaced_byte_by_byte),
		cmocka_unit_test(a_summary_without_answers_has_no_times),
		cmocka_unit_test(nor_has_it_a_loss_when_nothing_was_sent),
		cmocka_unit_test(
			a_summary_has_the_statistics_and_only_those_that_the_sample_supports),
		cmocka_unit_test(the_histogram_of_a_summary_holds_every_answer),
		cmocka_unit_test(events_are_told_with_what_they_are_about),
		cmocka_unit_test(what_is_outstanding_is_told_only_to_who_asks),
		cmocka_unit_test(an_interval_is_told_as_it_was),
		cmocka_unit_test(whoever_could_not_be_asked_is_an_error),
		cmocka_unit_test(a_full_disk_is_noticed_and_stops_nothing),
		cmocka_unit_test(what_nobody_reads_is_missing_and_its_number_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
