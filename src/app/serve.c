/* SPDX-License-Identifier: MIT */
/* sounder-serve -- answers: the services, each at its endpoints, by a worker per CPU.
 *
 * The main thread reads the options, opens everything, starts the workers and then waits for
 * signals only; what a stranger sends never reaches it.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/common.h"
#include "app/life.h"
#include "app/process.h"
#include "base/text.h"
#include "service/services.h"

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
			"each ended after %s of silence; %zu kB kept for one that does not read, "
			"%zu MB for all; %s source ports that would answer back; %" PRId64
			" datagrams/s from one network (0: any)",
			limits->max_connections, span_text(limits->idle_timeout).text,
			limits->owed_by_one >> 10,
			limits->owed_max * server->worker_count >> 20,
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
	if (limits->state_bytes > 0)
		process_log(server->options->log_json,
		            "stamp: at most %" PRId64 " sessions, %zu kB, at each worker",
		            server->options->stamp_stateless ? 0
		                                             : server->options->stamp_sessions,
		            limits->state_bytes >> 10);
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

static int serve(struct life *life)
{
	struct server *server = &life->server;
	struct err err = { 0 };
	int result = life_inherit(life, &err);

	if (result == 0)
		result = server_open(server, life->options, &life->inherited, &err);
	if (result == 0)
		result = life_prepare(life, &err);
	if (result == 0)
		result = server_start(server, &life->ended, &err);
	if (result < 0)
		return app_fail("serve", &err);
	tell_where(server);
	tell_limits(server);
	if (life->options->verbose)
		tell_more(server);
	life_run(life);
	return EXIT_SUCCESS;
}

static int run(struct life *life, int argc, char **argv)
{
	struct err err = { 0 };
	int result = life_init(life, argc, argv, &err);

	if (result < 0)
		return app_fail("serve", &err);
	if (life->options->help)
		print_help();
	else if (life->options->version)
		app_print_version();
	else
		return serve(life);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct life *life = calloc(1, sizeof(*life));
	int code = EXIT_TROUBLE;

	process_fill_standard_descriptors();
	(void)signal(SIGPIPE, SIG_IGN);
	if (life) {
		code = run(life, argc, argv);
		life_done(life);
	}
	free(life);
	return code;
}
