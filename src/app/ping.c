/* SPDX-License-Identifier: MIT */
#include "app/ping.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/common.h"
#include "app/finder.h"
#include "app/outputs.h"
#include "app/process.h"
#include "app/target_file.h"
#include "base/text.h"

enum {
	HAPPENINGS = 64,
	BUFFER_BYTES = 65536,
	SLEPT = 1000 * 1000, /* ns; what less is missing of the clocks is no suspend */
};

/* Marks of the watches; a channel's is 0. */
enum { WATCH_CHANNEL, WATCH_SIGNAL, WATCH_RESOLVER };

static const char usage[] =
	"usage: sounder ping [OPTIONS] TARGET...\n"
	"\n"
	"  sounder ping example.com                      ICMP, four times, one second apart\n"
	"  sounder ping tcp://example.com                the TCP handshake on port 443\n"
	"  sounder ping -c 100 -i 10ms udp-echo://HOST   a hundred datagrams, 10 ms apart\n"
	"  sounder ping -v stamp://HOST                  each direction, by a STAMP reflector\n"
	"  sounder ping pong://HOST tcp-echo://HOST:7    two targets side by side\n"
	"  sounder ping line://HOST:6379 --send PING --expect +PONG\n"
	"                                                any server that answers a line with a line\n"
	"  sounder ping --kind tcp-echo --host 127.0.0.1 --port 8888 --count 4 --interval 1\n"
	"  sounder ping -c 0 --report 1m -o day.ndjson example.com\n"
	"                                                until stopped, with records in a file\n"
	"  sounder ping -c 20 --fail-if 'loss>1%' --fail-if 'p90>50ms' example.com\n"
	"                                                exit code 1 if it is as bad as that\n"
	"  sounder ping -q -c 5 --targets hosts.txt      thousands of them; a table at the end\n"
	"\n"
	"TARGET is a host, or KIND://HOST[:PORT]; an IPv6 address with a port stands in brackets.\n";

/* One run of the command. */
struct run {
	struct ping_options options;
	struct ping_targets targets;
	struct loop loop;
	struct watch signals;
	struct session *session;
	struct finder finder;
	struct outputs outputs;
	struct mono deadline;
	int64_t suspended; /* how long the machine has been, since it was booted */
	bool stopping;
};

static void take_signals(struct run *run)
{
	for (int signal; (signal = loop_take_signal(&run->signals));) {
		if (signal == SIGQUIT)
			outputs_report(&run->outputs, run->session);
		else
			run->stopping = true;
	}
}

/* Channels first: a name that has moved may do away with one of them. */
static void take_happenings(struct run *run, const struct happening *happenings, int count,
                            struct mono now)
{
	bool signalled = false, resolved = false;

	for (int i = 0; i < count; i++) {
		struct watch *watch = happenings[i].watch;

		signalled = signalled || watch->kind == WATCH_SIGNAL;
		resolved = resolved || watch->kind == WATCH_RESOLVER;
		if (watch->kind == WATCH_CHANNEL)
			session_heard(run->session, watch, now);
	}
	if (resolved)
		finder_heard(&run->finder);
	if (signalled)
		take_signals(run);
}

static bool finished(const struct run *run)
{
	return run->stopping ||
	       (finder_finished(&run->finder) && session_finished(run->session));
}

/* What the other clocks say, once it is known that time has passed. */
static void look_at_clocks(struct run *run, struct mono now)
{
	int64_t suspended = clock_suspended();
	int64_t slept = suspended - run->suspended;

	run->session->wall_offset = clock_wall().ns - now.ns;
	run->suspended = suspended;
	if (slept > SLEPT)
		session_suspended(run->session, slept, now);
}

/* Waits until there is something to do; returns how much has happened. */
static int wait_for(struct run *run, struct mono next, struct mono now,
                    struct happening *happenings)
{
	next = mono_earlier(next, run->deadline);
	/* In a flood there is always something to do, and yet what has come must be taken. */
	if (!mono_before(now, next))
		return loop_poll(&run->loop, happenings, HAPPENINGS);
	loop_arm(&run->loop, next);
	run->stopping = run->stopping || !outputs_flush(&run->outputs);
	return loop_wait(&run->loop, happenings, HAPPENINGS);
}

static void measure(struct run *run)
{
	struct happening happenings[HAPPENINGS];
	struct mono now = clock_mono();

	look_at_clocks(run, now);
	finder_begin(&run->finder, now);
	while (!finished(run)) {
		if (!mono_before(now, run->finder.next)) {
			finder_step(&run->finder, now);
			now = clock_mono(); /* that took its time */
		}
		struct mono next =
			mono_earlier(run->finder.next, session_step(run->session, now));

		if (finished(run))
			break;
		int count = wait_for(run, next, now, happenings);

		now = clock_mono();
		look_at_clocks(run, now);
		take_happenings(run, happenings, count, now);
		if (count > 0)
			now = clock_mono();
		run->stopping = run->stopping || !mono_before(now, run->deadline);
	}
	session_stop(run->session);
	/* The summary waits for its reader; then a signal ends it all, as it does any program. */
	loop_release_signals(&run->signals);
}

/* Holds its end against what the person does not put up with. */
static bool judge_target(const struct ping_options *options, struct target *target)
{
	struct facts facts = facts_of_target(target);
	bool violated = false;
	struct err finding;

	for (size_t i = 0; i < options->fail_if.count; i++) {
		if (!verdict_violated(&options->verdicts[i], &facts, &finding))
			continue;
		(void)app_fail("ping", &finding);
		violated = true;
	}
	return violated;
}

static bool judge(const struct run *run)
{
	const struct ping_options *options = &run->options;
	bool violated = false;

	if (options->fail_if.count == 0)
		return false;

	(void)fflush(stdout);
	for (size_t i = 0; i < run->session->target_count; i++)
		violated = judge_target(options, run->session->targets[i]) || violated;
	return violated;
}

static bool all_answered(const struct run *run)
{
	const struct ping_options *options = &run->options;
	int64_t wanted = options->deadline > 0 && options->count > 0 ? options->count : 1;

	for (size_t i = 0; i < run->session->target_count; i++)
		if (run->session->targets[i]->tally.received < (uint64_t)wanted)
			return false;
	/* Whoever was not even found when it all ended had no answer either. */
	return run->finder.settled == run->targets.count;
}

static int exit_code(const struct run *run)
{
	bool violated = judge(run);

	if (run->finder.failed > 0)
		return EXIT_TROUBLE;
	return violated || !all_answered(run) ? EXIT_UNANSWERED : EXIT_ANSWERED;
}

static int open_run(struct run *run, struct err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGQUIT, 0 };
	const struct ping_options *options = &run->options;
	struct session_options session = ping_options_session(options, run->targets.count);
	int result = outputs_open(&run->outputs, options, run->targets.count, err);

	if (result < 0)
		return result;
	result = loop_init_discreet(&run->loop);
	session.loop = &run->loop;
	run->signals = (struct watch){ .fd = -1, .kind = WATCH_SIGNAL };
	if (result == 0)
		result = loop_watch_signals(&run->loop, &run->signals, signals);
	if (result == 0)
		result = session_new(&run->session, &session);
	if (result < 0)
		return err_set(err, result, "cannot start: %s", err_reason(result).text);
	run->finder = (struct finder){
		.session = run->session,
		.options = options,
		.targets = &run->targets,
		.loop = &run->loop,
		.watch_kind = WATCH_RESOLVER,
		.spread = run->outputs.many && session.pace != PACE_ANSWERS,
	};
	outputs_attach(&run->outputs, run->session);
	return 0;
}

static int run_all(struct run *run, struct err *err)
{
	int64_t deadline = run->options.deadline;
	int result = open_run(run, err);

	if (result < 0)
		return app_fail("ping", err);
	if (run->outputs.many)
		(void)process_raise_descriptor_limit(); /* some kinds need one for each target */
	loop_be_punctual();
	run->suspended = clock_suspended();
	run->deadline = deadline < 0 ? MONO_NEVER : mono_add(clock_mono(), deadline);
	measure(run);
	bool told = outputs_conclude(&run->outputs, run->session);
	int code = exit_code(run);

	return told ? code : EXIT_TROUBLE;
}

static int take_target(void *state, const struct target_line *line, struct err *err)
{
	struct run *run = state;

	return ping_targets_add(&run->targets, &run->options.ask, line->word, line->label, err);
}

/* The words that name targets and the lines that do; without any, the target that the options alone
 * describe. */
static int read_targets(struct run *run, int words, char **argv, struct err *err)
{
	const struct ping_options *options = &run->options;
	int result = 0;

	for (int i = 0; i < words && result == 0; i++)
		result = ping_targets_add(&run->targets, &options->ask, argv[i], NULL, err);
	if (result == 0 && options->targets)
		result = target_file_read(options->targets, take_target, run, err);
	if (result < 0)
		return result;
	if (run->targets.count > 0)
		return ping_targets_check(&run->targets, &options->ask, err);
	if (options->targets)
		return err_set(err, -EINVAL, "'%s' names no target",
		               quote(options->targets).text);
	if (!options->ask.host && !options->ask.kind)
		return err_set(err, -EINVAL, "no target given (see 'sounder ping --help')");
	result = ping_targets_add(&run->targets, &options->ask, NULL, NULL, err);
	return result < 0 ? result : ping_targets_check(&run->targets, &options->ask, err);
}

int ping_main(int argc, char **argv)
{
	struct run run = {
		.loop = { .epoll = -1, .timer = -1 },
		.outputs.records.fd = -1,
	};
	struct err err = { 0 };
	int words = ping_options_read(&run.options, argc - 1, argv + 1, &err);
	int code = EXIT_ANSWERED;

	if (words < 0) {
		ping_options_done(&run.options);
		return app_fail("ping", &err);
	}
	if (run.options.help) {
		app_print_help(usage, ping_option_table());
		return EXIT_ANSWERED;
	}
	if (run.options.version) {
		app_print_version();
		return EXIT_ANSWERED;
	}
	/* Lines leave when the loop goes to sleep, not in the middle of its work. */
	(void)setvbuf(stdout, NULL, _IOFBF, BUFFER_BYTES);
	if (read_targets(&run, words, argv + 1, &err) < 0)
		code = app_fail("ping", &err);
	else
		code = run_all(&run, &err);
	outputs_done(&run.outputs);
	session_free(run.session);
	finder_done(&run.finder);
	loop_done(&run.loop);
	ping_targets_done(&run.targets);
	ping_options_done(&run.options);
	return code;
}
