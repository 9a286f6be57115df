/* SPDX-License-Identifier: MIT */
#include "app/ping.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/common.h"
#include "app/ping_options.h"
#include "base/text.h"
#include "probe/session.h"
#include "report/text.h"

enum {
	HAPPENINGS = 64,
	BUFFER_BYTES = 65536,
	LOOKUPS_AT_ONCE = 16,
};

/* Marks of the watches; a channel's is 0. */
enum { WATCH_CHANNEL, WATCH_SIGNAL, WATCH_RESOLVER };

static const char usage[] =
	"usage: sounder ping [OPTIONS] TARGET...\n"
	"\n"
	"  sounder ping example.com                      ICMP, four times, one second apart\n"
	"  sounder ping tcp://example.com                the TCP handshake on port 443\n"
	"  sounder ping -c 100 -i 10ms udp-echo://HOST   a hundred datagrams, 10 ms apart\n"
	"  sounder ping pong://HOST tcp-echo://HOST:7    two targets side by side\n"
	"  sounder ping --kind tcp-echo --host 127.0.0.1 --port 8888 --count 4 --interval 1\n"
	"\n"
	"TARGET is a host, or KIND://HOST[:PORT]; an IPv6 address with a port stands in brackets.\n";

/* One run of the command. */
struct run {
	struct ping_options options;
	struct ping_target *targets;
	size_t target_count;
	size_t found;     /* how many of them have been begun with */
	size_t resolving; /* look-ups under way */
	bool failed;      /* somebody could not be asked */
	struct loop loop;
	struct watch signals;
	struct resolver resolver;
	bool resolver_open;
	struct session *session;
	struct text text;
	struct mono started;
	bool stopping;
};

/* The one sentence for those who may not send ICMP, with every way out. */
static void explain_permission(struct err *err, const struct ping_target *target)
{
	char self[256] = { 0 };

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		memcpy(self, "sounder", sizeof("sounder"));
	(void)err_set(
		err, -EPERM,
		"no permission to send ICMP to '%s': as root run 'setcap cap_net_raw+ep %s' "
		"or 'sysctl net.ipv4.ping_group_range=\"0 2147483647\"', "
		"or go without by 'sounder ping %s'",
		quote(target->endpoint.host).text, self,
		endpoint_text("tcp", target->endpoint.host, -1).text);
}

static void cannot_ask(struct run *run, const struct err *err)
{
	(void)fflush(stdout);
	(void)app_fail("ping", err);
	run->failed = true;
}

/* Starts asking a target whose addresses are known now. */
static void start_target(struct run *run, struct ping_target *target, struct address *addresses,
                         unsigned count)
{
	struct session_target given = {
		.ops = target->ops,
		.name = target->name.text,
		.addresses = addresses,
		.count = count,
		.start = clock_mono(),
	};
	struct err err = { 0 };

	for (unsigned i = 0; i < count && target->endpoint.port > 0; i++)
		address_set_port(&addresses[i], (uint16_t)target->endpoint.port);
	int result = session_add(run->session, &given, &err);

	if (result >= 0)
		return;
	if (result == -EPERM && target->ops->port == 0)
		explain_permission(&err, target);
	else if (run->options.device)
		(void)err_set(&err, result, "cannot ask '%s' from '%s': %s", target->name.text,
		              quote(run->options.device).text, err_reason(result).text);
	else
		(void)err_set(&err, result, "cannot ask '%s': %s", target->name.text,
		              err_reason(result).text);
	cannot_ask(run, &err);
}

static void cannot_resolve(struct run *run, const struct ping_target *target,
                           const char *reason)
{
	struct err err;

	(void)err_set(&err, -ENOENT, "cannot resolve '%s': %s",
	              quote(target->endpoint.host).text, reason);
	cannot_ask(run, &err);
}

static int open_resolver(struct run *run)
{
	if (run->resolver_open)
		return 0;
	int result = resolver_init_threads(&run->resolver);

	if (result < 0)
		return result;
	run->resolver_open = true;
	run->resolver.watch.kind = WATCH_RESOLVER;
	return loop_watch(&run->loop, &run->resolver.watch, LOOP_READ);
}

/* A literal is asked at once; a name when the resolver has found it. */
static void find_target(struct run *run, size_t index)
{
	struct ping_target *target = &run->targets[index];
	struct address literal;

	if (address_parse(target->endpoint.host, &literal) == 0) {
		start_target(run, target, &literal, 1);
		return;
	}
	int result = open_resolver(run);

	if (result == 0)
		result = resolver_ask(&run->resolver, (uint32_t)index, target->endpoint.host,
		                      run->options.family);
	if (result < 0)
		cannot_resolve(run, target, err_reason(result).text);
	else
		run->resolving++;
}

/* Goes on through the targets, as far as look-ups may be under way at once. */
static void find_targets(struct run *run)
{
	while (run->found < run->target_count && run->resolving < LOOKUPS_AT_ONCE)
		find_target(run, run->found++);
}

static void take_answers(struct run *run)
{
	struct resolver_answer answer;

	while (resolver_take(&run->resolver, &answer) == 0) {
		struct ping_target *target = &run->targets[answer.id];

		run->resolving--;
		if (run->stopping)
			continue;
		if (answer.error || answer.count == 0)
			cannot_resolve(run, target, answer.reason);
		else
			start_target(run, target, answer.addresses, answer.count);
	}
	if (!run->stopping)
		find_targets(run);
}

static void take_signals(struct run *run)
{
	for (int signal; (signal = loop_take_signal(&run->signals));) {
		if (signal == SIGQUIT)
			session_report(run->session);
		else
			run->stopping = true;
	}
}

static void take_happening(struct run *run, const struct happening *happening, struct mono now)
{
	switch (happening->watch->kind) {
	case WATCH_SIGNAL:
		take_signals(run);
		break;
	case WATCH_RESOLVER:
		take_answers(run);
		break;
	default:
		session_heard(run->session, happening->watch, now);
		break;
	}
}

static struct mono deadline_of(const struct run *run)
{
	if (run->options.deadline < 0)
		return MONO_NEVER;
	return mono_add(run->started, run->options.deadline);
}

static bool finished(const struct run *run)
{
	return run->stopping || (run->resolving == 0 && session_finished(run->session));
}

static void measure(struct run *run)
{
	struct happening happenings[HAPPENINGS];

	while (!finished(run)) {
		struct mono now = clock_mono();
		struct mono next;

		run->session->wall_offset = clock_wall().ns - now.ns;
		next = session_step(run->session, now);
		if (finished(run))
			break;
		loop_arm(&run->loop, mono_earlier(next, deadline_of(run)));
		if (__fpending(stdout) > 0 && loop_may_write(STDOUT_FILENO))
			(void)fflush(stdout);
		int count = loop_wait(&run->loop, happenings, HAPPENINGS);

		now = clock_mono();
		for (int i = 0; i < count; i++)
			take_happening(run, &happenings[i], now);
		run->stopping = run->stopping || !mono_before(now, deadline_of(run));
	}
	session_stop(run->session);
	/* The summary waits for its reader; then a signal ends it all, as it does any program. */
	loop_release_signals(&run->signals);
}

static int exit_code(const struct run *run)
{
	int64_t wanted =
		run->options.deadline > 0 && run->options.count > 0 ? run->options.count : 1;
	int code = run->failed ? EXIT_TROUBLE : EXIT_ANSWERED;

	for (size_t i = 0; i < run->session->target_count && code != EXIT_TROUBLE; i++)
		if (run->session->targets[i]->tally.received < (uint64_t)wanted)
			code = EXIT_UNANSWERED;
	/* Whoever was not even found when it all ended had no answer either. */
	if (code == EXIT_ANSWERED && (run->resolving > 0 || run->found < run->target_count))
		return EXIT_UNANSWERED;
	return code;
}

static int open_run(struct run *run, struct err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGQUIT, 0 };
	const struct ping_options *options = &run->options;
	struct session_options session = {
		.count = options->count >= 0     ? options->count
		         : options->deadline > 0 ? 0
		                                 : 4,
		.probe = options->probe,
		.loop = &run->loop,
	};
	int result = loop_init(&run->loop);

	run->signals = (struct watch){ .fd = -1, .kind = WATCH_SIGNAL };
	if (result == 0)
		result = loop_watch_signals(&run->loop, &run->signals, signals);
	if (result == 0)
		result = session_new(&run->session, &session);
	if (result < 0)
		return err_set(err, result, "cannot start: %s", err_reason(result).text);
	run->text = (struct text){
		.out = stdout,
		.aside = stderr,
		.probe = &run->session->options.probe,
		.timeout_given = options->timeout > 0,
		.quiet = options->quiet,
		.epoch = options->epoch,
		.outstanding = options->outstanding,
		.verbose = options->verbose,
		.many = run->target_count > 1,
	};
	session_add_sink(run->session, &text_sink, &run->text);
	return 0;
}

static int run_all(struct run *run, struct err *err)
{
	int result = open_run(run, err);

	if (result < 0)
		return app_fail("ping", err);
	loop_be_punctual();
	run->started = clock_mono();
	find_targets(run);
	measure(run);
	session_conclude(run->session);
	return exit_code(run);
}

/* The words that name targets; without any, the target that the options alone describe. */
static int read_targets(struct run *run, int words, char **argv, struct err *err)
{
	const struct ping_options *options = &run->options;
	size_t count = words > 0 ? (size_t)words : 1;

	if (words == 0 && !options->host && !options->kind)
		return err_set(err, -EINVAL, "no target given (see 'sounder ping --help')");
	run->targets = calloc(count, sizeof(struct ping_target));
	if (!run->targets)
		return err_set(err, -ENOMEM, "out of memory");
	run->target_count = count;
	for (size_t i = 0; i < count; i++) {
		int result = ping_target_read(options, words > 0 ? argv[i] : NULL,
		                              &run->targets[i], err);

		if (result < 0)
			return result;
	}
	return 0;
}

int ping_main(int argc, char **argv)
{
	struct run run = { .loop = { .epoll = -1, .timer = -1 } };
	struct err err = { 0 };
	int words = ping_options_read(&run.options, argc - 1, argv + 1, &err);
	int code = EXIT_ANSWERED;

	if (words < 0)
		return app_fail("ping", &err);
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
	session_free(run.session);
	loop_done(&run.loop);
	free(run.targets);
	return code;
}
