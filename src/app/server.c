/* SPDX-License-Identifier: MIT */
#include "app/server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "app/capacity.h"
#include "app/handover.h"
#include "app/process.h"
#include "relay/relay.h"
#include "service/desk.h"
#include "service/turns.h"

/* --- opening --- */

static void set_limits(struct server *server)
{
	const struct serve_options *options = server->options;

	server->limits.max_connections = capacity_connections(options, server->worker_count);
	server->limits.room = server->limits.max_connections;
	server->limits.idle_timeout = options->idle_timeout;
	server->limits.datagram_rate = options->rate;
	server->limits.loop_guards = !options->no_loop_guards;
	server->limits.owed_by_one = (size_t)options->high_water_kb << 10;
	server->limits.owed_max =
		((size_t)options->high_water_total_mb << 20) / server->worker_count;
}

static int make_desks(struct server *server, struct err *err)
{
	int result = 0;

	server->desks = calloc(server->worker_count, sizeof(*server->desks));
	if (!server->desks)
		result = -ENOMEM;
	for (size_t i = 0; i < server->worker_count && result == 0; i++)
		result = desk_init(&server->desks[i]);
	return result < 0 ? err_set(err, result, "cannot start: out of memory") : 0;
}

static int read_relay(const struct serve_options *options, struct relay_options *out,
                      struct err *err)
{
	struct relay_options relay = { .open_to_all = options->relay,
		                       .confined = !options->no_sandbox };
	const struct option_list *allow = &options->relay_allow;
	int result = 0;

	for (size_t i = 0; i < allow->count && result == 0; i++)
		result = policy_allow(&relay.policy, allow->items[i], err);
	*out = relay;
	return result;
}

/* First of all, because it forks a helper that should hold nothing of ours. */
static int make_relay(struct server *server, struct err *err)
{
	struct relay_options relay;
	int result = read_relay(server->options, &relay, err);

	if (result < 0 || !capacity_serves(server->options, "pong"))
		return result;
	result = make_desks(server, err);
	if (result == 0)
		result = relay_new(&server->relay, &relay, server->desks, server->worker_count,
		                   err);
	return result;
}

static int find_bindings(struct server *server, struct err *err)
{
	size_t count = server->options->endpoint_count;
	int result = 0;

	server->bindings = calloc(count, sizeof(*server->bindings));
	if (!server->bindings)
		return err_set(err, -ENOMEM, "cannot start: out of memory");
	for (size_t i = 0; i < count && result == 0; i++)
		result =
			binding_find(&server->options->endpoints[i], &server->bindings[i], err);
	return result;
}

static int make_workers(struct server *server, struct err *err)
{
	const struct worker_setup setup = { .limits = &server->limits,
		                            .guard = &server->guard,
		                            .timed = server->options->metrics != NULL,
		                            .bursts = server->options->gro,
		                            .spins = server->options->spin,
		                            .stamp = &server->stamp.setup };
	int result = 0;

	for (size_t i = 0; i < server->worker_count && result == 0; i++)
		result = worker_new(&server->workers[i], &setup,
		                    server->desks ? &server->desks[i] : NULL, err);
	return result;
}

/* Source ports that get silence: the list, our own, but not those that were named. */
static void fill_guard(const struct server *server, const struct serve_options *options,
                       struct guard *guard)
{
	if (options->no_loop_guards)
		return; /* nobody is silenced */
	guard_init(guard);
	for (size_t i = 0; i < options->endpoint_count; i++)
		if (server->bindings[i].ops->type == SOCK_DGRAM)
			guard_silence(guard, (uint16_t)server->bindings[i].endpoint.port);
	for (size_t i = 0; i < options->allow_source_ports.count; i++)
		guard_allow(guard, options->allowed_ports[i]);
}

static int refuse_left(const struct inherited *inherited, struct err *err)
{
	const struct inherited_socket *left = inherited_left(inherited);

	if (!left)
		return 0;
	return err_set(err, -EINVAL, "'%s' (%s) was handed over, but no endpoint is there",
	               address_text_port(&left->address).text,
	               left->type == SOCK_DGRAM ? "UDP" : "TCP");
}

/* What nobody has asked for may be left out where it is not permitted: STAMP's port is privileged. */
static int open_binding(struct server *server, struct binding *binding,
                        struct inherited *inherited, struct err *err)
{
	int result =
		binding_open(binding, server->workers, server->worker_count, inherited, err);

	if (result != -EACCES || !server->options->unasked)
		return result;
	server->left_out = *err;
	binding->count = 0;
	return 0;
}

static int open_bindings(struct server *server, struct inherited *inherited, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < server->options->endpoint_count && result == 0; i++)
		result = open_binding(server, &server->bindings[i], inherited, err);
	if (result == 0)
		result = refuse_left(inherited, err);
	if (result == 0)
		fill_guard(server, server->options, &server->guard);
	return result;
}

int server_open(struct server *server, const struct serve_options *options,
                struct inherited *inherited, struct err *err)
{
	server->options = options;
	server->worker_count = options->workers > 0
	                               ? (size_t)options->workers
	                               : size_min(process_count_cpus(), SERVE_WORKERS_MAX);
	set_limits(server);
	int result = make_relay(server, err);

	if (result == 0)
		result = stamp_service_init(&server->stamp, options, err);
	server->limits.state_bytes = server->stamp.memory;
	if (result == 0)
		result = find_bindings(server, err);
	if (result == 0)
		result = make_workers(server, err);
	if (result == 0)
		result = open_bindings(server, inherited, err);
	stamp_service_done(&server->stamp);
	return result;
}

/* --- changing --- */

static int change_relay(struct server *server, const struct serve_options *wanted,
                        struct err *err)
{
	struct relay_options relay;
	int result = read_relay(wanted, &relay, err);

	if (result < 0 || !server->relay)
		return result;
	result = relay_change(server->relay, &relay);
	return result < 0 ? err_set(err, result, "cannot change: out of memory") : 0;
}

static uint32_t connections_next(const struct server *server,
                                 const struct serve_options *wanted)
{
	if (wanted->max_connections == server->options->max_connections)
		return server->limits.max_connections;
	return capacity_connections(wanted, server->worker_count);
}

/* A table has the size that it was given at start. */
static int refuse_more(const struct server *server, const struct serve_options *wanted,
                       struct err *err)
{
	uint32_t connections = connections_next(server, wanted);

	if (connections <= server->limits.room)
		return 0;
	return err_set(err, -EINVAL,
	               "'%" PRIu32 "' connections are more than there was room for at the "
	               "start (%" PRIu32 "): that needs a restart (see --handover)",
	               connections, server->limits.room);
}

int server_change(struct server *server, const struct serve_options *wanted, struct err *err)
{
	struct guard *guard = calloc(1, sizeof(*guard));
	int result = refuse_more(server, wanted, err);

	if (result == 0 && !guard)
		result = err_set(err, -ENOMEM, "cannot change: out of memory");
	if (result == 0)
		result = change_relay(server, wanted, err);
	if (result == 0) {
		fill_guard(server, wanted, guard);
		guard_copy(&server->guard, guard);
		server->limits.max_connections = connections_next(server, wanted);
		server->limits.idle_timeout = wanted->idle_timeout;
		server->limits.datagram_rate = wanted->rate;
		for (size_t i = 0; i < server->worker_count; i++)
			worker_set_rate(server->workers[i], wanted->rate);
		server->options = wanted;
		server_prod(server);
	}
	free(guard);
	return result;
}

int server_sockets(const struct server *server, struct handed **out, size_t *count)
{
	size_t total = 0, filled = 0;

	for (size_t b = 0; b < server->options->endpoint_count; b++)
		total += server->bindings[b].socket_count;
	struct handed *all = calloc(total + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (size_t b = 0; b < server->options->endpoint_count; b++) {
		const struct binding *binding = &server->bindings[b];

		for (size_t i = 0; i < binding->socket_count; i++)
			all[filled++] =
				(struct handed){ binding->ops->name, binding->sockets[i] };
	}
	*out = all;
	*count = total;
	return 0;
}

void server_turns(const struct server *server, uint64_t *turns)
{
	for (size_t i = 0; i < server->worker_count; i++)
		turns[i] = counter_read(&worker_turns(server->workers[i])->count);
}

void server_prod(const struct server *server)
{
	for (size_t i = 0; i < server->worker_count; i++)
		worker_prod(server->workers[i]);
}

/* --- threads --- */

struct seat {
	struct server *server;
	struct worker *worker;
};

static void *run_worker(void *argument)
{
	struct seat seat = *(struct seat *)argument;

	free(argument);
	int result = worker_run(seat.worker);

	if (result < 0)
		atomic_store(&seat.server->trouble, result);
	if (atomic_fetch_sub(&seat.server->running, 1) == 1 || result < 0)
		loop_wake(seat.server->ended);
	return NULL;
}

static int start_worker(struct server *server, struct worker *worker)
{
	struct seat *seat = malloc(sizeof(*seat));

	if (!seat)
		return -ENOMEM;
	*seat = (struct seat){ server, worker };
	int error =
		pthread_create(&server->threads[server->thread_count], NULL, run_worker, seat);

	if (error) {
		free(seat);
		return -error;
	}
	server->thread_count++;
	return 0;
}

static int start_relay(struct server *server)
{
	if (!server->relay)
		return 0;
	int error = pthread_create(&server->relay_thread, NULL, relay_run, server->relay);

	server->relay_runs = error == 0;
	return -error;
}

int server_start(struct server *server, const struct watch *ended, struct err *err)
{
	int result = start_relay(server);

	server->ended = ended;
	server->running = server->worker_count;
	for (size_t i = 0; i < server->worker_count && result == 0; i++)
		result = start_worker(server, server->workers[i]);
	if (result == 0)
		return 0;
	server_stop(server);
	return err_set(err, result, "cannot start a thread: %s", err_reason(result).text);
}

void server_stop(struct server *server)
{
	/* Whoever waits for the relay gets a last line now, rather than be cut off later. */
	if (server->relay)
		relay_refuse(server->relay);
	for (size_t i = 0; i < server->worker_count; i++)
		worker_stop(server->workers[i]);
}

void server_release(struct server *server)
{
	for (size_t i = 0; i < server->thread_count; i++)
		(void)pthread_join(server->threads[i], NULL);
	if (server->relay_runs) {
		relay_stop(server->relay);
		(void)pthread_join(server->relay_thread, NULL);
	}
	for (size_t i = 0; i < server->worker_count; i++)
		worker_free(server->workers[i]);
	relay_free(server->relay);
	for (size_t i = 0; i < server->worker_count && server->desks; i++)
		desk_done(&server->desks[i]);
	free(server->desks);
	for (size_t i = 0; server->bindings && i < server->options->endpoint_count; i++)
		binding_done(&server->bindings[i]);
	free(server->bindings);
}
