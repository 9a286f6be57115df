/* SPDX-License-Identifier: MIT */
/* sounder-serve -- answers: the services, each at its endpoints, by a worker per CPU.
 *
 * The main thread reads the options, opens everything, starts the workers and then waits for
 * signals only; what a stranger sends never reaches it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/common.h"
#include "app/lookout.h"
#include "app/metrics.h"
#include "app/process.h"
#include "app/server.h"
#include "base/text.h"
#include "service/services.h"

/* Marks of the watches of the main thread. */
enum { WATCH_SIGNALS, WATCH_ENDED };

struct command {
	struct serve_options options;
	struct server server;
	struct metrics *metrics; /* NULL = nobody asked for them */
	struct journal journal;
	struct lookout lookout;
	struct loop loop;
	struct watch signals, ended;
	bool stopping;
};

/* --- telling --- */

static void print_help(void)
{
	char usage[2048];
	int used =
		snprintf(usage, sizeof(usage), "%s",
	                 "usage: sounder serve [OPTIONS] [ENDPOINT...]\n"
	                 "\n"
	                 "  sounder serve                              all, on loopback only\n"
	                 "  sounder serve udp-echo://192.0.2.1         one, on one address\n"
	                 "  sounder serve 'tcp-echo://*:7' 'pong://*'  on every address\n"
	                 "  sounder serve pong --host 127.0.0.1 --port 42422\n"
	                 "\n"
	                 "ENDPOINT is KIND://HOST[:PORT], or a KIND alone:\n");

	for (const struct service_ops *const *ops = services_all; *ops; ops++)
		used += snprintf(usage + used, sizeof(usage) - (size_t)used,
		                 "  %-9s %s, port %u\n", (*ops)->name, (*ops)->help,
		                 (unsigned)(*ops)->port);
	app_print_help(usage, serve_option_table());
}

/* One line for each address; "*" is one. */
static void tell_where(const struct server *server)
{
	for (size_t i = 0; i < RESOLVED_MAX; i++) {
		for (size_t b = 0; b < server->options->endpoint_count; b++) {
			const struct binding *binding = &server->bindings[b];
			bool star = strcmp(binding->endpoint.host, "*") == 0;

			if (i >= (star ? 1 : binding->count))
				continue;
			struct address_text host = address_text(&binding->addresses[i]);
			struct endpoint_text where =
				endpoint_text(binding->ops->name, star ? "*" : host.text,
			                      binding->endpoint.port);

			process_tell(STDOUT_FILENO, "listening on %s\n", where.text);
		}
	}
}

static void tell_where_metrics(const struct command *command)
{
	struct address host = command->options.metrics_at;
	struct endpoint_text where =
		endpoint_text("http", address_text(&host).text, metrics_port(command->metrics));

	process_tell(STDOUT_FILENO, "listening on metrics %s/metrics\n", where.text);
}

static bool is_open_to_others(const struct server *server)
{
	for (size_t b = 0; b < server->options->endpoint_count; b++)
		for (size_t i = 0; i < server->bindings[b].count; i++)
			if (!address_is_loopback(&server->bindings[b].addresses[i]))
				return true;
	return false;
}

static void tell(struct command *command, enum log_level level, const char *message,
                 const struct log_field *fields)
{
	journal_tell(&command->journal, clock_mono(), level, message, fields);
}

static void tell_limits(struct command *command)
{
	const struct limits *limits = &command->server.limits;

	if (!is_open_to_others(&command->server))
		return;
	tell(command, LOG_LEVEL_INFO, "open to other hosts",
	     JOURNAL_FIELDS(
		     { "max_connections", NULL, limits->max_connections },
		     { "idle_timeout", span_text(limits->idle_timeout).text, 0 },
		     { "owed_by_one_bytes", NULL, OWED_BY_ONE },
		     { "owed_max_bytes", NULL, OWED_MAX },
		     { "datagrams_per_second", NULL, limits->datagram_rate },
		     { "loop_guards", command->options.no_loop_guards ? "off" : "on", 0 }));
}

static void tell_more(struct command *command)
{
	const struct server *server = &command->server;
	const struct limits *limits = &server->limits;
	size_t most = worker_memory_max(limits, server->worker_count);

	tell(command, LOG_LEVEL_INFO, "limits",
	     JOURNAL_FIELDS({ "workers", NULL, (int64_t)server->worker_count },
	                    { "max_connections", NULL, limits->max_connections },
	                    { "memory_max_bytes", NULL, (int64_t)most }));
	for (size_t b = 0; b < command->options.endpoint_count; b++) {
		const struct binding *binding = &server->bindings[b];

		if (binding->receive_room > 0)
			tell(command, LOG_LEVEL_INFO, "receive buffer",
			     JOURNAL_FIELDS({ "service", binding->ops->name, 0 },
			                    { "port", NULL, binding->endpoint.port },
			                    { "bytes", NULL, binding->receive_room }));
	}
}

static void tell_start(struct command *command)
{
	tell_where(&command->server);
	if (command->metrics)
		tell_where_metrics(command);
	tell(command, LOG_LEVEL_INFO, "started",
	     JOURNAL_FIELDS({ "version", SOUNDER_VERSION, 0 }, { "pid", NULL, getpid() },
	                    { "workers", NULL, (int64_t)command->server.worker_count }));
	tell_limits(command);
	if (command->options.verbose)
		tell_more(command);
}

/* --- running --- */

static void begin_to_end(struct command *command, int number)
{
	command->stopping = true;
	tell(command, LOG_LEVEL_INFO, "draining",
	     JOURNAL_FIELDS({ "signal", sigabbrev_np(number), 0 },
	                    { "connections", NULL, command->server.limits.connections }));
	metrics_drain(command->metrics);
	server_stop(&command->server);
}

static void take_signals(struct command *command)
{
	int number;

	while ((number = loop_take_signal(&command->signals)) > 0) {
		if (number == SIGHUP && command->options.verbose)
			tell(command, LOG_LEVEL_INFO, "nothing to read again", NULL);
		if (number == SIGHUP)
			continue;
		if (command->stopping)
			_exit(EXIT_TROUBLE);
		begin_to_end(command, number);
	}
}

static void wait_for_the_end(struct command *command)
{
	struct happening happenings[2];

	while (command->server.running > 0) {
		loop_arm(&command->loop, command->lookout.due);
		int count = loop_wait(&command->loop, happenings, COUNT(happenings));

		for (int i = 0; i < count; i++)
			if (happenings[i].watch->kind == WATCH_SIGNALS)
				take_signals(command);
		lookout_look(&command->lookout, &command->server, &command->journal,
		             clock_mono());
	}
}

static int watch_signals(struct command *command, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	int result = loop_init(&command->loop);

	command->signals.kind = WATCH_SIGNALS;
	command->ended.kind = WATCH_ENDED;
	if (result == 0)
		result = loop_watch_signals(&command->loop, &command->signals, signals);
	if (result == 0)
		result = loop_watch_wakes(&command->loop, &command->ended);
	if (result < 0)
		return err_set(err, result, "cannot start: %s", err_reason(result).text);
	return 0;
}

static int start_metrics(struct command *command, struct err *err)
{
	if (!command->metrics)
		return 0;
	int result = metrics_start(command->metrics, &command->server, err);

	if (result < 0)
		server_stop(&command->server);
	return result;
}

static int start(struct command *command, struct err *err)
{
	struct server *server = &command->server;
	const struct serve_options *options = &command->options;
	int result = server_open(server, options, err);

	if (result == 0 && options->metrics)
		result = metrics_open(&command->metrics, &options->metrics_at, err);
	if (result == 0)
		result = watch_signals(command, err);
	if (result == 0)
		result = server_start(server, &command->ended, err);
	if (result == 0)
		result = start_metrics(command, err);
	return result;
}

static int serve(struct command *command)
{
	struct err err = { 0 };
	int result = start(command, &err);

	if (result == 0) {
		tell_start(command);
		wait_for_the_end(command);
		tell(command, LOG_LEVEL_INFO, "stopped", NULL);
	}
	metrics_close(command->metrics);
	server_release(&command->server);
	loop_done(&command->loop);
	return result < 0 ? app_fail("serve", &err) : EXIT_SUCCESS;
}

static int run(struct command *command, int argc, char **argv)
{
	struct err err = { 0 };

	if (serve_options_read(&command->options, argc, argv, &err) < 0)
		return app_fail("serve", &err);
	command->journal =
		(struct journal){ .json = command->options.log_json, .fd = STDERR_FILENO };
	if (command->options.help)
		print_help();
	else if (command->options.version)
		app_print_version();
	else
		return serve(command);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct command *command = calloc(1, sizeof(*command));
	int code = EXIT_TROUBLE;

	process_fill_standard_descriptors();
	(void)signal(SIGPIPE, SIG_IGN);
	if (command) {
		command->loop = (struct loop){ .epoll = -1, .timer = -1 };
		code = run(command, argc, argv);
	}
	free(command);
	return code;
}
