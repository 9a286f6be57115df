/* SPDX-License-Identifier: MIT */
/* sounder-serve -- answers: the services, each at its endpoints, by a worker per CPU.
 *
 * The main thread reads the options, opens everything, starts the workers and then waits for
 * signals only; what a stranger sends never reaches it.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/common.h"
#include "app/process.h"
#include "app/server.h"
#include "base/text.h"
#include "service/services.h"

/* Marks of the watches of the main thread. */
enum { WATCH_SIGNALS, WATCH_ENDED };

struct command {
	struct serve_options options;
	struct server server;
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

static bool is_open_to_others(const struct server *server)
{
	for (size_t b = 0; b < server->options->endpoint_count; b++)
		for (size_t i = 0; i < server->bindings[b].count; i++)
			if (!address_is_loopback(&server->bindings[b].addresses[i]))
				return true;
	return false;
}

static void tell_limits(const struct server *server)
{
	const struct limits *limits = &server->limits;

	if (is_open_to_others(server))
		process_log(
			server->options->log_json,
			"open to other hosts: at most %" PRIu32 " connections, "
			"each ended after %s of silence; %d kB kept for one that does not read, "
			"%d MB for all; %s source ports that would answer back; %" PRId64
			" datagrams/s from one network (0: any)",
			limits->max_connections, span_text(limits->idle_timeout).text,
			OWED_BY_ONE >> 10, OWED_MAX >> 20,
			server->options->no_loop_guards ? "answers even" : "no answer to",
			limits->datagram_rate);
}

static void tell_more(const struct server *server)
{
	const struct limits *limits = &server->limits;

	process_log(server->options->log_json,
	            "workers: %zu, connections: at most %" PRIu32 ", memory: at most %zu MB",
	            server->worker_count, limits->max_connections,
	            worker_memory_max(limits, server->worker_count) >> 20);
	for (size_t b = 0; b < server->options->endpoint_count; b++) {
		const struct binding *binding = &server->bindings[b];

		if (binding->receive_room > 0)
			process_log(server->options->log_json,
			            "%s on port %d: %d kB of receive buffer",
			            binding->ops->name, binding->endpoint.port,
			            binding->receive_room >> 10);
	}
}

/* --- running --- */

static void stop(struct command *command)
{
	command->stopping = true;
	server_stop(&command->server);
}

static void take_signals(struct command *command)
{
	int number;

	while ((number = loop_take_signal(&command->signals)) > 0) {
		if (number == SIGHUP && command->options.verbose)
			process_log(command->options.log_json, "SIGHUP: nothing to read");
		if (number == SIGHUP)
			continue;
		if (command->stopping)
			_exit(EXIT_TROUBLE);
		stop(command);
	}
}

static void wait_for_the_end(struct command *command)
{
	struct happening happenings[2];

	while (command->server.running > 0) {
		int count = loop_wait(&command->loop, happenings, COUNT(happenings));

		/* Even where the wait failed, so that the server can always be ended. */
		take_signals(command);
		for (int i = 0; i < count; i++)
			if (happenings[i].watch->kind == WATCH_ENDED)
				loop_take_wake(happenings[i].watch);
		if (command->server.trouble && !command->stopping)
			stop(command);
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

static int serve(struct command *command)
{
	struct server *server = &command->server;
	struct err err = { 0 };
	int result = server_open(server, &command->options, &err);

	if (result == 0)
		result = watch_signals(command, &err);
	if (result == 0)
		result = server_start(server, &command->ended, &err);
	if (result == 0) {
		tell_where(server);
		tell_limits(server);
		if (command->options.verbose)
			tell_more(server);
		wait_for_the_end(command);
		if (server->trouble)
			result = err_set(&err, server->trouble,
			                 "a worker cannot wait for events: %s",
			                 err_reason(server->trouble).text);
	}
	server_release(server);
	loop_done(&command->loop);
	return result < 0 ? app_fail("serve", &err) : EXIT_SUCCESS;
}

static int run(struct command *command, int argc, char **argv)
{
	struct err err = { 0 };

	if (serve_options_read(&command->options, argc, argv, &err) < 0)
		return app_fail("serve", &err);
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
	} else {
		(void)app_fail("serve", &(struct err){ "out of memory" });
	}
	free(command);
	return code;
}
