/* SPDX-License-Identifier: MIT */
#include "core/far.h"
#include "probe/reflection.h"
#include "report/load_ping.h"
#include "reports.h"

struct run {
	struct asked asked;
	struct load_ping ping;
	struct paper paper;
};

static void begin(struct run *run)
{
	*run = (struct run){ 0 };
	asked_init(&run->asked, "stamp://192.0.2.7", NULL);
	assert_int_equal(load_ping_init(&run->ping, "stamp://192.0.2.7"), 0);
	paper_open(&run->paper);
}

static void end(struct run *run)
{
	load_ping_done(&run->ping);
	asked_done(&run->asked);
	paper_close(&run->paper);
}

static void tell_one(struct run *run, uint64_t sequence, enum fate fate, int64_t rtt)
{
	struct sample sample = unit_sample(&run->asked, sequence, fate, rtt);

	tell(&load_ping_sink, &run->ping, &run->asked, &sample);
}

static const char *print(struct run *run)
{
	load_ping_print(run->paper.out, &run->ping);
	return paper_read(&run->paper);
}

TEST(a_probe_belongs_to_the_side_on_which_it_was_sent)
{
	struct run run;

	begin(&run);
	tell_one(&run, 1, FATE_ANSWERED, NS_PER_MS);
	run.ping.from = (struct mono){ 3 * NS_PER_SEC };
	tell_one(&run, 2, FATE_ANSWERED, 3 * NS_PER_MS);
	tell_one(&run, 3, FATE_ANSWERED, 500 * NS_PER_MS);
	tell_one(&run, 4, FATE_LOST, 0);
	run.ping.until = (struct mono){ 6 * NS_PER_SEC };
	tell_one(&run, 5, FATE_REFUSED, NS_PER_MS);
	tell_one(&run, 6, FATE_ANSWERED, NS_PER_MS);
	tell_one(&run, 7, FATE_LOST, 0);
	assert_int_equal(run.ping.idle.sent, 2);
	assert_int_equal(run.ping.idle.lost, 0);
	assert_int_equal(run.ping.idle.rtt.max, 3 * NS_PER_MS);
	assert_int_equal(run.ping.loaded.sent, 3);
	assert_int_equal(run.ping.loaded.lost, 2);
	assert_int_equal(run.ping.loaded.rtt.histogram.count, 1);
	assert_true(load_ping_rpm(&run.ping.idle) == 30000);
	assert_true(load_ping_rpm(&run.ping.loaded) == 120);
	end(&run);
}

TEST(what_answers_no_probe_counts_on_neither_side)
{
	struct run run;

	begin(&run);
	tell_one(&run, 1, FATE_LATE, NS_PER_MS);
	tell_one(&run, 2, FATE_DUPLICATE, NS_PER_MS);
	tell_one(&run, 3, FATE_UNSENT, 0);
	assert_int_equal(run.ping.idle.sent, 0);
	assert_true(load_ping_loss(&run.ping.idle) < 0);
	assert_true(load_ping_rpm(&run.ping.idle) == 0);
	end(&run);
}

TEST(both_sides_stand_side_by_side)
{
	struct run run;

	begin(&run);
	run.ping.from = (struct mono){ 101 * NS_PER_SEC };
	for (uint64_t i = 1; i <= 100; i++)
		tell_one(&run, i, FATE_ANSWERED, NS_PER_MS);
	for (uint64_t i = 101; i <= 110; i++)
		tell_one(&run, i, FATE_ANSWERED, 200 * NS_PER_MS);
	tell_one(&run, 111, FATE_LOST, 0);
	assert_string_equal(
		print(&run),
		"latency under load, by stamp://192.0.2.7: 100 probes before it, 11 during it\n"
		"             idle                                    |   loaded\n"
		"ms            p50      p90      p99      max   loss  |      p50      p90      "
		"p99      max   loss\n"
		"rtt         1.000    1.000    1.000    1.000     0%  |  200.000  200.000        "
		"-  200.000  9.09%\n"
		"loaded: 300 round trips per minute (as in draft-ietf-ippm-responsiveness, "
		"over this probe alone)\n"
		"idle: 60000\n");
	end(&run);
}

TEST(a_reflector_tells_which_direction_was_filled)
{
	static const struct far far = { .sequence = 1 };
	struct reflection reflection = { 0 };
	struct run run;

	begin(&run);
	run.asked.target->reflection = &reflection;
	struct sample sample = unit_sample(&run.asked, 1, FATE_ANSWERED, 9 * NS_PER_MS);

	sample.far = &far;
	reflection.latest.forward.pdv = 7 * NS_PER_MS;
	reflection.latest.reverse.pdv = -1; /* not known */
	tell(&load_ping_sink, &run.ping, &run.asked, &sample);
	reflection.latest.verdict = ONEWAY_IMPOSSIBLE;
	tell(&load_ping_sink, &run.ping, &run.asked, &sample);
	assert_int_equal(run.ping.idle.forward.histogram.count, 1);
	assert_int_equal(run.ping.idle.forward.max, 7 * NS_PER_MS);
	assert_int_equal(run.ping.idle.reverse.histogram.count, 0);
	const char *text = print(&run);

	assert_contains(text,
	                "\nforward         -        -        -    7.000         |        -   "
	                "     -        -        -\n");
	assert_lacks(text, "\nreverse");
	assert_contains(text,
	                "\n(forward, reverse: above the least delay of that direction)\n");
	assert_lacks(text, "round trips per minute");
	end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_belongs_to_the_side_on_which_it_was_sent),
		cmocka_unit_test(what_answers_no_probe_counts_on_neither_side),
		cmocka_unit_test(both_sides_stand_side_by_side),
		cmocka_unit_test(a_reflector_tells_which_direction_was_filled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
