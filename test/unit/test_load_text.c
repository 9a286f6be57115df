/* SPDX-License-Identifier: MIT */
#include "loads.h"
#include "report/load_text.h"

struct run {
	struct unit_load load;
	struct paper paper;
};

static void begin(struct run *run)
{
	unit_load_init(&run->load);
	paper_open(&run->paper);
}

static void end(struct run *run)
{
	unit_load_done(&run->load);
	paper_close(&run->paper);
}

static void assert_header(struct run *run, const char *text)
{
	load_text_begin(run->paper.out, &run->load.result);
	assert_string_equal(paper_read(&run->paper), text);
	end(run);
}

static void assert_end(struct run *run, const char *text)
{
	load_text_end(run->paper.out, &run->load.result, NULL);
	assert_string_equal(paper_read(&run->paper), text);
	end(run);
}

TEST(the_header_says_what_is_asked_of_whom_and_how)
{
	struct run run;

	begin(&run);
	assert_header(
		&run,
		"LOAD udp-echo://192.0.2.7:8888 (192.0.2.7) 56 bytes, open loop at 100/s, "
		"for 10s after 1s of warm-up\n"
		"4 connections with at most 16 in flight each, 2 threads, time-out 1s, "
		"room for 64 in flight (6 KiB)\n");
}

TEST(a_closed_loop_without_an_end)
{
	struct run run;

	begin(&run);
	run.load.plan.pace = LOAD_CLOSED;
	run.load.plan.connections = run.load.plan.depth = 1;
	run.load.plan.warmup = run.load.plan.duration = 0;
	run.load.result.threads = 1;
	run.load.result.room.entries = 0;
	assert_header(&run, "LOAD udp-echo://192.0.2.7:8888 (192.0.2.7) 56 bytes, "
	                    "closed loop, until stopped\n"
	                    "1 connection with 1 in flight, 1 thread, time-out 1s\n");
}

TEST(a_ramp_of_many_sizes_over_connections_made_anew)
{
	enum { SIZES = 5 };
	struct probe_options *sizes = calloc(SIZES, sizeof(struct probe_options));
	struct run run;

	begin(&run);
	assert_non_null(sizes);
	for (size_t i = 0; i < SIZES; i++)
		sizes[i].size = (size_t)64 << i;
	sizes[0].timeout = NS_PER_SEC;
	run.load.plan.probe = sizes;
	run.load.plan.probe_count = SIZES;
	run.load.plan.pace = LOAD_POISSON;
	run.load.plan.seed = 7;
	run.load.plan.rate_from = 0.5;
	run.load.plan.reconnect = true;
	assert_header(&run, "LOAD udp-echo://192.0.2.7:8888 (192.0.2.7) 64, 128, 256, 512 ... "
	                    "bytes, open loop at 0.50 to 100/s (Poisson, seed 7), "
	                    "for 10s after 1s of warm-up\n"
	                    "4 connections at a time, a new one for each request, 2 threads, "
	                    "time-out 1s, room for 64 in flight (6 KiB)\n");
	free(sizes);
}

TEST(the_end_of_an_open_loop_names_both_kinds_of_percentiles)
{
	struct run run;

	begin(&run);
	unit_load_fill(&run.load.result.tally);
	assert_end(&run,
	           "\n--- udp-echo://192.0.2.7:8888 load statistics ---\n"
	           "1000 requests sent, 1000 answered, 0% failed, time 10s\n"
	           "100 answers/s, 5.47 KiB/s out, 5.47 KiB/s in\n"
	           "ms       corrected (from the intended instant)   uncorrected (from the "
	           "sending)\n"
	           "min                                      1.000                         "
	           "   1.000\n"
	           "mean                                   500.500                         "
	           "   1.000\n"
	           "p50                                    498.646                         "
	           "   1.000\n"
	           "p90                                    899.784                         "
	           "   1.000\n"
	           "p99                                    991.906                         "
	           "   1.000\n"
	           "p99.9                                  997.292                         "
	           "   1.000\n"
	           "max                                   1000.000                         "
	           "   1.000\n"
	           "fairness among connections 0.999 (Jain's index), slowest/fastest = "
	           "240/260 answers\n"
	           "generator: 31% of a CPU by its busiest thread, "
	           "lag p50/p99/max = 0.500/0.990/1.000 ms\n");
}

TEST(a_closed_loop_has_one_column_and_says_what_it_hides)
{
	struct run run;

	begin(&run);
	run.load.plan.pace = LOAD_CLOSED;
	run.load.plan.connections = 1;
	load_times_add(&run.load.result.tally.uncorrected, 2 * NS_PER_MS);
	load_times_add(&run.load.result.tally.uncorrected, 4 * NS_PER_MS);
	run.load.result.tally.counts.sent = run.load.result.tally.counts.answered = 2;
	assert_end(&run, "\n--- udp-echo://192.0.2.7:8888 load statistics ---\n"
	                 "2 requests sent, 2 answered, 0% failed, time 10s\n"
	                 "0.20 answers/s\n"
	                 "ms        uncorrected (from the sending)\n"
	                 "min                                2.000\n"
	                 "mean                               3.000\n"
	                 "p50                                2.001\n"
	                 "max                                4.000\n"
	                 "(a closed loop asks a stalled server less, and so hides its stalls: "
	                 "see -R)\n"
	                 "generator: 31% of a CPU by its busiest thread\n");
}

TEST(each_fate_is_told_apart_and_only_where_it_occurred)
{
	struct run run;

	begin(&run);
	run.load.result.tally.counts = (struct load_counts){ .sent = 96,
		                                             .lost = 40,
		                                             .refused = 30,
		                                             .reset = 20,
		                                             .corrupt = 6,
		                                             .unsent = 4,
		                                             .late = 3,
		                                             .duplicates = 2,
		                                             .connects = 1,
		                                             .connect_failures = 9 };
	assert_end(&run, "\n--- udp-echo://192.0.2.7:8888 load statistics ---\n"
	                 "96 requests sent, 0 answered, 100% failed, time 10s\n"
	                 "40 lost, 30 refused, 20 reset, 6 corrupt, 4 unsent, 3 late, "
	                 "2 duplicates, 9 connections not made\n"
	                 "0.00 answers/s, 1 connection made\n"
	                 "generator: 31% of a CPU by its busiest thread\n");
}

TEST(the_bottleneck_and_the_server_are_named)
{
	struct run run;

	begin(&run);
	unit_load_fill(&run.load.result.tally);
	run.load.result.generator.bottleneck = true;
	run.load.result.generator.preempted = 12 * NS_PER_MS;
	run.load.result.server = (struct load_server){ .known = true,
		                                       .cpu_time = 3200 * NS_PER_US,
		                                       .rss = 12 << 20,
		                                       .rss_before = (12 << 20) - 8192 };
	load_text_end(run.paper.out, &run.load.result, NULL);
	const char *text = paper_read(&run.paper);

	assert_contains(text, " by its busiest thread, 12ms preempted, lag ");
	assert_contains(text,
	                "\nthe generator was the bottleneck: these figures are as much its "
	                "own as the server's\n");
	assert_contains(text, "\nserver: 3.20 us of CPU per answer, 0% of a CPU, "
	                      "12 MiB resident, 8 KiB more, 2 KiB for each of 4 connections\n");
	end(&run);
}

TEST(a_server_whose_time_is_not_known_or_that_is_too_many_processes)
{
	struct run run;

	begin(&run);
	unit_load_fill(&run.load.result.tally);
	run.load.result.server = (struct load_server){
		.known = true, .more = true, .cpu_time = -1, .rss = 12 << 20
	};
	load_text_end(run.paper.out, &run.load.result, NULL);
	assert_contains(paper_read(&run.paper),
	                "\nserver: CPU not known, as it does not wait for children that end, "
	                "12 MiB resident\n"
	                "the server has more processes than were added up\n");
	end(&run);
}

TEST(idle_connections_are_told_alone_where_nothing_else_was_asked)
{
	struct run run;

	begin(&run);
	run.load.plan.connections = 0;
	run.load.result.hold = (struct load_hold){ .asked = 1000,
		                                   .opened = 998,
		                                   .answered = 997,
		                                   .failed = 3,
		                                   .opening = 120 * NS_PER_MS,
		                                   .answering = 30 * NS_PER_MS,
		                                   .server_rss_before = 1 << 20,
		                                   .server_rss_held = 3 << 20 };
	load_text_begin(run.paper.out, &run.load.result);
	assert_end(&run, "LOAD udp-echo://192.0.2.7:8888 (192.0.2.7), 1000 idle connections\n"
	                 "\n--- udp-echo://192.0.2.7:8888 load statistics ---\n"
	                 "998 of 1000 idle connections opened in 120ms, 997 answered in 30ms, "
	                 "3 failed\n"
	                 "server: 3 MiB resident, 2 MiB more, 2.05 KiB for each of 998 "
	                 "connections\n");
}

TEST(beside_a_load_they_are_told_in_front_of_it)
{
	struct run run;

	begin(&run);
	run.load.result.hold.asked = 1;
	load_text_begin(run.paper.out, &run.load.result);
	assert_non_null(strstr(paper_read(&run.paper),
	                       ", 1 idle connection, 56 bytes, open loop at 100/s"));
	end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_says_what_is_asked_of_whom_and_how),
		cmocka_unit_test(a_closed_loop_without_an_end),
		cmocka_unit_test(a_ramp_of_many_sizes_over_connections_made_anew),
		cmocka_unit_test(the_end_of_an_open_loop_names_both_kinds_of_percentiles),
		cmocka_unit_test(a_closed_loop_has_one_column_and_says_what_it_hides),
		cmocka_unit_test(each_fate_is_told_apart_and_only_where_it_occurred),
		cmocka_unit_test(the_bottleneck_and_the_server_are_named),
		cmocka_unit_test(
			a_server_whose_time_is_not_known_or_that_is_too_many_processes),
		cmocka_unit_test(idle_connections_are_told_alone_where_nothing_else_was_asked),
		cmocka_unit_test(beside_a_load_they_are_told_in_front_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
