/* SPDX-License-Identifier: MIT */
#include "app/life.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/activation.h"
#include "app/common.h"
#include "app/reload.h"

/* Marks of the watches of the main thread. */
enum { WATCH_SIGNALS, WATCH_ENDED, WATCH_DOOR, WATCH_HEIR };

static void free_options(struct serve_options *options)
{
	if (options)
		serve_options_done(options);
	free(options);
}

void life_tell(struct life *life, enum log_level level, const char *message,
               const struct log_field *fields)
{
	journal_tell(&life->journal, clock_mono(), level, message, fields);
}

/* --- before --- */

int life_init(struct life *life, int argc, char *const *argv, struct err *err)
{
	life->argc = argc;
	life->argv = argv;
	life->loop = (struct loop){ .epoll = -1, .timer = -1 };
	life->signals = (struct watch){ .fd = -1, .kind = WATCH_SIGNALS };
	life->ended = (struct watch){ .fd = -1, .kind = WATCH_ENDED };
	handover_init(&life->handover, WATCH_DOOR, WATCH_HEIR);
	notify_init(&life->notify);
	life->journal.fd = STDERR_FILENO;
	life->options = calloc(1, sizeof(*life->options));
	if (!life->options)
		return err_set(err, -ENOMEM, "cannot start: out of memory");
	int result = activation_take(&life->inherited, err);

	if (result == 0)
		result = serve_options_read(life->options, argc, argv, &life->inherited, err);
	life->journal.json = life->options->log_json;
	return result;
}

void life_done(struct life *life)
{
	metrics_close(life->metrics);
	server_release(&life->server);
	handover_done(&life->handover);
	notify_done(&life->notify);
	inherited_done(&life->inherited);
	free_options(life->options);
	loop_done(&life->loop);
}

int life_inherit(struct life *life, struct err *err)
{
	const char *path = life->options->handover;

	return path ? handover_open(&life->handover, path, &life->inherited, err) : 0;
}

static int open_metrics(struct life *life, struct err *err)
{
	const struct serve_options *options = life->options;

	if (!options->metrics)
		return 0;
	return metrics_open(&life->metrics, &options->metrics_at, &life->inherited, err);
}

int life_prepare(struct life *life, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	int result = open_metrics(life, err);

	if (result < 0)
		return result;
	inherited_close(&life->inherited); /* what nobody serves any more */
	result = loop_init(&life->loop);
	if (result == 0)
		result = loop_watch_signals(&life->loop, &life->signals, signals);
	if (result == 0)
		result = loop_watch_wakes(&life->loop, &life->ended);
	if (result == 0)
		result = handover_watch(&life->handover, &life->loop);
	if (result < 0)
		return err_set(err, result, "cannot start: %s", err_reason(result).text);
	return 0;
}

int life_start(struct life *life, struct err *err)
{
	int result = server_start(&life->server, &life->ended, err);

	if (result < 0 || !life->metrics)
		return result;
	result = metrics_start(life->metrics, &life->server, err);
	if (result < 0)
		server_stop(&life->server);
	return result;
}

/* --- the end --- */

/* signal: what asks for it; 0 = none. */
static void begin_to_end(struct life *life, int signal)
{
	life_tell(life, LOG_LEVEL_INFO, "draining",
	          JOURNAL_FIELDS({ "connections", NULL, life->server.limits.connections },
	                         { signal ? "signal" : NULL, sigabbrev_np(signal), 0 }));
	life->stopping = true;
	life->watchdog.due = MONO_NEVER; /* now it is the manager's patience with the end */
	handover_leave(&life->handover, &life->loop);
	metrics_drain(life->metrics);
	server_stop(&life->server);
}

/* --- reading again --- */

static int change(struct life *life, struct serve_options *wanted, struct err *err)
{
	int result = serve_options_read(wanted, life->argc, life->argv, &life->inherited, err);

	if (result == 0)
		result = reload_check(life->options, wanted, err);
	if (result == 0)
		result = server_change(&life->server, wanted, err);
	if (result < 0)
		return result;
	free_options(life->options);
	life->options = wanted;
	life->journal.json = wanted->log_json;
	return 0;
}

static void reload(struct life *life)
{
	struct serve_options *wanted = calloc(1, sizeof(*wanted));
	struct err err = { .text = "out of memory" };

	if (!wanted || change(life, wanted, &err) < 0) {
		free_options(wanted);
		life_tell(life, LOG_LEVEL_WARNING, "options stay as they were",
		          JOURNAL_FIELDS({ "reason", err.text, 0 }));
		notify_tell(&life->notify, "READY=1\nSTATUS=All stays as it was: %s\n",
		            err.text);
	} else {
		life_tell(life, LOG_LEVEL_INFO, "options read again",
		          JOURNAL_FIELDS({ "file", life->options->config, 0 }));
		notify_tell(&life->notify, "READY=1\nSTATUS=Serving.\n");
	}
}

static void take_hangup(struct life *life)
{
	if (life->stopping)
		return;
	notify_tell(&life->notify, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n",
	            clock_mono().ns / NS_PER_US);
	if (life->options->config) {
		reload(life);
		return;
	}
	life_tell(life, LOG_LEVEL_INFO, "no file of options to read again", NULL);
	notify_tell(&life->notify, "READY=1\n");
}

static void take_signals(struct life *life)
{
	int number;

	while ((number = loop_take_signal(&life->signals)) > 0) {
		if (number == SIGHUP) {
			take_hangup(life);
			continue;
		}
		if (life->stopping)
			_exit(EXIT_TROUBLE);
		notify_tell(&life->notify, "STOPPING=1\nSTATUS=Draining.\n");
		begin_to_end(life, number);
	}
}

/* --- a successor --- */

/* All that a successor is given, as a list to be freed in any case. */
static int list_sockets(struct life *life, struct handed **out, size_t *count)
{
	int result = server_sockets(&life->server, out, count);

	if (result < 0 || !life->metrics)
		return result;
	struct handed *more = reallocarray(*out, *count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	more[*count] = (struct handed){ METRICS_KIND, metrics_socket(life->metrics) };
	*out = more;
	++*count;
	return 0;
}

static void offer(struct life *life)
{
	struct handed *sockets = NULL;
	size_t count = 0;
	int result = list_sockets(life, &sockets, &count);

	if (result == 0)
		result = handover_offer(&life->handover, &life->loop, sockets, count);
	free(sockets);
	if (result < 0)
		life_tell(life, LOG_LEVEL_WARNING, "cannot hand over",
		          JOURNAL_FIELDS({ "reason",
		                           result == -EPERM
		                                   ? "it asks in the name of another user"
		                                   : err_reason(result).text,
		                           0 }));
}

static void hear_heir(struct life *life)
{
	int heir = 0;

	if (!handover_is_done(&life->handover, &life->loop, &heir))
		return;
	life_tell(life, LOG_LEVEL_INFO, "handed over", JOURNAL_FIELDS({ "pid", NULL, heir }));
	notify_tell(&life->notify, "MAINPID=%d\nSTATUS=Handed over.\n", heir);
	metrics_stop(life->metrics); /* or some would be told of us who ask for the heir */
	begin_to_end(life, 0);
}

/* --- the main loop --- */

static void take_trouble(struct life *life)
{
	if (!life->server.trouble || life->stopping)
		return;
	notify_tell(&life->notify, "STOPPING=1\nSTATUS=A worker cannot go on.\n");
	begin_to_end(life, 0);
}

static void handle(struct life *life, struct watch *watch)
{
	if (watch->kind == WATCH_ENDED)
		loop_take_wake(watch);
	else if (watch->kind == WATCH_DOOR && watch->fd >= 0)
		offer(life);
	else if (watch->kind == WATCH_HEIR && watch->fd >= 0)
		hear_heir(life);
}

static void feed_watchdog(struct life *life, struct mono now)
{
	uint64_t turns[SERVE_WORKERS_MAX];

	if (mono_before(now, life->watchdog.due))
		return;
	server_turns(&life->server, turns);
	if (!watchdog_feeds(&life->watchdog, now, turns, life->server.worker_count))
		return;
	notify_tell(&life->notify, "WATCHDOG=1\n");
	server_prod(&life->server);
}

/* When something is to be done even if nothing happens. */
static struct mono next_due(const struct life *life)
{
	return mono_earlier(life->lookout.due,
	                    mono_earlier(life->watchdog.due, life->handover.patience));
}

static void wait_for_the_end(struct life *life)
{
	struct happening happenings[4];

	while (life->server.running > 0) {
		loop_arm(&life->loop, next_due(life));
		int count = loop_wait(&life->loop, happenings, COUNT(happenings));

		take_signals(
			life); /* even where the wait failed: a server can always be ended */
		for (int i = 0; i < count; i++)
			handle(life, happenings[i].watch);
		take_trouble(life);
		struct mono now = clock_mono();

		handover_expire(&life->handover, &life->loop, now);
		feed_watchdog(life, now);
		lookout_look(&life->lookout, &life->server, &life->journal, now);
	}
}

int life_run(struct life *life, struct err *err)
{
	size_t taken = inherited_taken(&life->inherited);

	handover_confirm(&life->handover);
	if (taken > 0)
		life_tell(life, LOG_LEVEL_INFO, "sockets taken over",
		          JOURNAL_FIELDS({ "count", NULL, (int64_t)taken }));
	watchdog_init(&life->watchdog, life->notify.watchdog, clock_mono());
	server_prod(&life->server);
	notify_tell(&life->notify, "READY=1\nSTATUS=Serving.\n");
	wait_for_the_end(life);
	life_tell(life, LOG_LEVEL_INFO, "stopped", NULL);
	if (!life->server.trouble)
		return 0;
	return err_set(err, life->server.trouble, "a worker cannot wait for events: %s",
	               err_reason(life->server.trouble).text);
}
