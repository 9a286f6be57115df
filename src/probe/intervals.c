/* SPDX-License-Identifier: MIT */
#include "probe/intervals.h"

#include <errno.h>
#include <stdlib.h>

#include "probe/reflection.h"
#include "probe/tell.h"

enum { MARGIN = 3 }; /* the one that lasts, and one cut at either end of a time-out */

struct intervals {
	uint64_t told;  /* so many are over and have been told */
	uint64_t begun; /* so many have a place in the ring */
	uint64_t
		marked; /* so many are over by the count of probes that left (core/direction) */
	size_t room;
	struct interval ring[];
};

static struct interval *place(struct intervals *intervals, uint64_t i)
{
	return &intervals->ring[i % intervals->room];
}

static size_t room_for(const struct session_options *options)
{
	return (size_t)(options->probe.timeout / options->report) + MARGIN;
}

/* How many probes may be due in one. */
static uint64_t probes_in(const struct session_options *options)
{
	return (uint64_t)(options->report / options->probe.interval) + 1;
}

size_t intervals_bytes(const struct session *session)
{
	const struct session_options *options = &session->options;

	if (options->report == 0)
		return 0;
	return sizeof(struct intervals) +
	       room_for(options) * (sizeof(struct interval) +
	                            stats_bytes(probes_in(options), options->thrift));
}

int intervals_new(const struct session *session, struct target *target)
{
	size_t room = room_for(&session->options);
	struct intervals *intervals =
		calloc(1, sizeof(*intervals) + room * sizeof(struct interval));

	if (!intervals)
		return -ENOMEM;
	intervals->room = room;
	intervals->told = intervals->begun = session->ticks;
	intervals->marked = session->ticks;
	target->intervals = intervals;
	return 0;
}

void intervals_free(struct target *target)
{
	for (size_t i = 0; target->intervals && i < target->intervals->room; i++)
		stats_done(&target->intervals->ring[i].stats);
	free(target->intervals);
	target->intervals = NULL;
}

/* More of them may be open than direction can tell apart: then none is told. */
static bool tells_direction(const struct target *target)
{
	return target->reflection && target->intervals &&
	       target->intervals->room <= DIRECTION_MARKS;
}

static void mark_until(struct target *target, uint64_t count)
{
	while (tells_direction(target) && target->intervals->marked < count &&
	       reflection_mark(target->reflection))
		target->intervals->marked++;
}

void intervals_mark(const struct session *session, struct target *target, struct mono due)
{
	int64_t since = span_max(mono_since(due, session->origin), 0);

	if (target->intervals)
		mark_until(target, (uint64_t)(since / session->options.report));
}

void intervals_mark_last(struct target *target)
{
	if (target->intervals)
		mark_until(target, target->intervals->begun);
}

static void tell_one(const struct session *session, struct target *target)
{
	struct interval *interval = place(target->intervals, target->intervals->told++);

	mark_until(target, target->intervals->told);
	if (tells_direction(target))
		interval->direction_told =
			reflection_take(target->reflection, &interval->direction);
	tell_interval(session, target, interval);
	stats_done(&interval->stats);
}

static void begin(const struct session *session, struct intervals *intervals)
{
	const struct session_options *options = &session->options;
	uint64_t number = intervals->begun++;
	struct interval *interval = place(intervals, number);

	*interval = (struct interval){ .number = number + 1 };
	interval->from = mono_add(session->origin, (int64_t)number * options->report);
	interval->to = mono_add(interval->from, options->report);
	interval->wall = (struct wall){ interval->from.ns + session->wall_offset };
	/* Without memory there are no quantiles, and all else goes on. */
	if (stats_init(&interval->stats, probes_in(options), options->thrift) < 0)
		interval->stats = (struct stats){ 0 };
}

/* Begins what has to be begun up to interval i; what is in the way is told first. */
static void begin_up_to(const struct session *session, struct target *target, uint64_t i)
{
	struct intervals *intervals = target->intervals;

	while (intervals->begun <= i) {
		if (intervals->begun - intervals->told >= intervals->room)
			tell_one(session, target);
		begin(session, intervals);
	}
}

struct interval *intervals_of(const struct session *session, struct target *target,
                              struct mono due)
{
	struct intervals *intervals = target->intervals;
	int64_t since = span_max(mono_since(due, session->origin), 0);

	if (!intervals)
		return NULL;
	uint64_t i = (uint64_t)(since / session->options.report);

	begin_up_to(session, target, i);
	return i < intervals->told ? NULL : place(intervals, i);
}

void intervals_sent(const struct session *session, struct target *target, struct mono due)
{
	struct interval *interval = intervals_of(session, target, due);

	if (!interval)
		return;
	interval->awaited++;
	interval->tally.transmitted++;
}

/* A probe that was due within it may be held for its channel, or late, and count yet. */
static bool is_settled(const struct target *target, const struct interval *interval)
{
	bool pending = target->phase == TARGET_RUNNING || target->phase == TARGET_HOLDING;

	return interval->awaited == 0 && !(pending && mono_before(target->due, interval->to));
}

static void tell_over(const struct session *session, struct target *target)
{
	struct intervals *intervals = target->intervals;

	while (intervals->told < session->ticks && intervals->told < intervals->begun &&
	       is_settled(target, place(intervals, intervals->told)))
		tell_one(session, target);
}

void intervals_settled(const struct session *session, struct target *target, struct mono due)
{
	struct interval *interval = intervals_of(session, target, due);

	if (!interval)
		return;
	interval->awaited--;
	tell_over(session, target);
}

struct mono intervals_next(const struct session *session)
{
	int64_t report = session->options.report;

	if (report == 0 || !mono_known(session->origin))
		return MONO_NEVER;
	return mono_add(session->origin, (int64_t)(session->ticks + 1) * report);
}

void intervals_tick(struct session *session)
{
	session->ticks++;
	for (size_t i = 0; i < session->target_count; i++) {
		struct target *target = session->targets[i];

		if (!target || !target->intervals || target->phase == TARGET_WAITING)
			continue;
		/* After the last probe nothing is due in any more. */
		if (target->phase < TARGET_FINISHING)
			begin_up_to(session, target, session->ticks - 1);
		tell_over(session, target);
	}
}

void intervals_conclude(const struct session *session)
{
	for (size_t i = 0; i < session->target_count; i++) {
		struct target *target = session->targets[i];

		while (target && target->intervals &&
		       target->intervals->told < target->intervals->begun) {
			struct interval *interval =
				place(target->intervals, target->intervals->told);

			/* The last one ends where the run does. */
			interval->to = mono_earlier(interval->to, session->now);
			tell_one(session, target);
		}
	}
}
