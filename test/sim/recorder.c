/* SPDX-License-Identifier: MIT */
/* recorder -- the sink that puts down what the session says, for world_check(). */
#include <stdlib.h>
#include <string.h>

#include "probe/reflection.h"
#include "sim/network.h"

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

/* Answers are told in the order in which they were read. */
static void note_order(struct world *world, const struct sample *sample)
{
	const struct truth *truth = world_truth(world, sample->target, sample->sequence);
	uint64_t *newest = &world->newest[sample->target];

	world->hasty += mono_before(truth->read, world->latest);
	world->latest = truth->read;
	world->answers++;
	world->reordered += sample->sequence < *newest;
	*newest = sample->sequence > *newest ? sample->sequence : *newest;
}

static void note_verdict(struct world *world, const struct sample *sample,
                         struct record *record)
{
	if (sample->fate == FATE_LOST) {
		uint64_t *last = &world->last_lost[sample->target];

		world->disordered[sample->target] |= sample->sequence < *last;
		*last = sample->sequence;
	}
	record->verdicts++;
	record->fate = sample->fate;
	record->due = sample->due;
	record->called = sample->called;
	record->told = world->now;
	record->rtt = sample_rtt(sample);
	record->tx = sample->tx;
	record->rx = sample->rx;
	record->error = sample->error;
}

/* Within the bounds that are told lies what the network knows. */
static void check_directions(const struct target *target, const struct sample *sample,
                             const struct truth *truth)
{
	const struct oneway_result *told = &target->reflection->latest;
	struct mono left = mono_known(sample->left) ? sample->left : sample->called;
	struct mono arrived = mono_known(sample->arrived) ? sample->arrived : sample->read;
	int64_t forward = mono_since(truth->there, left);
	int64_t reverse =
		mono_since(arrived, truth->back); /* and what lay between T3 and then */

	if (told->verdict == ONEWAY_IMPOSSIBLE)
		return;
	assert_true(told->forward.low >= 0 && told->reverse.low >= 0);
	assert_true(forward >= told->forward.low && forward <= told->forward.high);
	assert_true(reverse <= told->reverse.high);
	assert_int_equal(told->residence, truth->residence);
}

static void take_followed(void *state, const struct target *target,
                          const struct followed *followed)
{
	struct world *world = state;
	const struct truth *truth = world_truth(world, target->index, followed->sequence);
	struct mono left = truth->left_used ? truth->left : truth->called;
	int64_t residence = mono_since(truth->back, truth->there);

	world->followed++;
	/* The far clock's rate is in its residence, and ours is not. */
	assert_true(llabs(followed->result.residence - residence) < 1000);
	assert_true(llabs(followed->result.rtt - (mono_since(truth->ended, left) - residence)) <
	            1000);
}

static void take_sample(void *state, const struct target *target, const struct sample *sample)
{
	struct world *world = state;
	struct record *record = world_record(world, sample->target, sample->sequence);
	struct truth *truth = world_truth(world, sample->target, sample->sequence);
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
	assert_int_equal(sample->wall.ns,
	                 sample->fate == FATE_ANSWERED
	                         ? truth->label.ns
	                         : world->session->now.ns + world->session->wall_offset);
	record->late += sample->fate == FATE_LATE;
	record->duplicates += sample->fate == FATE_DUPLICATE;
	if (sample->fate == FATE_LATE || sample->fate == FATE_DUPLICATE)
		return;
	if (sample->fate == FATE_ANSWERED) {
		witness_told(world, truth, sample->tx);
		note_order(world, sample);
		if (target->reflection && sample->far)
			check_directions(target, sample, truth);
	}
	note_verdict(world, sample, record);
}

static void note_outage(struct world *world, const struct target *target,
                        const struct notice *notice)
{
	if (world->outage_count == world->outage_room) {
		world->outage_room = 2 * world->outage_room + 64;
		world->outages = reallocarray(world->outages, world->outage_room,
		                              sizeof(struct outage_record));
		assert_non_null(world->outages);
	}
	world->outages[world->outage_count++] =
		(struct outage_record){ target->index, notice->sequence, notice->length,
		                        notice->span };
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
	world->suspensions += notice->kind == NOTICE_SUSPENDED;
	world->moves += notice->kind == NOTICE_ADDRESS;
	world->restarts += notice->kind == NOTICE_RESTARTED;
	if (notice->kind == NOTICE_CLOCK_SET) {
		world->steps++;
		world->last_step = notice->span;
	}
	if (notice->kind == NOTICE_OUTAGE)
		note_outage(world, target, notice);
	append(world, &utterance);
}

static void take_interval(void *state, const struct target *target, struct interval *interval)
{
	struct world *world = state;
	struct utterance utterance = {
		.target = target->index,
		.sequence = (int64_t)interval->number,
		.fate = 200,
		.wall = interval->wall.ns,
	};

	if (world->span_count == world->span_room) {
		world->span_room = 2 * world->span_room + 64;
		world->spans = reallocarray(world->spans, world->span_room,
		                            sizeof(struct span_record));
		assert_non_null(world->spans);
	}
	world->spans[world->span_count++] = (struct span_record){
		.target = target->index,
		.number = interval->number,
		.measured = interval->stats.count,
		.from = mono_since(interval->from, world->start),
		.to = mono_since(interval->to, world->start),
		.tally = interval->tally,
	};
	append(world, &utterance);
}

const struct sink_ops world_recorder = {
	.sample = take_sample,
	.followed = take_followed,
	.event = take_notice,
	.interval = take_interval,
};
