/* SPDX-License-Identifier: MIT */
/* check -- what the session said, held against what the network knows. */
#include <math.h>

#include "sim/world.h"

struct tally world_tally(const struct world *world)
{
	struct tally sum = { 0 };

	for (uint32_t i = 0; i < world->settings.targets; i++) {
		const struct tally *one = &world->session->targets[i]->tally;

		sum.transmitted += one->transmitted;
		sum.received += one->received;
		sum.lost += one->lost;
		sum.refused += one->refused;
		sum.unsent += one->unsent;
		sum.late += one->late;
		sum.duplicates += one->duplicates;
		sum.junk += one->junk;
		sum.reordered += one->reordered;
		sum.retransmissions += one->retransmissions;
		sum.unmeasured += one->unmeasured;
		sum.syn_lost += one->syn_lost;
		sum.worst_lag = span_max(sum.worst_lag, one->worst_lag);
	}
	return sum;
}

static void check_due(const struct target *target, const struct world *world, uint64_t sequence,
                      const struct record *record)
{
	int64_t planned = (int64_t)(sequence - 1) * world->settings.interval;

	if (mono_since(record->due, target->first) != planned)
		fail_msg("probe %u/%u was due %lld ns off its schedule", target->index,
		         (unsigned)sequence,
		         (long long)(mono_since(record->due, target->first) - planned));
}

/* A probe that never left says so -- or that its connection was refused before it could. */
static void check_unsent(const struct record *record)
{
	assert_true(record->fate == FATE_UNSENT || record->fate == FATE_REFUSED);
	assert_true(record->error < 0);
	assert_int_equal(record->late + record->duplicates, 0);
}

static void check_sent(const struct truth *truth, const struct record *record)
{
	enum fate fate = truth->settled ? truth->fate : FATE_LOST;

	assert_int_equal(record->fate, fate);
	assert_int_equal(record->called.ns, truth->called.ns);
	assert_int_equal(record->late, truth->late);
	assert_int_equal(record->duplicates, truth->duplicates);
	if (fate == FATE_ANSWERED)
		assert_int_equal(record->rtt, truth->rtt);
	if (fate == FATE_REFUSED)
		assert_true(record->error < 0);
}

/* The same sums, counted from the records; and round trips as the statistics have them. */
struct expected {
	struct tally tally;
	double sum;
	int64_t min, max;
};

static void expect(struct expected *expected, const struct truth *truth,
                   const struct record *record)
{
	struct tally *tally = &expected->tally;

	tally->transmitted += truth->sent || record->fate == FATE_REFUSED;
	tally->received += record->fate == FATE_ANSWERED;
	tally->lost += record->fate == FATE_LOST;
	tally->refused += record->fate == FATE_REFUSED;
	tally->unsent += record->fate == FATE_UNSENT;
	tally->late += truth->late;
	tally->duplicates += truth->duplicates;
	if (truth->sent)
		tally->worst_lag =
			span_max(tally->worst_lag, mono_since(truth->called, record->due));
	if (record->fate != FATE_ANSWERED)
		return;
	tally->unmeasured += truth->rtt < 0;
	if (truth->rtt < 0)
		return;
	bool first = expected->tally.received - expected->tally.unmeasured == 1;

	expected->min = first ? truth->rtt : span_min(expected->min, truth->rtt);
	expected->max = span_max(expected->max, truth->rtt);
	expected->sum += (double)truth->rtt;
}

static void check_target(const struct world *world, const struct target *target)
{
	struct expected expected = { 0 };
	const struct tally *tally = &target->tally;

	for (uint64_t s = 1; s <= (uint64_t)world->settings.count; s++) {
		const struct truth *truth = world_truth(world, target->index, s);
		const struct record *record = world_record(world, target->index, s);

		assert_int_equal(record->verdicts, 1);
		check_due(target, world, s, record);
		if (truth->sent)
			check_sent(truth, record);
		else
			check_unsent(record);
		expect(&expected, truth, record);
	}
	assert_int_equal(tally->transmitted, expected.tally.transmitted);
	assert_int_equal(tally->received, expected.tally.received);
	assert_int_equal(tally->lost, expected.tally.lost);
	assert_int_equal(tally->refused, expected.tally.refused);
	assert_int_equal(tally->unsent, expected.tally.unsent);
	assert_int_equal(tally->late, expected.tally.late);
	assert_int_equal(tally->duplicates, expected.tally.duplicates);
	assert_int_equal(tally->unmeasured, expected.tally.unmeasured);
	assert_int_equal(tally->worst_lag, expected.tally.worst_lag);
	assert_int_equal(tally->transmitted, tally->received + tally->lost + tally->refused);
	uint64_t measured = tally->received - tally->unmeasured;

	assert_int_equal(target->stats.count, measured);
	if (measured == 0)
		return;
	assert_int_equal(target->stats.min, expected.min);
	assert_int_equal(target->stats.max, expected.max);
	assert_true(fabs(target->stats.mean - expected.sum / (double)measured) < 1);
}

void world_check(const struct world *world)
{
	for (uint32_t i = 0; i < world->settings.targets; i++)
		check_target(world, world->session->targets[i]);
	assert_int_equal(world_tally(world).junk, world->junk);
	assert_int_equal(world_tally(world).reordered, world->reordered);
	assert_int_equal(world->too_close, 0);
	assert_int_equal(world->misaddressed, 0);
}
