/* SPDX-License-Identifier: MIT */
/* sounder-serve -- answers: the services, each at its endpoints, by a worker per CPU.
 *
 * The main thread reads the options, opens everything, starts the workers and then waits for
 * signals only; what a stranger sends never reaches it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/common.h"
#include "app/serve_options.h"
#include "base/text.h"
#include "net/loop.h"
#include "service/binding.h"

enum {
	DESCRIPTORS_BESIDES = 32,    /* what the process needs whatever it serves */
	DESCRIPTORS_PER_WORKER = 8,
	CONNECTIONS_AT_LEAST = 8,
};

/* Marks of the watches of the main thread. */
enum { WATCH_SIGNALS, WATCH_ENDED };

static const char usage[] =
	"usage: sounder serve [OPTIONS] [ENDPOINT...]\n"
	"\n"
	"  sounder serve                                 everything, on loopback only\n"
	"  sounder serve udp-echo://192.0.2.1            one service on one address\n"
	"  sounder serve 'tcp-echo://*:7' 'pong://*'     on every address of both families\n"
	"  sounder serve pong --host 127.0.0.1 --port 42422\n"
	"\n"
	"ENDPOINT is KIND://HOST[:PORT], or a KIND alone:\n"
	"  pong      answer 'ping' by 'pong EPOCH', line by line (port 42422)\n"
	"  tcp-echo  send every byte back (port 8888)\n"
	"  udp-echo  send every datagram back (port 8888)\n";

struct server {
	struct serve_options options;
	struct limits limits;
	struct guard guard;

	struct binding *bindings; /* one for each endpoint */
	struct worker *workers[SERVE_WORKERS_MAX];
	pthread_t threads[SERVE_WORKERS_MAX];
	size_t worker_count, thread_count;

	struct loop loop;
	struct watch signals;
	struct watch ended; /* readable when the last worker has ended */
	_Atomic size_t running;
	bool stopping;
};

/* A line for a person, unless nobody is there to read it: serving does not wait for that. */
static void tell(int fd, const char *format, ...) PRINTF_LIKE(2, 3);

static void tell(int fd, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(line, sizeof(line), format, arguments);

	va_end(arguments);
	if (length <= 0 || !loop_may_write(fd))
		return;
	if (write(fd, line, size_min((size_t)length, sizeof(line) - 1)) < 0)
		return; /* and if it fails, there is nobody to tell that to */
}

/* --- the process --- */

/* What is meant for a log must not reach a peer whose socket got the number of a closed stdout. */
static void fill_standard_descriptors(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = open("/dev/null", O_RDWR);
	if (fd >= 0)
		(void)close(fd);
}

/* Raises the descriptor limit as far as it goes; returns it. */
static uint64_t raise_descriptor_limit(void)
{
	struct rlimit limit = { 0 };

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

static size_t count_cpus(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
		return 1;
	return size_min((size_t)CPU_COUNT(&set), SERVE_WORKERS_MAX);
}

/* --- starting --- */

static void set_limits(struct server *server)
{
	const struct serve_options *options = &server->options;
	uint64_t descriptors = raise_descriptor_limit();
	/* An endpoint has two addresses at most, but for names. */
	uint64_t besides = DESCRIPTORS_BESIDES + DESCRIPTORS_PER_WORKER * server->worker_count +
	                   2 * options->endpoint_count * server->worker_count;
	uint64_t most = descriptors > besides + CONNECTIONS_AT_LEAST ? descriptors - besides
	                                                             : CONNECTIONS_AT_LEAST;

	if (options->max_connections > 0)
		most = (uint64_t)options->max_connections;
	server->limits.max_connections = (uint32_t)(most < INT32_MAX ? most : INT32_MAX);
	server->limits.idle_timeout = options->idle_timeout;
	server->limits.owed_max = OWED_MAX / server->worker_count;
}

static int find_bindings(struct server *server, struct err *err)
{
	size_t count = server->options.endpoint_count;
	int result = 0;

	server->bindings = calloc(count, sizeof(*server->bindings));
	if (!server->bindings)
		return err_set(err, -ENOMEM, "cannot start: out of memory");
	for (size_t i = 0; i < count && result == 0; i++)
		result = binding_find(&server->options.endpoints[i], &server->bindings[i], err);
	return result;
}

static int make_workers(struct server *server, struct err *err)
{
	const struct worker_setup setup = { .limits = &server->limits, .guard = &server->guard };
	int result = 0;

	for (size_t i = 0; i < server->worker_count && result == 0; i++)
		result = worker_new(&server->workers[i], &setup, NULL, err);
	return result;
}

/* Source ports that get silence: the list, our own, but not those that were named. */
static void set_guard(struct server *server)
{
	const struct serve_options *options = &server->options;

	guard_init(&server->guard);
	for (size_t i = 0; i < options->endpoint_count; i++)
		if (server->bindings[i].ops->type == SOCK_DGRAM)
			guard_silence(&server->guard,
			              (uint16_t)server->bindings[i].endpoint.port);
	for (size_t i = 0; i < options->allow_source_ports.count; i++)
		guard_allow(&server->guard, options->allowed_ports[i]);
}

static int open_bindings(struct server *server, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < server->options.endpoint_count && result == 0; i++)
		result = binding_open(&server->bindings[i], server->workers, server->worker_count,
		                      err);
	if (result == 0)
		set_guard(server);
	return result;
}

static int watch_signals(struct server *server, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	server->signals.kind = WATCH_SIGNALS;
	server->ended.kind = WATCH_ENDED;
	int result = loop_init(&server->loop);

	if (result == 0)
		result = loop_watch_signals(&server->loop, &server->signals, signals);
	if (result == 0)
		result = loop_watch_wakes(&server->loop, &server->ended);
	if (result < 0)
		return err_set(err, result, "cannot start: %s", err_reason(result).text);
	return 0;
}

struct seat {
	struct server *server;
	struct worker *worker;
};

static void *run_worker(void *argument)
{
	struct seat seat = *(struct seat *)argument;

	free(argument);
	worker_run(seat.worker);
	if (atomic_fetch_sub(&seat.server->running, 1) == 1)
		loop_wake(&seat.server->ended);
	return NULL;
}

static int start_worker(struct server *server, struct worker *worker)
{
	struct seat *seat = malloc(sizeof(*seat));

	if (!seat)
		return -ENOMEM;
	*seat = (struct seat){ server, worker };
	int error = pthread_create(&server->threads[server->thread_count], NULL, run_worker, seat);

	if (error) {
		free(seat);
		return -error;
	}
	server->thread_count++;
	return 0;
}

static void stop_workers(struct server *server)
{
	for (size_t i = 0; i < server->worker_count; i++)
		worker_stop(server->workers[i]);
}

static int start_workers(struct server *server, struct err *err)
{
	server->running = server->worker_count;
	for (size_t i = 0; i < server->worker_count; i++) {
		int result = start_worker(server, server->workers[i]);

		if (result < 0) {
			stop_workers(server);
			return err_set(err, result, "cannot start a thread: %s",
			               err_reason(result).text);
		}
	}
	return 0;
}

/* --- telling --- */

/* One line for each address; "*" is one. */
static void tell_where(const struct server *server)
{
	for (size_t i = 0; i < RESOLVED_MAX; i++) {
		for (size_t b = 0; b < server->options.endpoint_count; b++) {
			const struct binding *binding = &server->bindings[b];
			bool star = strcmp(binding->endpoint.host, "*") == 0;

			if (i >= (star ? 1 : binding->count))
				continue;
			struct address_text host = address_text(&binding->addresses[i]);

			tell(STDOUT_FILENO, "listening on %s\n",
			     endpoint_text(binding->ops->name, star ? "*" : host.text,
			                   binding->endpoint.port)
				     .text);
		}
	}
}

static bool is_open_to_others(const struct server *server)
{
	for (size_t b = 0; b < server->options.endpoint_count; b++)
		for (size_t i = 0; i < server->bindings[b].count; i++)
			if (!address_is_loopback(&server->bindings[b].addresses[i]))
				return true;
	return false;
}

static void tell_limits(const struct server *server)
{
	const struct limits *limits = &server->limits;

	if (is_open_to_others(server))
		tell(STDERR_FILENO,
		     "sounder: serve: open to other hosts; at most %" PRIu32 " connections, each "
		     "ended after %s of silence, %d kB kept for one that does not read, %d MB "
		     "for all; no answer to source ports that would answer back\n",
		     limits->max_connections, span_text(limits->idle_timeout).text,
		     OWED_BY_ONE >> 10, OWED_MAX >> 20);
}

static void tell_more(const struct server *server)
{
	if (!server->options.verbose)
		return;
	tell(STDERR_FILENO,
	     "sounder: serve: %zu workers, at most %" PRIu32 " connections, at most %zu MB\n",
	     server->worker_count, server->limits.max_connections,
	     worker_memory_max(&server->limits, server->worker_count) >> 20);
	for (size_t b = 0; b < server->options.endpoint_count; b++) {
		const struct binding *binding = &server->bindings[b];

		if (binding->receive_room > 0)
			tell(STDERR_FILENO,
			     "sounder: serve: %s on port %d: receive buffer of %d kB granted\n",
			     binding->ops->name, binding->endpoint.port,
			     binding->receive_room >> 10);
	}
}

/* --- running and ending --- */

static void take_signals(struct server *server)
{
	int number;

	while ((number = loop_take_signal(&server->signals)) > 0) {
		if (number == SIGHUP) {
			if (server->options.verbose)
				tell(STDERR_FILENO, "sounder: serve: SIGHUP: nothing to read again\n");
			continue;
		}
		if (server->stopping)
			_exit(EXIT_TROUBLE);
		server->stopping = true;
		stop_workers(server);
	}
}

static void wait_for_the_end(struct server *server)
{
	struct happening happenings[2];

	while (server->running > 0) {
		int count = loop_wait(&server->loop, happenings, COUNT(happenings));

		for (int i = 0; i < count; i++)
			if (happenings[i].watch->kind == WATCH_SIGNALS)
				take_signals(server);
	}
}

static void release(struct server *server)
{
	for (size_t i = 0; i < server->thread_count; i++)
		(void)pthread_join(server->threads[i], NULL);
	for (size_t i = 0; i < server->worker_count; i++)
		worker_free(server->workers[i]);
	free(server->bindings);
	loop_done(&server->loop);
	free(server);
}

static int start(struct server *server, struct err *err)
{
	int result = watch_signals(server, err);

	if (result == 0)
		result = find_bindings(server, err);
	if (result == 0)
		result = make_workers(server, err);
	if (result == 0)
		result = open_bindings(server, err);
	if (result == 0)
		result = start_workers(server, err);
	return result;
}

static int serve(struct server *server)
{
	struct err err = { 0 };
	int64_t workers = server->options.workers;

	server->worker_count = workers > 0 ? (size_t)workers : count_cpus();
	set_limits(server);
	if (start(server, &err) < 0)
		return app_fail("serve", &err);
	tell_where(server);
	tell_limits(server);
	tell_more(server);
	wait_for_the_end(server);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct server *server = calloc(1, sizeof(*server));
	struct err err = { 0 };
	int code = EXIT_SUCCESS;

	fill_standard_descriptors();
	if (!server) {
		(void)err_set(&err, -ENOMEM, "out of memory");
		return app_fail("serve", &err);
	}
	server->loop = (struct loop){ .epoll = -1, .timer = -1 };
	if (serve_options_read(&server->options, argc, argv, &err) < 0)
		code = app_fail("serve", &err);
	else if (server->options.help)
		app_print_help(usage, serve_option_table());
	else if (server->options.version)
		app_print_version();
	else
		code = serve(server);
	release(server);
	return code;
}
