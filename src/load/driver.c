/* SPDX-License-Identifier: MIT */
#include "load/driver.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "load/asking.h"
#include "load/fates.h"
#include "load/hearing.h"

enum { ROUNDS = 16 };

static int check(const struct load_plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->target_count; i++)
		if (plan->targets[i].ops->scope == CHANNEL_PER_PROBE)
			return err_set(err, -EINVAL, "'%s' cannot be asked by a load",
			               plan->targets[i].ops->name);
	if (plan->depth > LANE_DEPTH_MAX)
		return err_set(err, -EINVAL,
		               "%zu requests in flight on one connection are too many",
		               plan->depth);
	return 0;
}

/* Copies of what the plan points to; of an answer it is enough that it comes. */
static int copy_plan(struct driver *driver, const struct load_plan *plan)
{
	struct load_target *targets = calloc(plan->target_count, sizeof(*targets));
	struct probe_options *probe = calloc(plan->probe_count, sizeof(*probe));

	driver->plan = *plan;
	driver->plan.targets = driver->targets = targets;
	driver->plan.probe = driver->probe = probe;
	if (!targets || !probe)
		return -ENOMEM;
	memcpy(targets, plan->targets, plan->target_count * sizeof(*targets));
	memcpy(probe, plan->probe, plan->probe_count * sizeof(*probe));
	for (size_t i = 0; i < plan->probe_count; i++)
		probe[i].bare = true;
	return 0;
}

static size_t common_divisor(size_t a, size_t b)
{
	while (b > 0) {
		size_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Lanes take turns with the targets so that each gets all sizes, whatever the numbers of both. */
static const struct load_target *target_of(const struct load_plan *plan, size_t number)
{
	assert(plan->target_count > 0 && plan->probe_count > 0);
	size_t period = plan->target_count /
	                common_divisor(plan->target_count, plan->probe_count) *
	                plan->probe_count;

	return &plan->targets[(number + number / period) % plan->target_count];
}

static int make_lanes(struct driver *driver, struct random *random)
{
	const struct load_plan *plan = &driver->plan;
	int result = lanes_init(&driver->lanes, plan->connections);
	uint64_t first = random_next(random);

	for (size_t i = 0; i < plan->connections && result == 0; i++) {
		size_t number = plan->first + i;
		struct lane_plan one = {
			.target = target_of(plan, number),
			.options = &plan->probe[number % plan->probe_count],
			.depth = plan->depth,
			.reconnects = plan->reconnect,
			.loop = plan->loop,
			.identity = first + i,
		};

		result = lane_init(&driver->lanes.all[i], &one);
		driver->lanes.count++;
	}
	return result;
}

/* From a start on. */
static void set_out(struct driver *driver, struct mono start)
{
	struct load_plan *plan = &driver->plan;
	struct arrivals_plan arrivals = {
		.poisson = plan->pace == LOAD_POISSON,
		.start = start,
		.from = plan->rate_from,
		.to = plan->rate_to,
		.level = plan->warmup,
		.ramp = plan->rate_from == plan->rate_to ? 0 : plan->duration,
	};

	plan->start = start;
	/* Connections are made before the start. */
	driver->ledger.from =
		plan->warmup > 0 ? mono_add(start, plan->warmup) : (struct mono){ INT64_MIN };
	driver->end = plan->duration > 0 ? mono_add(start, plan->warmup + plan->duration)
	                                 : MONO_NEVER;
	if (plan->pace != LOAD_CLOSED)
		arrivals_init(&driver->arrivals, &arrivals, plan->seed);
}

static int equip(struct driver *driver, const struct load_plan *plan)
{
	struct random random;
	int ledger = ledger_init(&driver->ledger);
	int result = copy_plan(driver, plan);

	random_seed(&random, plan->seed);
	digest_key_init(&driver->nonces, &random);
	if (result == 0)
		result = make_lanes(driver, &random);
	return result < 0 ? result : ledger;
}

int driver_new(struct driver **out, const struct load_plan *plan, struct err *err)
{
	int result = check(plan, err);
	struct driver *driver = result < 0 ? NULL : calloc(1, sizeof(*driver));

	if (result < 0)
		return result;
	if (driver)
		result = equip(driver, plan);
	if (!driver || result < 0) {
		driver_free(driver);
		return err_set(err, -ENOMEM,
		               "no memory for %zu connections with %zu requests each",
		               plan->connections, plan->depth);
	}
	driver->ledger.open_loop = plan->pace != LOAD_CLOSED;
	set_out(driver, plan->start);
	*out = driver;
	return 0;
}

void driver_free(struct driver *driver)
{
	if (!driver)
		return;
	lanes_done(&driver->lanes);
	ledger_done(&driver->ledger);
	free(driver->targets);
	free(driver->probe);
	free(driver);
}

/* As many as may connect at once, and no more than keep answers waiting. */
static void open_waiting(struct driver *driver)
{
	struct lane *lane;

	for (int i = 0; i < TURN && (lane = lanes_next_to_open(&driver->lanes)); i++) {
		int result = lanes_open(&driver->lanes, lane, driver->now);

		if (result < 0) {
			fates_end(driver, lane, result);
			continue;
		}
		lanes_update(&driver->lanes, lane, driver->now);
		lanes_rearm(&driver->lanes, lane, driver->now);
	}
}

void driver_set_start(struct driver *driver, struct mono start)
{
	set_out(driver, start);
}

void driver_begin(struct driver *driver, struct mono now)
{
	driver->now = now;
	for (size_t i = 0; i < driver->lanes.count; i++) {
		struct lane *lane = &driver->lanes.all[i];

		if (lane->reconnects)
			lanes_update(&driver->lanes, lane, now);
		else
			lanes_await_opening(&driver->lanes, lane);
	}
	open_waiting(driver);
}

/* The first of those that were due and cannot leave any more were those of the warm-up. */
static void finish(struct driver *driver)
{
	struct mono from = mono_earlier(driver->ledger.from, driver->end);

	driver->ended = true;
	if (driver->plan.pace == LOAD_CLOSED)
		return;
	(void)arrivals_skip(&driver->arrivals, from);
	driver_counts(driver)->unsent += arrivals_skip(&driver->arrivals, driver->end);
}

static void take_expiry(struct driver *driver, struct lane *lane)
{
	uint64_t key = 0;
	const struct flight *oldest = inflight_oldest(&lane->channel.inflight, &key);

	if (!oldest || mono_before(driver->now, lane_expiry(lane, oldest)))
		return;
	lane->blocked = lane->blocked && lane->stream;
	hearing_all(driver, lane);
	fates_expire(driver, lane);
}

static void take_timer(struct driver *driver, struct lane *lane)
{
	const struct channel *channel = &lane->channel;

	heap_take(&driver->lanes.timers, &lane->timer);
	if (channel->status == CHANNEL_CLOSED && !lane->reconnects) {
		if (!driver->ended)
			lanes_await_opening(&driver->lanes, lane);
		return;
	}
	if (channel->status == CHANNEL_READY)
		take_expiry(driver, lane);
	else if (channel->status == CHANNEL_OPENING &&
	         mono_since(driver->now, channel->opened) >= channel->options->timeout)
		fates_end(driver, lane, -ETIMEDOUT);
	lanes_update(&driver->lanes, lane, driver->now);
	lanes_rearm(&driver->lanes, lane, driver->now);
}

static void take_timers(struct driver *driver)
{
	struct heap_node *node;

	while ((node = heap_first(&driver->lanes.timers)) && node->key <= driver->now.ns)
		take_timer(driver, CONTAINER_OF(node, struct lane, timer));
}

static struct mono next_of(const struct driver *driver)
{
	const struct heap_node *node = heap_first(&driver->lanes.timers);
	struct mono next = mono_earlier(asking_next(driver),
	                                node ? (struct mono){ node->key } : MONO_NEVER);

	if (driver_finished(driver))
		return MONO_NEVER;
	if (driver->ended)
		return next;
	return lanes_next_to_open(&driver->lanes) ? driver->now
	                                          : mono_earlier(next, driver->end);
}

static void advance(struct driver *driver, struct mono now)
{
	if (mono_before(driver->now, now))
		driver->now = now;
}

struct mono driver_step(struct driver *driver, struct mono now)
{
	advance(driver, now);
	take_timers(driver);
	if (!driver->ended)
		open_waiting(driver);
	asking_pump(driver, TURN);
	if (!driver->ended && asking_is_over(driver))
		finish(driver);
	return next_of(driver);
}

void driver_heard(struct driver *driver, struct watch *watch, struct mono now)
{
	struct lane *lane =
		CONTAINER_OF(CONTAINER_OF(watch, struct channel, watch), struct lane, channel);
	int count = HEARD_ALL;

	advance(driver, now);
	/* One that was closed in the same turn, by what became of a request. */
	if (lane->channel.status == CHANNEL_CLOSED)
		return;
	lane->blocked = false;
	for (int i = 0; i < ROUNDS && count >= HEARD_ALL; i++) {
		count = hearing_round(driver, lane);
		if (lane->channel.status != CHANNEL_CLOSED || lane->reconnects)
			lanes_update(&driver->lanes, lane, driver->now);
		asking_pump(driver, TURN);
	}
}

void driver_stop(struct driver *driver, struct mono now)
{
	advance(driver, now);
	driver->end = mono_earlier(driver->end, now);
	if (!driver->ended && asking_is_over(driver))
		finish(driver);
}

bool driver_finished(const struct driver *driver)
{
	return driver->ended && driver->lanes.flying == 0;
}

struct load_tally *driver_tally(struct driver *driver)
{
	ledger_post(&driver->ledger);
	return &driver->ledger.total;
}

void driver_take_progress(struct driver *driver, struct load_tally *out)
{
	ledger_post(&driver->ledger);
	load_tally_merge(out, &driver->ledger.progress);
	load_tally_clear(&driver->ledger.progress);
}

void driver_lane_answers(const struct driver *driver, uint64_t *counts)
{
	for (size_t i = 0; i < driver->lanes.count; i++)
		counts[i] = driver->lanes.all[i].answers;
}

size_t driver_open_lanes(const struct driver *driver)
{
	return driver->lanes.open;
}

struct load_room driver_room(const struct driver *driver)
{
	struct load_room room = { 0 };

	for (size_t i = 0; i < driver->lanes.count; i++) {
		struct load_room one = lane_room(&driver->lanes.all[i]);

		room.entries += one.entries;
		room.bytes += one.bytes;
	}
	return room;
}
