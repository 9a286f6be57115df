/* SPDX-License-Identifier: MIT */
#include "app/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/metrics_clients.h"
#include "app/metrics_host.h"
#include "app/metrics_page.h"
#include "net/socket.h"
#include "service/turns.h"

#define PAUSE (100 * NS_PER_MS) /* when there is no descriptor for a newcomer */
#define TURN_AT_MOST (5 * NS_PER_SEC)
#define END_AT_MOST (300 * NS_PER_MS) /* for those who have connected */

enum {
	QUEUE = 64,
	HEAD_MAX = 16 << 10,  /* bytes of a request, and of what is made of it */
	CLIENT_MAX = 2 << 10, /* what libmicrohttpd keeps of one besides */
	STACK = 64 << 10,     /* as far as it is ever used */
	HAPPENINGS = 4,
};

enum { WATCH_LISTENER, WATCH_HTTP, WATCH_STOP };

struct metrics {
	struct loop loop;
	struct watch listener, http, stop;
	struct address where;
	struct mono resumes; /* when listening goes on; MONO_NEVER = it goes on now */
	struct mono ends;    /* at the latest; MONO_NEVER = that is not known */
	struct MHD_Daemon *daemon;
	struct metrics_clients clients;
	struct metrics_page page;
	pthread_t thread;
	bool runs;
	atomic_bool draining, stopping;
};

/* --- answers --- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
                              const char *type, char *text, size_t length)
{
	/* Copied: the page may be written anew before this one has left. */
	struct MHD_Response *response =
		MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_COPY);

	if (!response)
		return MHD_NO; /* the connection is closed */
	enum MHD_Result result = MHD_add_response_header(response, "Content-Type", type);

	if (result == MHD_YES)
		result = MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (result == MHD_YES)
		result = MHD_add_response_header(response, "Connection", "close");
	if (result == MHD_YES && status == MHD_HTTP_METHOD_NOT_ALLOWED)
		result = MHD_add_response_header(response, "Allow", "GET, HEAD");
	if (result == MHD_YES)
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status,
                           const char *sentence)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "%s\n", sentence);

	return answer(connection, status, "text/plain; charset=utf-8", text, (size_t)length);
}

static enum MHD_Result answer_page(struct metrics *metrics, struct MHD_Connection *connection)
{
	int length = metrics_page_write(&metrics->page);

	if (length < 0)
		return say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "too much to tell");
	return answer(connection, MHD_HTTP_OK, PROMETHEUS_CONTENT_TYPE, metrics->page.text,
	              (size_t)length);
}

/* A worker that waits for something to happen is as well as one that works. */
static bool is_any_stuck(const struct server *server)
{
	struct mono now = clock_mono();

	for (size_t i = 0; i < server->worker_count; i++)
		if (turns_age(worker_turns(server->workers[i]), now) > TURN_AT_MOST)
			return true;
	return false;
}

static enum MHD_Result answer_health(struct metrics *metrics, struct MHD_Connection *connection)
{
	if (atomic_load(&metrics->draining))
		return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "draining");
	if (is_any_stuck(metrics->page.server))
		return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "a worker is stuck");
	return say(connection, MHD_HTTP_OK, "healthy");
}

static bool is_for_us(const struct metrics *metrics, struct MHD_Connection *connection)
{
	const char *host =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);

	return !address_is_loopback(&metrics->where) ||
	       (host && metrics_host_is_loopback(host, metrics_port(metrics)));
}

/* Paths are compared as they were sent: none of ours needs to be decoded. */
static size_t leave_escaped(void *context __attribute__((unused)),
                            struct MHD_Connection *connection __attribute__((unused)),
                            char *text)
{
	return strlen(text);
}

/* Called when the head of a request has been read; its body, if any, is not waited for. */
/* NOLINTNEXTLINE(readability-function-size): the parameters are libmicrohttpd's */
static enum MHD_Result take_request(void *context, struct MHD_Connection *connection,
                                    const char *path, const char *method,
                                    const char *version __attribute__((unused)),
                                    const char *body __attribute__((unused)),
                                    size_t *body_size __attribute__((unused)),
                                    void **request __attribute__((unused)))
{
	struct metrics *metrics = context;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct metrics_client *client = info ? info->socket_context : NULL;

	if (client)
		client->since = clock_mono();
	if (!is_for_us(metrics, connection))
		return say(connection, MHD_HTTP_MISDIRECTED_REQUEST, "not this host");
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD");
	if (strcmp(path, "/metrics") == 0)
		return answer_page(metrics, connection);
	if (strcmp(path, "/-/healthy") == 0)
		return answer_health(metrics, connection);
	return say(connection, MHD_HTTP_NOT_FOUND, "/metrics or /-/healthy");
}

/* --- clients --- */

/* libmicrohttpd has a connection, or is about to close it. */
static void take_notice(void *context, struct MHD_Connection *connection, void **client,
                        enum MHD_ConnectionNotificationCode code)
{
	struct metrics *metrics = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

		*client = metrics_clients_oldest(&metrics->clients);
		*(struct metrics_client *)*client =
			(struct metrics_client){ info ? info->connect_fd : -1, clock_mono() };
	} else if (*client) {
		metrics_client_forget(*client);
	}
}

static void pause_listening(struct metrics *metrics)
{
	loop_rewatch(&metrics->loop, &metrics->listener, 0);
	metrics->resumes = mono_add(clock_mono(), PAUSE);
}

static void resume_listening(struct metrics *metrics, struct mono now)
{
	if (mono_before(now, metrics->resumes))
		return;
	metrics->resumes = MONO_NEVER;
	loop_rewatch(&metrics->loop, &metrics->listener, LOOP_READ);
}

/* Takes in one; the listener tells when there are more. */
static void take_newcomer(struct metrics *metrics)
{
	struct metrics_client *place = metrics_clients_oldest(&metrics->clients);
	struct address peer = { 0 };

	if (place->fd >= 0) {
		socket_shutdown(place->fd);
		return;
	}
	int fd = socket_accept(metrics->listener.fd, &peer);

	if (fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM)
		pause_listening(metrics);
	if (fd >= 0)
		(void)MHD_add_connection(metrics->daemon, fd, &peer.any,
		                         address_length(&peer)); /* which closes it if not */
}

/* --- running --- */

/* When something is to be done even if nothing happens. */
static struct mono next_due(struct metrics *metrics)
{
	struct mono due = mono_earlier(metrics->resumes, metrics->ends);
	MHD_UNSIGNED_LONG_LONG left;

	due = mono_earlier(due, metrics_clients_due(&metrics->clients));
	if (MHD_get_timeout(metrics->daemon, &left) == MHD_YES)
		due = mono_earlier(due, mono_add(clock_mono(), (int64_t)left * NS_PER_MS));
	return due;
}

/* Nobody is taken in any more. */
static void begin_to_end(struct metrics *metrics, struct mono now)
{
	loop_take_wake(&metrics->stop);
	loop_unwatch(&metrics->loop, &metrics->listener);
	socket_close(&metrics->listener.fd);
	metrics->resumes = MONO_NEVER;
	metrics->ends = mono_add(now, END_AT_MOST);
}

static bool has_ended(const struct metrics *metrics, struct mono now)
{
	return metrics->listener.fd < 0 &&
	       (!metrics_clients_any(&metrics->clients) || !mono_before(now, metrics->ends));
}

static void *run(void *argument)
{
	struct metrics *metrics = argument;
	struct happening happenings[HAPPENINGS];

	while (!has_ended(metrics, clock_mono())) {
		loop_arm(&metrics->loop, next_due(metrics));
		int count = loop_wait(&metrics->loop, happenings, HAPPENINGS);
		struct mono now = clock_mono();

		for (int i = 0; i < count; i++)
			if (happenings[i].watch->kind == WATCH_LISTENER)
				take_newcomer(metrics);
		resume_listening(metrics, now);
		metrics_clients_expire(&metrics->clients, now);
		(void)MHD_run(metrics->daemon);
		if (metrics->listener.fd >= 0 && atomic_load(&metrics->stopping))
			begin_to_end(metrics, now);
	}
	return NULL;
}

/* --- beginning and ending --- */

/* The socket of a predecessor listens already, and has those who wait in its queue. */
static int find_listener(struct metrics *metrics, struct inherited *inherited)
{
	struct watch *listener = &metrics->listener;

	listener->fd = inherited_take(inherited, METRICS_KIND, SOCK_STREAM, &metrics->where);
	if (listener->fd >= 0)
		return 0;
	int fd = socket_bind(&metrics->where, SOCK_STREAM, SOCKET_ALONE);

	if (fd < 0)
		return fd;
	listener->fd = fd;
	return socket_listen(fd, QUEUE);
}

static int listen_there(struct metrics *metrics, struct inherited *inherited, struct err *err)
{
	int result = find_listener(metrics, inherited);

	if (result == 0)
		result = loop_watch(&metrics->loop, &metrics->listener, LOOP_READ);
	if (result == -EADDRINUSE)
		return err_set(err, result, "cannot serve metrics on '%s': address in use",
		               address_text_port(&metrics->where).text);
	if (result < 0)
		return err_set(err, result, "cannot serve metrics on '%s': %s",
		               address_text_port(&metrics->where).text,
		               err_reason(result).text);
	return 0;
}

/* libmicrohttpd without a thread and a listener of its own; its epoll is watched by our loop. */
static int start_http(struct metrics *metrics)
{
	tzset(); /* else the first Date would open files, when the process may do so no more */
	metrics->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, take_request, metrics,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)METRICS_CLIENTS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MAX,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_NOTIFY_CONNECTION,
		take_notice, metrics, MHD_OPTION_END);
	const union MHD_DaemonInfo *info =
		metrics->daemon ? MHD_get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_EPOLL_FD)
				: NULL;

	if (!info)
		return -ENOMEM;
	metrics->http = (struct watch){ info->epoll_fd, WATCH_HTTP };
	return loop_watch(&metrics->loop, &metrics->http, LOOP_READ);
}

int metrics_open(struct metrics **out, const struct address *where, struct inherited *inherited,
                 struct err *err)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return err_set(err, -ENOMEM, "cannot serve metrics: out of memory");
	metrics->where = *where;
	metrics->resumes = MONO_NEVER;
	metrics->ends = MONO_NEVER;
	metrics->listener = (struct watch){ -1, WATCH_LISTENER };
	metrics->stop = (struct watch){ -1, WATCH_STOP };
	metrics_clients_init(&metrics->clients);
	int result = loop_init(&metrics->loop);

	if (result == 0)
		result = loop_watch_wakes(&metrics->loop, &metrics->stop);
	if (result == 0)
		result = start_http(metrics);
	if (result < 0)
		(void)err_set(err, result, "cannot serve metrics: %s", err_reason(result).text);
	else
		result = listen_there(metrics, inherited, err);
	if (result < 0)
		metrics_close(metrics);
	else
		*out = metrics;
	return result;
}

uint16_t metrics_port(const struct metrics *metrics)
{
	return address_port(&metrics->where);
}

int metrics_socket(const struct metrics *metrics)
{
	return metrics->listener.fd;
}

/* Each answer is a copy of the page. */
size_t metrics_memory_max(void)
{
	return sizeof(struct metrics) + STACK +
	       (size_t)METRICS_CLIENTS_MAX * (CLIENT_MAX + HEAD_MAX + METRICS_PAGE_ROOM);
}

int metrics_start(struct metrics *metrics, const struct server *server, struct err *err)
{
	int result = metrics_page_init(&metrics->page, server);

	if (result == 0)
		result = -pthread_create(&metrics->thread, NULL, run, metrics);
	metrics->runs = result == 0;
	return result < 0 ? err_set(err, result, "cannot serve metrics: %s",
	                            err_reason(result).text)
	                  : 0;
}

void metrics_drain(struct metrics *metrics)
{
	if (metrics)
		atomic_store(&metrics->draining, true);
}

void metrics_stop(struct metrics *metrics)
{
	if (!metrics)
		return;
	atomic_store(&metrics->stopping, true);
	loop_wake(&metrics->stop);
}

void metrics_close(struct metrics *metrics)
{
	if (!metrics)
		return;
	metrics_stop(metrics);
	if (metrics->runs)
		(void)pthread_join(metrics->thread, NULL);
	if (metrics->daemon)
		MHD_stop_daemon(metrics->daemon);
	socket_close(&metrics->listener.fd);
	socket_close(&metrics->stop.fd);
	loop_done(&metrics->loop);
	free(metrics);
}
