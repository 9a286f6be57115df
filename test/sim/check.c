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
		sum.by_user += one->by_user;
		sum.by_kernel += one->by_kernel;
		sum.distrusted += one->distrusted;
		sum.worst_lag = span_max(sum.worst_lag, one->worst_lag);
	}
	return sum;
}

static void check_due(const struct target *target, const struct world *world, uint64_t sequence,
                      const struct record *record)
{
	int64_t planned = (int64_t)(sequence - 1) * world->settings.interval;

	if (world->settings.pace != PACE_PERIODIC)
		return;
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

/* Whatever happens to clocks, what is told of a round trip is the wire's, and nothing but the host's
 * own delays more. */
static void check_against_wire(const struct truth *truth, const struct record *record)
{
	if (!mono_known(truth->left) || record->rtt < 0)
		return;
	int64_t wire = mono_since(truth->arrived, truth->left) - truth->residence;
	int64_t out = mono_since(truth->left, truth->called);
	int64_t in = mono_since(truth->read, truth->arrived);

	assert_true(record->rtt >= wire);
	assert_true(record->rtt <= wire + out + in);
	assert_int_equal(record->tx == TAKEN_KERNEL, truth->left_used);
	assert_int_equal(record->rx == TAKEN_KERNEL, truth->at_arrival);
}

static void check_sent(const struct truth *truth, const struct record *record)
{
	enum fate fate = truth->settled ? truth->fate : FATE_LOST;

	assert_int_equal(record->fate, fate);
	assert_int_equal(record->called.ns, truth->called.ns);
	assert_int_equal(record->late, truth->late);
	assert_int_equal(record->duplicates, truth->duplicates);
	if (fate == FATE_ANSWERED) {
		assert_int_equal(record->rtt, truth->rtt);
		check_against_wire(truth, record);
	}
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
	if (mono_known(record->called))
		tally->worst_lag =
			span_max(tally->worst_lag, mono_since(record->called, record->due));
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
	struct moments moments = stats_moments(&target->stats);

	assert_int_equal(moments.min, expected.min);
	assert_int_equal(moments.max, expected.max);
	assert_true(fabs(moments.mean - expected.sum / (double)measured) < 1);
}

/* The next outage that was told of this target, from *told on; of length 0 when there is none. */
static struct outage_record next_outage(const struct world *world, uint32_t target,
                                        size_t *told)
{
	for (; *told < world->outage_count; ++*told)
		if (world->outages[*told].target == target)
			return world->outages[(*told)++];
	return (struct outage_record){ 0 };
}

/* A run of losses that is over. */
static void check_run(const struct world *world, const struct outage_record *run, size_t *told)
{
	if (run->length < OUTAGE_LENGTH)
		return;
	struct outage_record outage = next_outage(world, run->target, told);

	assert_int_equal(outage.length, run->length);
	assert_int_equal(outage.first, run->first);
	assert_int_equal(outage.span, run->span + world->settings.interval);
}

/* Losses in a row among those that left. */
static void check_outages_of(const struct world *world, uint32_t target)
{
	struct outage_record run = { .target = target };
	struct mono first = { 0 };
	size_t told = 0;

	/* Core/losses takes losses in their order, and leaves out what comes behind it. */
	if (world->disordered[target])
		return;
	for (uint64_t s = 1; s <= (uint64_t)world->settings.count; s++) {
		const struct record *record = world_record(world, target, s);

		if (record->fate == FATE_LOST) {
			first = run.length ? first : record->called;
			run.first = run.length ? run.first : s;
			run.span = mono_since(record->called, first);
			run.length++;
		} else if (record->fate != FATE_UNSENT) {
			check_run(world, &run, &told);
			run.length = 0;
		}
	}
	check_run(world, &run, &told);
	assert_int_equal(next_outage(world, target, &told).length, 0);
}

/* The same sums, of the probes that were due in an interval. */
static void expect_within(const struct world *world, const struct span_record *span,
                          struct expected *expected)
{
	for (uint64_t s = 1; s <= (uint64_t)world->settings.count; s++) {
		const struct record *record = world_record(world, span->target, s);
		int64_t due = mono_since(record->due, world->start);

		if (due >= span->from && due < span->to)
			expect(expected, world_truth(world, span->target, s), record);
	}
}

static void check_interval(const struct world *world, const struct span_record *span)
{
	struct expected expected = { 0 };
	const struct tally *tally = &span->tally, *right = &expected.tally;

	assert_int_equal(span->from, (int64_t)(span->number - 1) * world->settings.report);
	/* The last one ends where the run does. */
	assert_true(span->to <= span->from + world->settings.report);
	assert_true(span->to == span->from + world->settings.report ||
	            span->to == mono_since(world->session->now, world->start));
	expect_within(world, span, &expected);
	assert_int_equal(tally->transmitted, right->transmitted);
	assert_int_equal(tally->received, right->received);
	assert_int_equal(tally->lost, right->lost);
	assert_int_equal(tally->refused, right->refused);
	assert_int_equal(tally->unsent, right->unsent);
	assert_int_equal(tally->unmeasured, right->unmeasured);
	assert_int_equal(span->measured, tally->received - tally->unmeasured);
	/* What comes when it has been told is in the totals alone. */
	assert_true(tally->late <= right->late && tally->duplicates <= right->duplicates);
}

/* Each in its turn, none left out, and in all of them together every probe. */
static void check_intervals_of(const struct world *world, const struct target *target)
{
	uint64_t number = 0, probes = 0;

	for (size_t i = 0; i < world->span_count; i++) {
		const struct span_record *span = &world->spans[i];

		if (span->target != target->index)
			continue;
		assert_int_equal(span->number, ++number);
		check_interval(world, span);
		probes += span->tally.transmitted + span->tally.unsent;
	}
	assert_int_equal(probes, world->settings.count);
}

static void check_all(const struct world *world)
{
	for (uint32_t i = 0; i < world->settings.targets; i++)
		check_target(world, world->session->targets[i]);
	for (uint32_t i = 0; i < world->settings.targets; i++)
		check_outages_of(world, i);
	for (uint32_t i = 0; i < world->settings.targets && world->settings.report > 0; i++)
		check_intervals_of(world, world->session->targets[i]);
	assert_int_equal(world_tally(world).junk, world->junk);
	assert_int_equal(world_tally(world).reordered, world->reordered);
	assert_int_equal(world->too_close, 0);
	assert_int_equal(world->misaddressed, 0);
	assert_int_equal(world->hasty, 0);
}

void world_check(struct world *world)
{
	session_conclude(world->session);
	check_all(world);
}

struct tally world_live(const struct settings *settings)
{
	struct world *world = world_new(settings);

	world_run(world);
	world_check(world);
	struct tally tally = world_tally(world);

	world_free(world);
	return tally;
}
