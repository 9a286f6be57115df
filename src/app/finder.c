/* SPDX-License-Identifier: MIT */
#include "app/finder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/common.h"
#include "base/text.h"

enum { BEGUN_AT_ONCE = 64 }; /* so that those who have begun are heard meanwhile */

/* A target that was given by its name. */
struct finder_name {
	uint32_t target;       /* among the finder's */
	int32_t index;         /* in the session; -1 = not found yet */
	bool looking;          /* a look-up is under way */
	bool failed;           /* it could not be found, which was said */
	uint64_t received;     /* its answers when last looked at, */
	uint64_t failures;     /* and its failures when the latest answer had come */
	struct mono looked_up; /* when it was last looked up */
};

/* --- those who cannot be asked --- */

static void cannot_ask(struct finder *finder, const struct ping_target *target,
                       const struct err *err, bool silent)
{
	struct sink_failure failure = {
		.name = target->name,
		.label = target->label,
		.reason = err->text,
		.wall = clock_wall(),
	};

	finder->failed++;
	session_failed(finder->session, &failure);
	if (silent)
		return;
	(void)fflush(stdout);
	(void)app_fail("ping", err);
}

static void cannot_resolve(struct finder *finder, const struct ping_target *target,
                           const char *reason)
{
	struct err err;

	(void)err_set(&err, -ENOENT, "cannot resolve '%s': %s",
	              quote(ping_target_host(target).text).text, reason);
	cannot_ask(finder, target, &err, false);
}

static void cannot_add(struct finder *finder, const struct ping_target *target, int result)
{
	bool denied = result == -EPERM && !probe_has_ports(target->ops);
	const char *device = finder->options->ask.device;
	struct err err;

	if (denied)
		(void)ask_denied(&err, ping_target_host(target).text);
	else if (device)
		(void)err_set(&err, result, "cannot ask '%s' from '%s': %s", target->name,
		              quote(device).text, err_reason(result).text);
	else
		(void)err_set(&err, result, "cannot ask '%s': %s", target->name,
		              err_reason(result).text);
	cannot_ask(finder, target, &err, denied && finder->denied);
	finder->denied = finder->denied || denied;
}

/* --- beginning to ask --- */

static void set_ports(const struct ping_target *target, struct address *addresses,
                      unsigned count)
{
	for (unsigned i = 0; i < count && target->port > 0; i++)
		address_set_port(&addresses[i], target->port);
}

/* When the first probe of a target is due.  One that was found late keeps its place among the
 * others, or those that were found together would burst. */
static struct mono start_of(const struct finder *finder, size_t target, bool by_name)
{
	int64_t interval = finder->options->ask.probe.interval;
	int64_t step = interval / (int64_t)finder->targets->count;
	struct mono now = clock_mono();
	struct mono start = mono_add(finder->start, step * (int64_t)target);

	if (!finder->spread)
		return now;
	if (mono_before(start, now) && !by_name)
		return now;
	if (mono_before(start, now))
		start = mono_add(start,
		                 (mono_since(now, start) + interval - 1) / interval * interval);
	return start;
}

/* Makes it a target of the session; returns its index there, or negative. */
static int start_target(struct finder *finder, size_t index, struct address *addresses,
                        unsigned count, bool by_name)
{
	const struct ping_target target = ping_targets_at(finder->targets, index);
	struct session_target given = {
		.ops = target.ops,
		.name = target.name,
		.label = target.label,
		.addresses = addresses,
		.count = count,
		.start = start_of(finder, index, by_name),
	};

	set_ports(&target, addresses, count);
	int result = session_add(finder->session, &given, NULL);

	if (result < 0)
		cannot_add(finder, &target, result);
	return result;
}

/* --- names --- */

static int open_resolver(struct finder *finder)
{
	if (finder->resolver_open)
		return 0;
	int result = resolver_init_threads(&finder->resolver);

	if (result < 0)
		return result;
	finder->resolver_open = true;
	finder->resolver.watch.kind = finder->watch_kind;
	return loop_watch(finder->loop, &finder->resolver.watch, LOOP_READ);
}

static int look_up(struct finder *finder, struct finder_name *name, struct mono now)
{
	struct ping_target target = ping_targets_at(finder->targets, name->target);
	int result = open_resolver(finder);

	name->looked_up = now;
	if (result == 0)
		result = resolver_ask(&finder->resolver, (uint32_t)(name - finder->names),
		                      ping_target_host(&target).text,
		                      finder->options->ask.family);
	if (result < 0)
		return result;
	name->looking = true;
	finder->looking++;
	return 0;
}

static struct finder_name *add_name(struct finder *finder, size_t target)
{
	size_t room = finder->name_room ? 2 * finder->name_room : 4;

	if (finder->name_count == finder->name_room) {
		struct finder_name *names = reallocarray(finder->names, room, sizeof(*names));

		if (!names)
			return NULL;
		finder->names = names;
		finder->name_room = room;
	}
	struct finder_name *name = &finder->names[finder->name_count++];

	*name = (struct finder_name){ .target = (uint32_t)target, .index = -1 };
	return name;
}

static void begin_target(struct finder *finder, size_t index, struct mono now)
{
	const struct ping_target target = ping_targets_at(finder->targets, index);
	struct address literal;
	struct finder_name *name;
	int result;

	if (address_parse(ping_target_host(&target).text, &literal) == 0) {
		(void)start_target(finder, index, &literal, 1, false);
		finder->settled++;
		return;
	}
	name = add_name(finder, index);
	result = name ? look_up(finder, name, now) : -ENOMEM;
	if (result == 0)
		return;
	cannot_resolve(finder, &target, err_reason(result).text);
	finder->settled++;
}

/* A run without end outlives the trouble that a name has. */
static bool heals(const struct finder *finder)
{
	return finder->session->options.count == 0;
}

static void not_found(struct finder *finder, struct finder_name *name, const char *reason)
{
	struct ping_target target = ping_targets_at(finder->targets, name->target);

	if (name->index >= 0) {
		session_unresolved(finder->session, (uint32_t)name->index, reason);
		return;
	}
	if (name->failed)
		return; /* still */
	name->failed = true;
	finder->settled++;
	finder->unfound += heals(finder);
	cannot_resolve(finder, &target, reason);
}

static uint64_t failures_of(const struct tally *tally)
{
	return tally->lost + tally->refused + tally->unsent;
}

static void found(struct finder *finder, struct finder_name *name,
                  struct resolver_answer *answer)
{
	struct ping_target target = ping_targets_at(finder->targets, name->target);
	struct session *session = finder->session;

	if (name->index >= 0) {
		set_ports(&target, answer->addresses, answer->count);
		session_readdress(session, (uint32_t)name->index, answer->addresses,
		                  answer->count);
		name->failures = failures_of(&session->targets[name->index]->tally);
		return;
	}
	if (name->failed) { /* not any more */
		finder->failed--;
		finder->unfound--;
	} else {
		finder->settled++;
	}
	name->failed = false;
	name->index =
		start_target(finder, name->target, answer->addresses, answer->count, true);
}

/* Goes on through the targets, as far as look-ups may be under way at once. */
static bool may_begin(const struct finder *finder)
{
	return finder->begun < finder->targets->count && finder->looking < LOOKUPS_AT_ONCE;
}

void finder_heard(struct finder *finder)
{
	struct resolver_answer answer;

	while (resolver_take(&finder->resolver, &answer) == 0) {
		struct finder_name *name = &finder->names[answer.id];

		finder->looking--;
		name->looking = false;
		if (answer.error || answer.count == 0)
			not_found(finder, name, answer.reason);
		else
			found(finder, name, &answer);
	}
	if (may_begin(finder))
		finder->next = finder->start; /* at once */
}

/* --- names again --- */

static bool is_failing(const struct finder *finder, struct finder_name *name, int64_t since)
{
	const struct target *target = finder->session->targets[name->index];
	uint64_t failures = failures_of(&target->tally);

	if (target->tally.received != name->received) {
		name->received = target->tally.received;
		name->failures = failures;
	}
	return failures - name->failures >= FAILURES &&
	       since >= span_max(LOOKUP_PAUSE, finder->options->ask.probe.interval);
}

static bool wants_look_up(const struct finder *finder, struct finder_name *name,
                          struct mono now)
{
	int64_t since = mono_since(now, name->looked_up);
	int64_t every = finder->options->resolve_every;

	if (name->looking)
		return false;
	if (name->index < 0)
		return name->failed && heals(finder) && since >= LOOKUP_PAUSE;
	if (finder->session->targets[name->index]->phase == TARGET_FINISHED)
		return false;
	return is_failing(finder, name, since) || (every > 0 && since >= every);
}

static void look_at_names(struct finder *finder, struct mono now)
{
	int64_t every = finder->options->resolve_every;

	for (size_t i = 0; i < finder->name_count && finder->looking < LOOKUPS_AT_ONCE; i++) {
		size_t at = finder->look_from++ % finder->name_count;
		struct finder_name *name = &finder->names[at];

		if (wants_look_up(finder, name, now) && look_up(finder, name, now) < 0)
			break; /* no thread now: the next look will do */
	}
	finder->next_look =
		mono_add(now, every > 0 ? span_min(NS_PER_SEC, every / 2) : NS_PER_SEC);
}

/* --- the whole --- */

void finder_begin(struct finder *finder, struct mono now)
{
	finder->start = finder->next = now;
	finder->next_look = mono_add(now, NS_PER_SEC);
}

void finder_done(struct finder *finder)
{
	free(finder->names);
	finder->names = NULL;
	/* The resolver's threads may still hold their end of it: it stays open until the end. */
}

void finder_step(struct finder *finder, struct mono now)
{
	for (size_t i = 0; i < BEGUN_AT_ONCE && may_begin(finder); i++)
		begin_target(finder, finder->begun++, now);
	if (finder->name_count > 0 && !mono_before(now, finder->next_look))
		look_at_names(finder, now);
	finder->next = may_begin(finder)        ? now
	               : finder->name_count > 0 ? finder->next_look
	                                        : MONO_NEVER;
}

bool finder_finished(const struct finder *finder)
{
	return finder->settled == finder->targets->count && finder->unfound == 0;
}
