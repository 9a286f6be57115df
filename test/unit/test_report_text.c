/* SPDX-License-Identifier: MIT */
#include "report/text.h"
#include "reports.h"

struct run {
	struct asked asked;
	struct paper paper;
	struct text text;
};

/* hush() asks whether the descriptor behind the stream is ready only once much is pending, and
 * memory has none: little is written here. */
static void begin(struct run *run)
{
	*run = (struct run){ 0 };
	asked_init(&run->asked, "udp-echo://192.0.2.7:8888", NULL);
	paper_open(&run->paper);
	run->text = (struct text){ .out = run->paper.out, .probe = &unit_options };
}

static void end(struct run *run)
{
	asked_done(&run->asked);
	paper_close(&run->paper);
}

static const char *summary(struct run *run)
{
	text_sink.summary(&run->text, run->asked.target);
	return paper_read(&run->paper);
}

TEST(the_header_names_who_takes_the_stamps)
{
	static const struct {
		enum taker tx, rx;
		const char *words;
	} cases[] = {
		{ TAKEN_KERNEL, TAKEN_KERNEL, ", every 1s, kernel timestamps\n" },
		{ TAKEN_USER, TAKEN_KERNEL, ", every 1s, kernel timestamps on receipt\n" },
		{ TAKEN_USER, TAKEN_USER, ", every 1s, user timestamps\n" },
		{ TAKEN_HARDWARE, TAKEN_HARDWARE, ", every 1s, hardware timestamps\n" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run run;

		begin(&run);
		run.asked.target->tx = (uint8_t)cases[i].tx;
		run.asked.target->rx = (uint8_t)cases[i].rx;
		text_sink.start(&run.text, run.asked.target);
		assert_contains(paper_read(&run.paper), cases[i].words);
		end(&run);
	}
}

TEST(the_stamps_that_were_used_are_told_only_where_the_header_said_otherwise)
{
	struct run run;

	begin(&run);
	tell_answers(&text_sink, &run.text, &run.asked, 5, 1000);
	assert_lacks(summary(&run), "timestamps: ");
	end(&run);

	begin(&run);
	tell_answers(&text_sink, &run.text, &run.asked, 5, 1000);
	struct sample sample = unit_sample(&run.asked, 6, FATE_ANSWERED, 1000);

	sample.tx = sample.rx = TAKEN_USER;
	tell(&text_sink, &run.text, &run.asked, &sample);
	run.asked.target->tally.distrusted = 1;
	assert_contains(summary(&run),
	                "\ntimestamps: 5 by kernel, 1 by user, 1 contradicted the clock\n");
	end(&run);
}

TEST(the_three_jitters_are_named)
{
	struct run run;

	begin(&run);
	tell_answers(&text_sink, &run.text, &run.asked, 200, 250000);
	const char *text = summary(&run);

	assert_contains(text, "\njitter 0.0");
	assert_contains(text,
	                " ms (RFC 3550) · ipdv avg/max = 0.002/0.004 ms · pdv p50/p99/max = "
	                "0.002/0.004/0.004 ms\n");
	end(&run);
}

TEST(a_quantile_is_shown_only_when_the_sample_supports_it)
{
	struct run run;

	begin(&run);
	run.text.quiet = true;
	tell_answers(&text_sink, &run.text, &run.asked, 999, 250000);
	assert_contains(summary(&run), "\nrtt p50/p90/p99 = ");
	end(&run);

	begin(&run);
	run.text.quiet = true;
	tell_answers(&text_sink, &run.text, &run.asked, 1000, 250000);
	assert_contains(summary(&run), "\nrtt p50/p90/p99/p99.9 = ");
	end(&run);
}

TEST(a_single_answer_has_neither_jitter_nor_quantile)
{
	struct run run;

	begin(&run);
	tell_answers(&text_sink, &run.text, &run.asked, 1, 250000);
	const char *text = summary(&run);

	assert_contains(text, "rtt min/avg/max/mdev = 0.251/0.251/0.251/0.000 ms");
	assert_lacks(text, "jitter");
	assert_lacks(text, "p50");
	end(&run);
}

static void lose(struct run *run, uint64_t first, uint64_t last)
{
	struct loss_run ended;

	for (uint64_t i = first; i <= last; i++) {
		struct sample sample = unit_sample(&run->asked, i, FATE_LOST, 0);

		tell(&text_sink, &run->text, &run->asked, &sample);
		(void)losses_lost(&run->asked.target->losses, i, i, sample.due, NS_PER_SEC,
		                  &ended);
	}
	(void)losses_kept(&run->asked.target->losses, last + 1, &ended);
}

TEST(losses_in_a_row_are_counted_and_their_beginning_is_told_to_who_asks)
{
	struct run run;

	begin(&run);
	lose(&run, 2, 2);
	lose(&run, 7, 11);
	assert_contains(summary(&run), "\n2 loss runs, 1 of more than one, longest 5\n");
	assert_lacks(paper_read(&run.paper), "seq=7: ");
	run.text.verbose = true;
	assert_contains(summary(&run), "\n  seq=7: 5 in a row, 6s after the start, for 5s\n");
	end(&run);
}

TEST(who_asks_is_told_how_far_to_trust_the_figures)
{
	struct run run;

	begin(&run);
	tell_answers(&text_sink, &run.text, &run.asked, 20, 250000);
	assert_lacks(summary(&run), "confidence");
	run.text.verbose = true;
	const char *text = summary(&run);

	assert_contains(text, "\nloss between 0% and 16.1% (95 % confidence)\n");
	assert_contains(text, "\np50 between 0.25");
	assert_contains(text, "\ndeviation of the mean 0.000");
	end(&run);
}

TEST(a_change_of_address_is_shown_to_everybody_but_who_wants_quiet)
{
	struct run run;
	struct address to;

	assert_int_equal(address_parse("192.0.2.8", &to), 0);
	for (int quiet = 0; quiet < 2; quiet++) {
		begin(&run);
		run.text.quiet = quiet;
		struct notice moved = { .kind = NOTICE_ADDRESS,
			                .from = &run.asked.from,
			                .to = &to };
		struct notice junk = { .kind = NOTICE_JUNK, .error = -EBADMSG };

		text_sink.event(&run.text, run.asked.target, &moved);
		text_sink.event(&run.text, run.asked.target, &junk);
		assert_string_equal(
			paper_read(&run.paper),
			quiet ? ""
			      : "udp-echo://192.0.2.7:8888 has moved from 192.0.2.7 "
				"to 192.0.2.8\n");
		end(&run);
	}
}

TEST(a_suspend_is_told_once_for_all_targets)
{
	struct run run;
	struct notice slept = { .kind = NOTICE_SUSPENDED,
		                .span = 1500 * NS_PER_MS,
		                .wall = { 7 } };

	begin(&run);
	text_sink.event(&run.text, run.asked.target, &slept);
	text_sink.event(&run.text, run.asked.target, &slept);
	assert_string_equal(paper_read(&run.paper), "this machine slept for 1.5s\n");
	end(&run);
}

TEST(an_outage_is_told_with_its_length)
{
	struct run run;
	struct notice outage = {
		.kind = NOTICE_OUTAGE, .sequence = 7, .length = 5, .span = 5 * NS_PER_SEC + 1234
	};

	begin(&run);
	text_sink.event(&run.text, run.asked.target, &outage);
	assert_string_equal(
		paper_read(&run.paper),
		"outage of udp-echo://192.0.2.7:8888: 5 lost in a row from seq=7 on, "
		"for 5s\n");
	end(&run);
}

TEST(an_interval_is_one_line)
{
	struct run run;
	struct interval interval = { .number = 2,
		                     .from = { 11 * NS_PER_SEC },
		                     .to = { 21 * NS_PER_SEC } };

	begin(&run);
	run.text.quiet = true;
	tell_answers(&text_sink, &run.text, &run.asked, 10, 1000000);
	interval.tally = run.asked.target->tally;
	interval.stats = run.asked.target->stats;
	text_sink.interval(&run.text, run.asked.target, &interval);
	assert_string_equal(paper_read(&run.paper),
	                    "interval 2, 10s: 10/10 packets, 0% packet loss, "
	                    "min/avg/max/mdev = 1.000/1.002/1.004/0.001 ms\n");
	end(&run);
}

TEST(where_a_table_tells_nothing_is_said_of_each)
{
	struct run run;

	begin(&run);
	run.text.terse = true;
	text_sink.start(&run.text, run.asked.target);
	tell_answers(&text_sink, &run.text, &run.asked, 3, 1000);
	assert_string_equal(summary(&run), "");
	run.text.verbose = true;
	tell_answers(&text_sink, &run.text, &run.asked, 1, 1000);
	assert_contains(paper_read(&run.paper), "56 bytes from 192.0.2.7: seq=1 ");
	end(&run);
}

TEST(the_state_that_was_asked_for_is_one_line_aside)
{
	const struct sink_ops *const sinks[] = { &text_sink, &standing_sink };

	for (size_t i = 0; i < COUNT(sinks); i++) {
		struct run run;
		struct paper aside;

		begin(&run);
		paper_open(&aside);
		run.text.aside = aside.out;
		tell_answers(sinks[i], &run.text, &run.asked, 4, 1000000);
		sinks[i]->standing(&run.text, run.asked.target);
		assert_string_equal(paper_read(&aside),
		                    "udp-echo://192.0.2.7:8888: 4/4 packets, 0% packet loss, "
		                    "min/avg/max/mdev = 1.001/1.002/1.004/0.001 ms\n");
		paper_close(&aside);
		end(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_names_who_takes_the_stamps),
		cmocka_unit_test(
			the_stamps_that_were_used_are_told_only_where_the_header_said_otherwise),
		cmocka_unit_test(the_three_jitters_are_named),
		cmocka_unit_test(a_quantile_is_shown_only_when_the_sample_supports_it),
		cmocka_unit_test(a_single_answer_has_neither_jitter_nor_quantile),
		cmocka_unit_test(
			losses_in_a_row_are_counted_and_their_beginning_is_told_to_who_asks),
		cmocka_unit_test(who_asks_is_told_how_far_to_trust_the_figures),
		cmocka_unit_test(a_change_of_address_is_shown_to_everybody_but_who_wants_quiet),
		cmocka_unit_test(a_suspend_is_told_once_for_all_targets),
		cmocka_unit_test(an_outage_is_told_with_its_length),
		cmocka_unit_test(an_interval_is_one_line),
		cmocka_unit_test(the_state_that_was_asked_for_is_one_line_aside),
		cmocka_unit_test(where_a_table_tells_nothing_is_said_of_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
