/* SPDX-License-Identifier: MIT */
/* sounder-serve -- answers: the services, each at its endpoints, by a worker per CPU.
 *
 * The main thread reads the options, opens everything, starts the workers and then waits for
 * signals only; what a stranger sends never reaches it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/common.h"
#include "app/config.h"
#include "app/life.h"
#include "app/process.h"
#include "app/sandbox.h"
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

static void tell_where_metrics(const struct life *life)
{
	struct address host = life->options->metrics_at;
	struct endpoint_text where =
		endpoint_text("http", address_text(&host).text, metrics_port(life->metrics));

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

static void tell_limits(struct life *life)
{
	const struct server *server = &life->server;
	const struct limits *limits = &server->limits;

	if (!is_open_to_others(server))
		return;
	life_tell(life, LOG_LEVEL_INFO, "open to other hosts",
	          JOURNAL_FIELDS(
			  { "max_connections", NULL, limits->max_connections },
			  { "idle_timeout", span_text(limits->idle_timeout).text, 0 },
			  { "owed_by_one_bytes", NULL, (int64_t)limits->owed_by_one },
			  { "owed_max_bytes", NULL,
	                    (int64_t)(limits->owed_max * server->worker_count) },
			  { "datagrams_per_second", NULL, limits->datagram_rate },
			  { "loop_guards", life->options->no_loop_guards ? "off" : "on", 0 }));
}

static void tell_more(struct life *life)
{
	const struct server *server = &life->server;
	const struct limits *limits = &server->limits;
	size_t most = worker_memory_max(limits, server->worker_count) +
	              (life->metrics ? metrics_memory_max() : 0);

	life_tell(life, LOG_LEVEL_INFO, "limits",
	          JOURNAL_FIELDS({ "workers", NULL, (int64_t)server->worker_count },
	                         { "max_connections", NULL, limits->max_connections },
	                         { "memory_max_bytes", NULL, (int64_t)most }));
	if (limits->state_bytes > 0)
		life_tell(life, LOG_LEVEL_INFO, "stamp",
		          JOURNAL_FIELDS(
				  { "sessions_per_worker", NULL,
		                    life->options->stamp_stateless
		                            ? 0
		                            : life->options->stamp_sessions },
				  { "bytes_per_worker", NULL, (int64_t)limits->state_bytes }));
	for (size_t b = 0; b < life->options->endpoint_count; b++) {
		const struct binding *binding = &server->bindings[b];

		if (binding->receive_room > 0)
			life_tell(life, LOG_LEVEL_INFO, "receive buffer",
			          JOURNAL_FIELDS({ "service", binding->ops->name, 0 },
			                         { "port", NULL, binding->endpoint.port },
			                         { "bytes", NULL, binding->receive_room }));
	}
}

static void tell_start(struct life *life)
{
	tell_where(&life->server);
	if (life->metrics)
		tell_where_metrics(life);
	life_tell(life, LOG_LEVEL_INFO, "started",
	          JOURNAL_FIELDS({ "version", SOUNDER_VERSION, 0 }, { "pid", NULL, getpid() },
	                         { "workers", NULL, (int64_t)life->server.worker_count }));
	if (life->server.left_out.text[0])
		life_tell(life, LOG_LEVEL_WARNING, "left out",
		          JOURNAL_FIELDS({ "reason", life->server.left_out.text, 0 }));
	tell_limits(life);
	if (life->options->verbose)
		tell_more(life);
}

/* --- running --- */

static void tell_sandbox(struct life *life, const struct sandbox *sandbox)
{
	const struct sandbox_text lacks = sandbox_lacks(sandbox);

	if (lacks.text[0])
		life_tell(life, LOG_LEVEL_WARNING, "the sandbox has gaps",
		          JOURNAL_FIELDS({ "missing", lacks.text, 0 }));
	if (life->options->verbose)
		life_tell(life, LOG_LEVEL_INFO, "sandbox",
		          JOURNAL_FIELDS({ "in_force", sandbox_text(sandbox).text, 0 }));
}

/* Everything is open, and there is one thread yet. */
static int enter_sandbox(struct life *life, struct err *err)
{
	const char *config = life->options->config;
	const struct config_directory directory = config_directory(config ? config : "");
	const char *const readable[] = { config ? directory.path : NULL, NULL };
	const struct sandbox_needs needs = {
		.relay = life->server.relay != NULL,
		.readable = readable,
	};
	struct sandbox sandbox = { 0 };

	if (life->options->no_sandbox)
		return 0;
	int result = sandbox_enter(&needs, &sandbox, err);

	if (result == 0)
		tell_sandbox(life, &sandbox);
	return result;
}

static int serve(struct life *life)
{
	struct err err = { 0 };
	int result = life_inherit(life, &err);

	if (result == 0)
		result = server_open(&life->server, life->options, &life->inherited, &err);
	if (result == 0)
		result = life_prepare(life, &err);
	if (result == 0)
		result = enter_sandbox(life, &err);
	if (result == 0)
		result = life_start(life, &err);
	if (result < 0)
		return app_fail("serve", &err);
	tell_start(life);
	return life_run(life, &err) < 0 ? app_fail("serve", &err) : EXIT_SUCCESS;
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
	} else {
		(void)app_fail("serve", &(struct err){ "out of memory" });
	}
	free(life);
	return code;
}
