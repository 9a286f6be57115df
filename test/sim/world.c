/* SPDX-License-Identifier: MIT */
#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

enum { START_SECONDS = 1000 };

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

/* What the session says, as bytes that two runs can be compared by. */
struct utterance {
	int64_t target, sequence, fate, bytes, error;
	int64_t wall, due, called, left, arrived, read, rtt, lag;
};

static void append(struct world *world, const struct utterance *utterance)
{
	if (world->length + sizeof(*utterance) > world->room) {
		world->room = world->room ? 2 * world->room : 1 << 16;
		world->bytes = realloc(world->bytes, world->room);
		assert_non_null(world->bytes);
	}
	memcpy(world->bytes + world->length, utterance, sizeof(*utterance));
	world->length += sizeof(*utterance);
}

static void take_sample(void *state, const struct target *target, const struct sample *sample)
{
	struct world *world = state;
	struct record *record = world_record(world, sample->target, sample->sequence);
	struct utterance utterance = {
		.target = target->index,
		.sequence = (int64_t)sample->sequence,
		.fate = sample->fate,
		.bytes = (int64_t)sample->bytes,
		.error = sample->error,
		.wall = sample->wall.ns,
		.due = sample->due.ns,
		.called = sample->called.ns,
		.left = sample->left.ns,
		.arrived = sample->arrived.ns,
		.read = sample->read.ns,
		.rtt = sample_rtt(sample),
		.lag = sample_lag(sample),
	};

	append(world, &utterance);
	assert_int_equal(sample->wall.ns, world->now.ns + world->session->wall_offset);
	record->late += sample->fate == FATE_LATE;
	record->duplicates += sample->fate == FATE_DUPLICATE;
	if (sample->fate == FATE_LATE || sample->fate == FATE_DUPLICATE)
		return;
	if (sample->fate == FATE_ANSWERED) {
		uint64_t *newest = &world->newest[sample->target];

		world->reordered += sample->sequence < *newest;
		*newest = sample->sequence > *newest ? sample->sequence : *newest;
	}
	record->verdicts++;
	record->fate = sample->fate;
	record->due = sample->due;
	record->called = sample->called;
	record->rtt = sample_rtt(sample);
	record->error = sample->error;
}

static void take_notice(void *state, const struct target *target, const struct notice *notice)
{
	struct world *world = state;
	struct utterance utterance = {
		.target = target->index,
		.sequence = (int64_t)notice->sequence,
		.fate = 100 + (int)notice->kind,
		.error = notice->error,
	};

	world->reconnected += notice->kind == NOTICE_RECONNECTED;
	append(world, &utterance);
}

static const struct sink_ops recorder = { .sample = take_sample, .event = take_notice };

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
	addresses[count++] = address_of_target(world, i);
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
		           .timeout = settings->timeout },
		.loop = &world->loop,
		.seeded = true,
		.seed = settings->seed,
	};

	assert_int_equal(session_new(&world->session, &options), 0);
	session_add_sink(world->session, &recorder, world);
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
	free(world->bytes);
	free(world);
}

/* What happens to the machine on the way to the next wake-up. */
static void suffer(struct world *world)
{
	for (; world->next_mishap->span != 0; world->next_mishap++) {
		const struct mishap *mishap = world->next_mishap;
		struct mono at = mono_add(world->start, mishap->at);

		if (mono_before(world->now, at))
			return;
		switch (mishap->kind) {
		case MISHAP_STALL:
			world->now.ns = span_max(world->now.ns, at.ns + mishap->span);
			break;
		case MISHAP_STEP:
			world->session->wall_offset += mishap->span;
			break;
		case MISHAP_SUSPEND:
			world->session->wall_offset += mishap->span;
			network_sleep(world, mishap->span);
			break;
		}
	}
}

static struct mono step(struct world *world)
{
	struct mono next = session_step(world->session, world->now);

	world->stepped = world->now;
	assert_true(mono_before(world->now, next));
	return next;
}

static void hear(struct world *world)
{
	struct channel *channel;

	network_collect(world);
	while ((channel = network_ready(world)))
		session_heard(world->session, &channel->watch, world->now);
}

static void turn(struct world *world)
{
	struct mono wake = mono_earlier(world->next, network_next(world));

	assert_int_not_equal(wake.ns, MONO_NEVER.ns); /* it would wait for ever */
	world->now.ns = span_max(world->now.ns, wake.ns);
	world->now.ns += world_below(world, world->settings.lag + 1);
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
	while (!session_finished(world->session) && mono_before(world->now, instant))
		turn(world);
}

void world_replace(struct world *world, uint32_t i)
{
	const struct tally *tally = &world->session->targets[i]->tally;
	size_t count = (size_t)world->settings.count;

	world->junk -= tally->junk;
	world->reordered -= tally->reordered;
	world->newest[i] = 0;
	world->last_called[i] = (struct mono){ 0 };
	network_forget(world, i);
	session_remove(world->session, i);
	memset(world_truth(world, i, 1), 0, count * sizeof(struct truth));
	memset(world_record(world, i, 1), 0, count * sizeof(struct record));
	add_target(world, i);
}
