/* SPDX-License-Identifier: MIT */
#include "app/life.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/activation.h"
#include "app/common.h"
#include "app/process.h"
#include "app/reload.h"
#include "base/text.h"

/* Marks of the watches of the main thread. */
enum { WATCH_SIGNALS, WATCH_ENDED, WATCH_DOOR, WATCH_HEIR };

static void free_options(struct serve_options *options)
{
	if (options)
		serve_options_done(options);
	free(options);
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
	life->options = calloc(1, sizeof(*life->options));
	if (!life->options)
		return err_set(err, -ENOMEM, "cannot start: out of memory");
	int result = activation_take(&life->inherited, err);

	if (result == 0)
		result = serve_options_read(life->options, argc, argv, &life->inherited, err);
	return result;
}

void life_done(struct life *life)
{
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

int life_prepare(struct life *life, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	int result = loop_init(&life->loop);

	inherited_close(&life->inherited); /* what nobody serves any more */
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

/* --- the end --- */

static void begin_to_end(struct life *life)
{
	life->stopping = true;
	life->watchdog.due = MONO_NEVER; /* now it is the manager's patience with the end */
	handover_leave(&life->handover, &life->loop);
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
	return 0;
}

static void reload(struct life *life)
{
	struct serve_options *wanted = calloc(1, sizeof(*wanted));
	struct err err = { .text = "out of memory" };

	if (!wanted || change(life, wanted, &err) < 0) {
		free_options(wanted);
		process_log(life->options->log_json, "all stays as it was: %s", err.text);
		notify_tell(&life->notify, "READY=1\nSTATUS=All stays as it was: %s\n",
		            err.text);
	} else {
		process_log(life->options->log_json, "'%s' has been read again",
		            quote(life->options->config).text);
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
	if (life->options->verbose)
		process_log(life->options->log_json, "SIGHUP: nothing to read");
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
		begin_to_end(life);
	}
}

/* --- a successor --- */

static void offer(struct life *life)
{
	struct handed *sockets = NULL;
	size_t count = 0;
	int result = server_sockets(&life->server, &sockets, &count);

	if (result == 0)
		result = handover_offer(&life->handover, &life->loop, sockets, count);
	free(sockets);
	if (result < 0)
		process_log(life->options->log_json, "cannot hand over: %s",
		            result == -EPERM ? "it asks in the name of another user"
		                             : err_reason(result).text);
}

static void hear_heir(struct life *life)
{
	int heir = 0;

	if (!handover_is_done(&life->handover, &life->loop, &heir))
		return;
	process_log(life->options->log_json, "handed over to process %d", heir);
	notify_tell(&life->notify, "MAINPID=%d\nSTATUS=Handed over.\n", heir);
	begin_to_end(life);
}

/* --- the main loop --- */

static void handle(struct life *life, const struct watch *watch)
{
	if (watch->kind == WATCH_SIGNALS)
		take_signals(life);
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

static void wait_for_the_end(struct life *life)
{
	struct happening happenings[4];

	while (life->server.running > 0) {
		loop_arm(&life->loop,
		         mono_earlier(life->watchdog.due, life->handover.patience));
		int count = loop_wait(&life->loop, happenings, COUNT(happenings));

		for (int i = 0; i < count; i++)
			handle(life, happenings[i].watch);
		struct mono now = clock_mono();

		handover_expire(&life->handover, &life->loop, now);
		feed_watchdog(life, now);
	}
}

void life_run(struct life *life)
{
	size_t taken = inherited_taken(&life->inherited);

	handover_confirm(&life->handover);
	if (taken > 0)
		process_log(life->options->log_json, "took over %zu socket%s", taken,
		            taken == 1 ? "" : "s");
	watchdog_init(&life->watchdog, life->notify.watchdog, clock_mono());
	server_prod(&life->server);
	notify_tell(&life->notify, "READY=1\nSTATUS=Serving.\n");
	wait_for_the_end(life);
}
