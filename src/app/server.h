/* SPDX-License-Identifier: MIT */
/* server -- everything that serves, put together: bindings, workers and their threads, the relay. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "app/serve_options.h"
#include "app/stamp_service.h"
#include "net/loop.h"
#include "service/binding.h"

struct desk;
struct handed;
struct relay;

struct server {
	const struct serve_options *options;
	struct limits limits;
	struct guard guard;
	struct stamp_service stamp;
	struct binding *bindings; /* one for each endpoint */
	struct err left_out; /* why what nobody has asked for is not served; empty = all is */

	struct worker *workers[SERVE_WORKERS_MAX];
	pthread_t threads[SERVE_WORKERS_MAX];
	size_t worker_count, thread_count;
	_Atomic size_t running;    /* threads of workers */
	_Atomic int trouble;       /* why one of them could not go on; 0 = none */
	const struct watch *ended; /* woken when there are none any more, or there is trouble */

	struct relay *relay; /* NULL: nobody can ask for it */
	struct desk *desks;  /* one for each worker */
	pthread_t relay_thread;
	bool relay_runs;
};

/* Opens all that the options, which are borrowed, ask for, out of what is inherited where it is there;
 * forks, so it comes before anything that
 * a child should not hold.  The server is zeroed; after a failure, too, it must be released. */
MUST_CHECK int server_open(struct server *server, const struct serve_options *options,
                           struct inherited *inherited, struct err *err);

/* Does from now on what wanted, which is borrowed, says: the options differ only where reload_check() allows
 * it.  Negative with the reason: then nothing has changed. */
MUST_CHECK int server_change(struct server *server, const struct serve_options *wanted,
                             struct err *err);

/* Every socket at which it serves, as a list to be freed; they are the server's until server_stop().
 * -ENOMEM. */
MUST_CHECK int server_sockets(const struct server *server, struct handed **out, size_t *count);

/* The turns that each worker has had, into SERVE_WORKERS_MAX places; and asks each for another. */
void server_turns(const struct server *server, uint64_t *turns);
void server_prod(const struct server *server);

/* Serves, in threads of its own, until server_stop(); then ended is woken. */
MUST_CHECK int server_start(struct server *server, const struct watch *ended, struct err *err);

/* Begins to end. */
void server_stop(struct server *server);

/* Waits for its threads and gives everything back. */
void server_release(struct server *server);
