/* SPDX-License-Identifier: MIT */
#include "app/load_run.h"

#include <errno.h>
#include <signal.h>

#include "app/usage.h"
#include "net/socket.h"

enum { HAPPENINGS = 4 };

/* For the threads to hear of it. */
#define START_DELAY (5 * NS_PER_MS)

/* One load, while it runs. */
struct course {
	struct load_run *run;
	struct prober *prober; /* NULL: none, or its owner tells it */
	struct load_result *result;
	struct mono from, until; /* what is measured; from: MONO_NEVER before the start */
	bool begun, ended, stopped;
	struct usage before; /* of the server, at from */
	bool watched;        /* and it was known */
	struct load_tally lately;
	struct mono start, told,
		next; /* progress: told last, or from; when it is asked for again */
};

/* --- what all have in common --- */

int load_run_init(struct load_run *run, struct err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, 0 };

	run->signals.fd = run->news.fd = -1;
	int result = loop_init(&run->loop);

	if (result == 0)
		result = loop_watch_signals(&run->loop, &run->signals, signals);
	if (result == 0)
		result = loop_watch_wakes(&run->loop, &run->news);
	return result < 0 ? err_set(err, result, "cannot start: %s", err_reason(result).text)
	                  : 0;
}

void load_run_done(struct load_run *run)
{
	load_threads_free(run->threads);
	run->threads = NULL;
	socket_close(&run->news.fd);
	socket_close(&run->signals.fd);
	loop_done(&run->loop);
}

void load_run_take_signals(struct load_run *run)
{
	if (run->signals.fd < 0 || loop_take_signal(&run->signals) == 0)
		return;
	run->stopping = true;
	loop_unwatch(&run->loop, &run->signals);
	loop_release_signals(&run->signals);
}

static void wait_until(struct load_run *run, struct mono until)
{
	struct happening happenings[HAPPENINGS];

	loop_arm(&run->loop, until);
	int count = loop_wait(&run->loop, happenings, HAPPENINGS);

	for (int i = 0; i < count; i++)
		if (happenings[i].watch == &run->news)
			loop_take_wake(&run->news);
	load_run_take_signals(run);
}

bool load_run_pause(struct load_run *run, int64_t span)
{
	struct mono end = mono_add(clock_mono(), span);

	while (!run->stopping && mono_before(clock_mono(), end))
		wait_until(run, end);
	return !run->stopping;
}

/* --- the server --- */

static bool read_server(const struct course *course, struct usage *out)
{
	int64_t pid = course->run->options->server_pid;

	return pid > 0 && usage_read((int)pid, out) == 0;
}

static void begin_measuring(struct course *course)
{
	course->begun = true;
	course->watched = read_server(course, &course->before);
}

static void end_measuring(struct course *course)
{
	struct load_server *server = &course->result->server;
	struct usage usage;

	course->ended = true;
	if (!course->watched || !read_server(course, &usage))
		return;
	server->known = true;
	server->cpu_time = usage_spent(&course->before, &usage);
	server->rss = usage.rss;
	server->more = course->before.more || usage.more;
}

/* --- progress --- */

static void ask_how_it_stands(struct course *course, struct mono now)
{
	load_threads_ask(course->run->threads);
	while (!mono_before(now, course->next))
		course->next = mono_add(course->next, NS_PER_SEC);
}

static void tell_how_it_stands(struct course *course, struct mono now)
{
	struct mono upto = mono_earlier(now, course->until);
	struct load_progress progress = {
		.tally = &course->lately,
		.span = mono_since(upto, course->told),
		.elapsed = mono_since(upto, course->start),
	};

	if (progress.span <= 0)
		return;
	load_outputs_progress(course->run->outputs, course->result, &progress);
	load_tally_clear(&course->lately);
	course->told = upto;
}

/* --- the course of it --- */

static void stop(struct course *course, struct mono now)
{
	course->stopped = true;
	if (!course->begun)
		course->from = MONO_NEVER;
	course->until = mono_earlier(course->until, now);
	prober_unloaded(course->prober, course->until);
	load_threads_stop(course->run->threads);
}

/* Each second of the measured time, the last one included. */
static bool is_progress_due(const struct course *course, struct mono now)
{
	return !mono_before(now, course->next) && !mono_before(course->until, course->next);
}

static void take_turn(struct course *course, struct mono now)
{
	struct load_run *run = course->run;

	if (run->stopping && !course->stopped)
		stop(course, now);
	if (!course->begun && !mono_before(now, course->from))
		begin_measuring(course);
	if (course->begun && !course->ended && !mono_before(now, course->until))
		end_measuring(course);
	if (is_progress_due(course, now))
		ask_how_it_stands(course, now);
	if (load_threads_take(run->threads, &course->lately))
		tell_how_it_stands(course, now);
}

static struct mono next_of(const struct course *course)
{
	if (course->ended)
		return MONO_NEVER;
	return mono_earlier(course->next, course->begun ? course->until : course->from);
}

static void start(struct course *course)
{
	const struct load_plan *plan = course->result->plan;
	struct mono start = mono_add(clock_mono(), START_DELAY);

	course->start = start;
	course->from = course->told = mono_add(start, plan->warmup);
	course->next = mono_add(course->from, NS_PER_SEC);
	course->until =
		plan->duration > 0 ? mono_add(course->from, plan->duration) : MONO_NEVER;
	course->result->began = clock_wall();
	prober_loaded(course->prober, start);
	prober_unloaded(course->prober, course->until);
	load_threads_set_start(course->run->threads, start);
}

static void follow(struct course *course)
{
	struct load_run *run = course->run;

	while (!load_threads_are_open(run->threads) && !run->stopping)
		wait_until(run, MONO_NEVER);
	if (!run->stopping)
		start(course);
	/* What the threads leave in the end is taken by one more turn. */
	for (bool finished = false; !finished;) {
		finished = load_threads_finished(run->threads);
		take_turn(course, clock_mono());
		if (!finished)
			wait_until(run, next_of(course));
	}
	if (course->begun)
		course->result->measured = mono_since(course->until, course->from);
	if (course->begun && !course->ended)
		end_measuring(course);
}

int load_run_prepare(struct load_run *run, const struct load_plan *plan,
                     struct load_result *result, struct err *err)
{
	size_t threads = (size_t)run->options->threads;

	*result = (struct load_result){
		.target = run->target,
		.plan = plan,
		.threads = threads,
		.began = clock_wall(),
	};
	if (load_tally_init(&result->tally) < 0)
		return err_set(err, -ENOMEM, "cannot start: out of memory");
	int failure = plan->connections == 0
	                      ? 0
	                      : load_threads_new(&run->threads, plan, threads, &run->news, err);

	if (run->threads)
		result->room = load_threads_room(run->threads);
	return failure;
}

void load_run_forget(struct load_result *result)
{
	load_tally_done(&result->tally);
}

int load_run_go(struct load_run *run, struct prober *prober, struct load_result *result,
                struct err *err)
{
	struct course course = {
		.run = run,
		.prober = prober,
		.result = result,
		.from = MONO_NEVER,
		.until = MONO_NEVER,
		.next = MONO_NEVER,
	};
	struct usage usage;
	int failure = load_tally_init(&course.lately);

	if (failure < 0)
		(void)err_set(err, failure, "cannot start: out of memory");
	if (read_server(&course, &usage))
		result->server.rss_before = usage.rss;
	if (failure == 0)
		failure = load_threads_open(run->threads, err);
	if (failure == 0) {
		follow(&course);
		failure = load_threads_collect(run->threads, result);
	}
	load_tally_done(&course.lately);
	load_threads_free(run->threads);
	run->threads = NULL;
	return failure;
}
