/* SPDX-License-Identifier: MIT */
#include "app/load.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "app/common.h"
#include "app/load_find.h"
#include "app/load_hold.h"
#include "app/process.h"
#include "app/usage.h"
#include "base/text.h"

enum { DESCRIPTORS_BESIDES = 64, DESCRIPTORS_PER_THREAD = 4 };

#define FOR_EVER (INT64_C(365) * 86400 * NS_PER_SEC)
#define GLANCE \
	(10 *  \
	 NS_PER_MS) /* from one look whether the probes beside the load are done to the next */

static const char usage[] =
	"usage: sounder load [OPTIONS] ENDPOINT...\n"
	"\n"
	"  sounder load tcp-echo://HOST                  64 connections, each asks when it is answered\n"
	"  sounder load -R 20000 -d 30s udp-echo://HOST  20 000 a second, come what may\n"
	"  sounder load -R 5000 --poisson -c 8 -s 64,1400 tcp-echo://HOST\n"
	"                                                at random gaps, small ones and large ones\n"
	"  sounder load --ramp 1000..50000 -d 1m stamp://HOST\n"
	"                                                more and more\n"
	"  sounder load --find 'p99<1ms' pong://HOST     the highest rate that keeps it\n"
	"  sounder load -c 4 --depth 16 line://HOST:6379 --send PING --expect +PONG\n"
	"                                                any server that answers a line with a line\n"
	"  sounder load --hold 100000 --server-pid PID tcp-echo://127.0.0.1\n"
	"                                                idle connections, and what each costs\n"
	"  sounder load -R 10000 --with-ping icmp tcp-echo://HOST\n"
	"                                                latency under load\n"
	"  sounder load -R 1000 --fail-if 'p99>5ms' --fail-if 'errors>0' tcp-echo://HOST\n"
	"                                                exit code 1 if it is as bad as that\n"
	"\n"
	"ENDPOINT is KIND://HOST[:PORT] of a server that you may load: tcp-echo, udp-echo, pong, stamp, line.\n";

/* One run of the command. */
struct command {
	struct load_options options;
	struct load_targets targets;
	struct load_outputs outputs;
	struct load_run run;
	struct prober *prober;
	struct hold *hold;
	struct load_plan plan;
	struct load_result result;
};

/* --- making ready --- */

static int check_server(const struct load_options *options, struct err *err)
{
	struct usage found;
	int result = options->server_pid > 0 ? usage_read((int)options->server_pid, &found) : 0;

	if (result < 0)
		return err_set(err, result, "cannot watch process '%d': %s",
		               (int)options->server_pid, err_reason(result).text);
	return 0;
}

static int check_threads(const struct load_options *options, struct err *err)
{
	size_t cpus = process_count_cpus();

	if ((size_t)options->threads <= cpus)
		return 0;
	return err_set(err, -EINVAL, "'-t %d' threads are more than this host has CPUs (%zu)",
	               (int)options->threads, cpus);
}

/* None of what was named is left out. */
static int check_shares(const struct command *command, struct err *err)
{
	const struct load_plan *plan = &command->plan;
	bool few_for_targets = plan->connections < plan->target_count;

	if (plan->connections == 0 ||
	    (!few_for_targets && plan->connections >= plan->probe_count))
		return 0;
	return err_set(err, -EINVAL, "'-c %zu' connections are too few for %zu %s",
	               plan->connections,
	               few_for_targets ? plan->target_count : plan->probe_count,
	               few_for_targets ? "endpoints" : "sizes");
}

/* Each connection is a descriptor. */
static int check_descriptors(const struct command *command, struct err *err)
{
	const struct load_options *options = &command->options;
	uint64_t held = options->hold > 0 ? (uint64_t)options->hold : 0;
	uint64_t connections = command->plan.connections;
	uint64_t wanted = held + connections + DESCRIPTORS_BESIDES +
	                  DESCRIPTORS_PER_THREAD * (uint64_t)options->threads;
	uint64_t limit = process_raise_descriptor_limit();

	if (limit == 0 || wanted <= limit)
		return 0;
	return err_set(err, -EMFILE,
	               "'%s %llu' needs more descriptors than the limit of %llu "
	               "(see 'ulimit -Hn')",
	               held > connections ? "--hold" : "-c",
	               (unsigned long long)(held > connections ? held : connections),
	               (unsigned long long)limit);
}

static int check(const struct command *command, struct err *err)
{
	int result = check_threads(&command->options, err);

	if (result == 0)
		result = check_shares(command, err);
	if (result == 0)
		result = check_server(&command->options, err);
	return result < 0 ? result : check_descriptors(command, err);
}

static int open_all(struct command *command, struct err *err)
{
	const struct load_options *options = &command->options;
	const struct load_targets *targets = &command->targets;

	command->plan = load_options_plan(options, targets->items, targets->count);
	int result = check(command, err);

	if (result == 0)
		result = load_run_init(&command->run, err);
	if (result == 0 && options->with_ping)
		result = prober_new(&command->prober, options, targets, err);
	if (result == 0 && options->hold > 0)
		result = hold_new(&command->hold, options, targets->items, targets->count, err);
	if (result == 0)
		result = load_run_prepare(&command->run, &command->plan, &command->result, err);
	/* The last: a file is emptied by it. */
	if (result == 0)
		result = load_outputs_open(&command->outputs, options, err);
	return result;
}

static void close_all(struct command *command)
{
	load_run_done(&command->run);
	prober_free(command->prober);
	hold_free(command->hold);
	load_run_forget(&command->result);
	load_outputs_done(&command->outputs);
	load_targets_done(&command->targets);
	load_options_done(&command->options);
}

/* --- doing it --- */

/* NULL once a signal has come: then there is nothing more to wait for. */
static struct watch *stop_watch(struct command *command)
{
	return command->run.signals.fd < 0 ? NULL : &command->run.signals;
}

static uint64_t server_memory(const struct command *command)
{
	int64_t pid = command->options.server_pid;
	struct usage found;

	return pid > 0 && usage_read((int)pid, &found) == 0 ? found.rss : 0;
}

static void begin_hold(struct command *command)
{
	struct load_hold *counts = &command->result.hold;

	counts->server_rss_before = server_memory(command);
	hold_open(command->hold, stop_watch(command), counts);
	load_run_take_signals(&command->run);
	counts->server_rss_held = server_memory(command);
	if (!command->options.runs && command->options.duration >= 0)
		(void)load_run_pause(&command->run, command->options.duration > 0
		                                            ? command->options.duration
		                                            : FOR_EVER);
}

static void end_hold(struct command *command)
{
	hold_ask(command->hold, stop_watch(command), &command->result.hold);
	load_run_take_signals(&command->run);
}

static int begin_ping(struct command *command, struct err *err)
{
	if (!command->prober)
		return 0;
	int result = prober_start(command->prober, err);

	if (result == 0)
		(void)load_run_pause(&command->run, PROBER_IDLE);
	return result;
}

/* The last probes are awaited, unless somebody has waited long enough. */
static const struct load_ping *end_ping(struct command *command)
{
	prober_stop(command->prober);
	while (!prober_has_ended(command->prober) && load_run_pause(&command->run, GLANCE))
		continue;
	return prober_finish(command->prober);
}

static int run_load(struct command *command, struct err *err)
{
	struct load_run *run = &command->run;
	struct load_result *result = &command->result;
	struct load_hold hold = result->hold;
	int failure = command->options.find
	                      ? load_find(run, &command->plan, command->prober, result, err)
	                      : load_run_go(run, command->prober, result, err);

	result->hold = hold;
	return failure;
}

/* Idle connections alone are the load, where there is no other. */
static int measure(struct command *command, struct err *err)
{
	const struct load_options *options = &command->options;
	int result = 0;

	if (!options->runs) {
		result = begin_ping(command, err);
		prober_loaded(command->prober, clock_mono());
	}
	if (command->hold && result == 0 && !command->run.stopping)
		begin_hold(command);
	if (options->runs && result == 0)
		result = begin_ping(command, err);
	if (options->runs && result == 0 && !command->run.stopping)
		result = run_load(command, err);
	if (command->hold && result == 0)
		end_hold(command);
	if (!options->runs)
		prober_unloaded(command->prober, clock_mono());
	return result;
}

/* --- judging it --- */

static bool judge(const struct command *command)
{
	const struct load_options *options = &command->options;
	struct facts facts = facts_of_load(&command->result);
	bool violated = false;
	struct err finding;

	(void)fflush(stdout);
	for (size_t i = 0; i < options->fail_if.count; i++) {
		if (!verdict_violated(&options->verdicts[i], &facts, &finding))
			continue;
		(void)app_fail("load", &finding);
		violated = true;
	}
	return violated;
}

static bool all_is_well(const struct command *command)
{
	const struct load_result *result = &command->result;

	if (command->hold && result->hold.answered < result->hold.asked)
		return false;
	return !command->options.runs || result->tally.counts.answered > 0;
}

static int run_all(struct command *command, struct err *err)
{
	command->result.hold.asked =
		command->options.hold > 0 ? (uint64_t)command->options.hold : 0;
	load_outputs_begin(&command->outputs, &command->result);
	if (measure(command, err) < 0)
		return app_fail("load", err);
	bool told = load_outputs_end(&command->outputs, &command->result, end_ping(command));
	bool violated = judge(command);

	if (!told)
		return EXIT_TROUBLE;
	return violated || !all_is_well(command) ? EXIT_UNANSWERED : EXIT_ANSWERED;
}

static int begin(struct command *command, int words, char **argv, struct err *err)
{
	int result = load_targets_read(&command->targets, &command->options, words, argv, err);

	if (result == 0)
		result = load_targets_find(&command->targets, &command->options, err);
	command->run.options = &command->options;
	command->run.outputs = &command->outputs;
	command->run.target = command->targets.names;
	if (result == 0)
		result = open_all(command, err);
	return result < 0 ? app_fail("load", err) : run_all(command, err);
}

int load_main(int argc, char **argv)
{
	struct command command = {
		.outputs = { .records.fd = -1, .hgrm.fd = -1 },
		.run = { .loop = { .epoll = -1, .timer = -1 },
		         .signals.fd = -1,
		         .news.fd = -1 },
	};
	struct err err = { 0 };
	int words = load_options_read(&command.options, argc - 1, argv + 1, &err);
	int code = EXIT_ANSWERED;

	if (words < 0)
		code = app_fail("load", &err);
	else if (command.options.help)
		app_print_help(usage, load_option_table());
	else if (command.options.version)
		app_print_version();
	else
		code = begin(&command, words, argv + 1, &err);
	close_all(&command);
	return code;
}
