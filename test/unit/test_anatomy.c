/* SPDX-License-Identifier: MIT */
#include "report/anatomy.h"
#include "reports.h"

struct run {
	struct asked asked;
	struct paper paper;
	struct anatomy anatomy;
};

static void begin(struct run *run)
{
	*run = (struct run){ 0 };
	asked_init(&run->asked, "x", NULL);
	paper_open(&run->paper);
	assert_int_equal(anatomy_init(&run->anatomy, run->paper.out), 0);
}

static void end(struct run *run)
{
	anatomy_done(&run->anatomy);
	paper_close(&run->paper);
	asked_done(&run->asked);
}

TEST(each_part_of_the_round_trips_has_its_line)
{
	struct run run;

	begin(&run);
	tell_answers(&anatomy_sink, &run.anatomy, &run.asked, 100, 250000);
	anatomy_sink.done(&run.anatomy);
	const char *text = paper_read(&run.paper);

	assert_contains(text,
	                "\ndue to sent (own lag)               5.0        5.0        5.0  "
	                "      5.0\n");
	assert_contains(text, "\n  waiting for the processor         1.0 ");
	assert_contains(text, "\nhost out: sent to wire              3.0 ");
	assert_contains(text, "\n  until it was queued               1.0 ");
	assert_contains(text, "\n  in the queue of its device        2.0 ");
	assert_contains(text, "\nnetwork and far end               252.0 ");
	assert_contains(text, "\nhost in: wire to read               3.0 ");
	assert_lacks(text, "unknown");
	end(&run);
}

TEST(the_share_that_is_not_known_is_told)
{
	struct run run;

	begin(&run);
	tell_answers(&anatomy_sink, &run.anatomy, &run.asked, 3, 250000);
	struct sample sample = unit_sample(&run.asked, 4, FATE_ANSWERED, 250000);

	sample.left.ns = sample.arrived.ns = 0;
	sample.tx = sample.rx = TAKEN_USER;
	tell(&anatomy_sink, &run.anatomy, &run.asked, &sample);
	anatomy_sink.done(&run.anatomy);
	assert_contains(paper_read(&run.paper), "(unknown for 25%)\n");
	end(&run);
}

TEST(what_was_not_answered_has_no_part_in_it)
{
	struct run run;

	begin(&run);
	for (enum fate fate = FATE_LOST; fate <= FATE_DUPLICATE; fate++) {
		struct sample sample = unit_sample(&run.asked, 1, fate, 1000);

		tell(&anatomy_sink, &run.anatomy, &run.asked, &sample);
	}
	anatomy_sink.done(&run.anatomy);
	assert_string_equal(paper_read(&run.paper), "");
	end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_of_the_round_trips_has_its_line),
		cmocka_unit_test(the_share_that_is_not_known_is_told),
		cmocka_unit_test(what_was_not_answered_has_no_part_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
