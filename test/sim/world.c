/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/network.h"

enum {
	START_SECONDS = 1000,
	CROWDED_MOST = 1000, /* times in a row that there is more to do at once */
};

#define WALL_OFFSET INT64_C(1700000000000000000)

bool world_chance(struct world *world, unsigned of_thousand)
{
	return random_next(&world->random) % 1000 < of_thousand;
}

int64_t world_below(struct world *world, int64_t limit)
{
	return limit > 0 ? (int64_t)(random_next(&world->random) % (uint64_t)limit) : 0;
}

static size_t place_of(const struct world *world, uint32_t target, uint64_t sequence)
{
	assert_in_range(target, 0, world->settings.targets - 1);
	assert_in_range(sequence, 1, world->settings.count);
	return target * (size_t)world->settings.count + (size_t)sequence - 1;
}

struct truth *world_truth(const struct world *world, uint32_t target, uint64_t sequence)
{
	return &world->truths[place_of(world, target, sequence)];
}

struct record *world_record(const struct world *world, uint32_t target, uint64_t sequence)
{
	return &world->records[place_of(world, target, sequence)];
}

bool world_is_dead(const struct world *world, uint32_t target)
{
	return (target * 7919 + 1) % 1000 < world->settings.weather.dead;
}

bool world_is_slow(const struct world *world, uint32_t target)
{
	return (target * 104729 + 500) % 1000 < world->settings.weather.slow;
}

struct wall world_wall(const struct world *world, struct mono t)
{
	int64_t since = mono_since(t, world->start), offset = WALL_OFFSET;

	for (const struct mishap *one = world->settings.mishaps;
	     one->span != 0 && one->at <= since; one++)
		if (one->kind != MISHAP_STALL)
			offset += one->span;
	return (struct wall){ t.ns + offset };
}

void world_unsettle(struct settings *settings, size_t count, int64_t time)
{
	static const int64_t spans[] = { NS_PER_US, NS_PER_MS, NS_PER_SEC, 1000 * NS_PER_SEC,
		                         100000000 * NS_PER_SEC };
	struct random random;
	int64_t each = time / (int64_t)count, sign = 1, offset = 0;

	assert_true(count < MISHAPS_MAX);
	random_seed(&random, settings->seed + 1000);
	for (size_t i = 0; i < count; i++) {
		struct mishap *one = &settings->mishaps[i];
		int64_t within = i % 2 ? each / 16 : each / 2;
		int64_t at = (int64_t)(random_next(&random) % (uint64_t)within) + 1;
		int64_t span = spans[random_next(&random) % COUNT(spans)];

		/* Two that followed upon each other and came to nothing would leave no trace. */
		if (i % 2 == 0)
			sign = offset > 0 ? -1 : 1;
		*one = (struct mishap){ .kind = MISHAP_STEP, .span = sign * span };
		one->at = i % 2 ? one[-1].at + at : (int64_t)i * each + at;
		offset += one->span;
	}
}

/* Target i has an address of its own. */
static struct address address_of_target(const struct world *world, uint32_t i)
{
	struct address address = { .v4 = { .sin_family = AF_INET } };

	address.v4.sin_addr.s_addr = htonl(0x0a000001 + i);
	address_set_port(&address, world->settings.ops->port);
	return address;
}

static void add_target(struct world *world, uint32_t i)
{
	struct address addresses[2];
	unsigned count = 0;

	if (world->settings.refusing) {
		assert_int_equal(address_parse(world->settings.refusing, addresses), 0);
		address_set_port(addresses, world->settings.ops->port);
		count = 1;
	}
	addresses[count++] = world->asked[i] = address_of_target(world, i);
	struct session_target target = {
		.ops = world->settings.ops,
		.name = "simulated",
		.addresses = addresses,
		.count = count,
		.start = world->now,
	};

	assert_int_equal(session_add(world->session, &target, NULL), i);
}

struct world *world_new(const struct settings *settings)
{
	struct world *world = calloc(1, sizeof(*world));
	size_t probes = settings->targets * (size_t)settings->count;

	assert_non_null(world);
	assert_true(settings->targets <= TARGETS_MAX);
	world->settings = *settings;
	world->next_mishap = world->settings.mishaps;
	world->start = world->now = (struct mono){ START_SECONDS * NS_PER_SEC };
	world->truths = calloc(probes, sizeof(struct truth));
	world->records = calloc(probes, sizeof(struct record));
	assert_true(world->truths && world->records);
	random_seed(&world->random, settings->seed);
	struct session_options options = {
		.count = settings->count,
		.probe = { .size = 56,
		           .interval = settings->interval,
		           .timeout = settings->timeout,
		           .stamping = settings->weather.stamped ? settings->stamping
		                                                 : STAMPING_USER },
		.pace = settings->pace,
		.least_gap = settings->least_gap,
		.report = settings->report,
		.loop = &world->loop,
		.seeded = true,
		.seed = settings->seed,
	};

	assert_int_equal(session_new(&world->session, &options), 0);
	session_add_sink(world->session, &world_recorder, world);
	world->session->wall_offset = WALL_OFFSET;
	for (uint32_t i = 0; i < settings->targets; i++)
		add_target(world, i);
	return world;
}

void world_free(struct world *world)
{
	session_free(world->session);
	network_done(world);
	free(world->truths);
	free(world->records);
	free(world->spans);
	free(world->outages);
	free(world->bytes);
	free(world);
}

/* What happens to the machine on the way to the next wake-up; returns how long it slept. */
static int64_t befall(struct world *world)
{
	int64_t suspended = 0;

	for (; world->next_mishap->span != 0; world->next_mishap++) {
		const struct mishap *mishap = world->next_mishap;
		struct mono at = mono_add(world->start, mishap->at);

		if (mono_before(world->now, at))
			break;
		switch (mishap->kind) {
		case MISHAP_STALL:
			world->now.ns = span_max(world->now.ns, at.ns + mishap->span);
			break;
		case MISHAP_STEP:
			break;
		case MISHAP_SUSPEND:
			network_sleep(world, mishap->span);
			world->resumed = world->now;
			suspended = mishap->span;
			break;
		}
	}
	return suspended;
}

/* And what whoever drives a session makes of it. */
static void suffer(struct world *world)
{
	int64_t suspended = befall(world);

	world->session->wall_offset = world_wall(world, world->now).ns - world->now.ns;
	if (suspended > 0)
		session_suspended(world->session, suspended, world->now);
}

static struct mono step(struct world *world)
{
	struct mono next = session_step(world->session, world->now);

	world->stepped = world->now;
	world->crowded = mono_before(world->now, next) ? 0 : world->crowded + 1;
	assert_true(world->crowded < CROWDED_MOST);
	return next;
}

static void hear(struct world *world)
{
	struct channel *channel;

	network_collect(world);
	while ((channel = network_ready(world)))
		session_heard(world->session, &channel->watch, world->now);
}

static struct mono next_wake(const struct world *world)
{
	return mono_earlier(world->next, network_next(world));
}

static void turn(struct world *world)
{
	struct mono wake = next_wake(world);

	assert_int_not_equal(wake.ns, MONO_NEVER.ns); /* it would wait for ever */
	if (mono_before(world->now, wake))
		world->now = mono_add(wake, world_below(world, world->settings.lag + 1));
	suffer(world);
	if (world->settings.step_first)
		(void)step(world);
	hear(world);
	world->next = step(world);
}

void world_run(struct world *world)
{
	world_run_until(world, MONO_NEVER);
}

void world_run_until(struct world *world, struct mono instant)
{
	world->next = step(world);
	while (!session_finished(world->session) && mono_before(next_wake(world), instant))
		turn(world);
	if (!session_finished(world->session))
		world->now.ns = span_max(world->now.ns, instant.ns);
}

void world_readdress(struct world *world, uint32_t i, const char *address)
{
	struct target *target = world->session->targets[i];
	struct address to;

	assert_int_equal(address_parse(address, &to), 0);
	address_set_port(&to, world->settings.ops->port);
	/* A channel of its own goes with the address, a shared one with the family. */
	if (target->ops->scope == CHANNEL_FOR_ALL &&
	    address_family(&to) != address_family(&world->asked[i]))
		witness_abandoned(world, i, -ECONNABORTED);
	world->asked[i] = to;
	session_readdress(world->session, i, &to, 1);
}

void world_replace(struct world *world, uint32_t i)
{
	const struct tally *tally = &world->session->targets[i]->tally;
	size_t count = (size_t)world->settings.count;

	world->junk -= tally->junk;
	world->reordered -= tally->reordered;
	world->newest[i] = 0;
	world->last_called[i] = (struct mono){ 0 };
	world->last_lost[i] = 0;
	world->disordered[i] = false;
	for (size_t o = 0; o < world->outage_count; o++)
		if (world->outages[o].target == i)
			world->outages[o].target = UINT32_MAX;
	network_forget(world, i);
	session_remove(world->session, i);
	memset(world_truth(world, i, 1), 0, count * sizeof(struct truth));
	memset(world_record(world, i, 1), 0, count * sizeof(struct record));
	add_target(world, i);
}
