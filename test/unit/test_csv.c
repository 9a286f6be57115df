/* SPDX-License-Identifier: MIT */
#include "probe/reflection.h"
#include "report/csv.h"
#include "reports.h"

static const char names[] = "t,target,label,type,seq,addr,bytes,ttl,rtt_ns,lag_ns,host_out_ns,"
			    "host_in_ns,tx_stamp,rx_stamp,reason,forward_ns,reverse_ns,"
			    "residence_ns\r\n";

struct run {
	struct asked asked;
	struct output output;
	struct csv csv;
	char *text;
};

static void begin(struct run *run, const char *name, const char *label)
{
	*run = (struct run){ 0 };
	asked_init(&run->asked, name, label);
	file_open(&run->output);
	run->csv.output = &run->output;
}

/* What follows the line of names. */
static const char *lines(struct run *run)
{
	csv_sink.done(&run->csv);
	run->text = file_read(&run->output);
	assert_memory_equal(run->text, names, sizeof(names) - 1);
	return run->text + sizeof(names) - 1;
}

static void end(struct run *run)
{
	free(run->text);
	file_close(&run->output);
	asked_done(&run->asked);
}

TEST(a_run_without_samples_has_the_line_of_names)
{
	struct run run;

	begin(&run, "x", NULL);
	assert_string_equal(lines(&run), "");
	end(&run);
}

TEST(an_answer_fills_its_columns)
{
	struct run run;

	begin(&run, "udp-echo://192.0.2.7:8888", "gateway");
	struct sample sample = unit_sample(&run.asked, 3, FATE_ANSWERED, 250000);

	tell(&csv_sink, &run.csv, &run.asked, &sample);
	assert_string_equal(lines(&run),
	                    "1700000003000000000,udp-echo://192.0.2.7:8888,gateway,"
	                    "reply,3,192.0.2.7,56,64,250000,5000,3000,3000,"
	                    "kernel,kernel,,,,\r\n");
	end(&run);
}

/* 100 us there, 50 us kept, 100 us back, by a clock that is ahead. */
TEST(a_reflector_fills_the_last_three)
{
	struct run run;

	begin(&run, "a", NULL);
	struct target *target = run.asked.target;
	struct sample sample = unit_sample(&run.asked, 1, FATE_ANSWERED, 250000);
	struct far far = { .received = { sample.left.ns + 100000 + NS_PER_SEC },
		           .sent = { sample.left.ns + 150000 + NS_PER_SEC },
		           .tos = -1,
		           .dscp = -1 };

	sample.far = &far;
	assert_int_equal(reflection_new(&target->reflection, 4, STATS_AMPLE, 0), 0);
	reflection_sent(target->reflection);
	(void)reflection_heard(target->reflection, &sample, 0);
	tell(&csv_sink, &run.csv, &run.asked, &sample);
	const struct oneway_result *told = &target->reflection->latest;
	char right[64];

	(void)snprintf(right, sizeof(right), ",kernel,kernel,,%d,%d,50000\r\n",
	               (int)told->forward.estimate, (int)told->reverse.estimate);
	const char *text = lines(&run);

	assert_contains(text, ",64,200000,"); /* without the residence */
	assert_contains(text, right);
	reflection_free(target->reflection);
	end(&run);
}

TEST(what_is_not_known_is_left_empty)
{
	struct run run;

	begin(&run, "a", NULL);
	struct sample lost = unit_sample(&run.asked, 1, FATE_LOST, 0);
	struct sample unsent = unit_sample(&run.asked, 2, FATE_UNSENT, 0);

	unsent.error = -ETIME;
	tell(&csv_sink, &run.csv, &run.asked, &lost);
	tell(&csv_sink, &run.csv, &run.asked, &unsent);
	assert_string_equal(lines(&run),
	                    "1700000001000000000,a,,loss,1,192.0.2.7,,,,5000,,,,,timeout,,,\r\n"
	                    "1700000002000000000,a,,unsent,2,,,,,,,,,,interval_late,,,\r\n");
	end(&run);
}

TEST(text_from_outside_is_quoted_and_no_formula)
{
	static const struct {
		const char *label, *field;
	} cases[] = {
		{ "plain", ",plain,reply," },    { "two words", ",two words,reply," },
		{ "a,b", ",\"a,b\",reply," },    { "say \"hi\"", ",\"say \"\"hi\"\"\",reply," },
		{ "\"", ",\"\"\"\",reply," },    { "line\nbreak", ",\"line\nbreak\",reply," },
		{ "=1+1", ",\"'=1+1\",reply," }, { "@SUM(A1)", ",\"'@SUM(A1)\",reply," },
		{ "-2", ",\"'-2\",reply," },     { "+3", ",\"'+3\",reply," },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run run;

		begin(&run, "x", cases[i].label);
		struct sample sample = unit_sample(&run.asked, 1, FATE_ANSWERED, 1);

		tell(&csv_sink, &run.csv, &run.asked, &sample);
		assert_contains(lines(&run), cases[i].field);
		end(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_without_samples_has_the_line_of_names),
		cmocka_unit_test(an_answer_fills_its_columns),
		cmocka_unit_test(a_reflector_fills_the_last_three),
		cmocka_unit_test(what_is_not_known_is_left_empty),
		cmocka_unit_test(text_from_outside_is_quoted_and_no_formula),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
