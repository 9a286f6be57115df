/* SPDX-License-Identifier: MIT */
#include "probe/settle.h"

#include <assert.h>
#include <errno.h>

#include "probe/tell.h"

struct target *settle_target(const struct session *session, uint32_t index)
{
	return index < session->target_count ? session->targets[index] : NULL;
}

struct target *settle_owner(const struct session *session, const struct flight *flight)
{
	struct target *target = settle_target(session, flight->target);

	assert(target);
	return target;
}

static void count_fate(struct target *target, enum fate fate)
{
	struct tally *tally = &target->tally;

	switch (fate) {
	case FATE_ANSWERED:
		tally->received++;
		break;
	case FATE_LOST:
		tally->lost++;
		break;
	case FATE_REFUSED:
		tally->refused++;
		break;
	case FATE_UNSENT:
		tally->unsent++;
		break;
	case FATE_LATE:
		tally->late++;
		break;
	case FATE_DUPLICATE:
		tally->duplicates++;
		break;
	}
}

static void finish_if_done(struct session *session, struct target *target)
{
	if (target->phase != TARGET_FINISHING || target->awaited > 0)
		return;
	target->phase = TARGET_FINISHED;
	session->unfinished--;
}

static void count_answer(struct target *target, const struct sample *sample)
{
	int64_t rtt = sample_rtt(sample);

	if (sample->sequence < target->newest)
		target->tally.reordered++;
	else
		target->newest = sample->sequence;
	if (rtt >= 0)
		stats_add(&target->stats, rtt);
	else
		target->tally.unmeasured++;
}

void settle_afterwards(struct session *session, struct target *target,
                       const struct sample *sample)
{
	count_fate(target, sample->fate);
	target->last = session->now;
	if (sample->fate == FATE_ANSWERED)
		count_answer(target, sample);
	tell_sample(session, target, sample);
	finish_if_done(session, target);
}

struct sample settle_sample(const struct session *session, const struct target *target,
                            const struct flight *flight, enum fate fate)
{
	return (struct sample){
		.target = target->index,
		.sequence = flight->sequence,
		.fate = fate,
		.from = target_address(target),
		.ttl = -1,
		.tos = -1,
		.wall = { session->now.ns + session->wall_offset },
		.due = flight->due,
		.called = flight->called,
		.left = flight->left,
	};
}

void settle_flight(struct session *session, struct target *target, struct flight *flight,
                   const struct sample *sample)
{
	inflight_settle(flight, sample->fate);
	target->awaited--;
	settle_afterwards(session, target, sample);
}

void settle_unsent(struct session *session, struct target *target, int error)
{
	struct sample sample = {
		.target = target->index,
		.sequence = target->sequence,
		.fate = FATE_UNSENT,
		.ttl = -1,
		.tos = -1,
		.wall = { session->now.ns + session->wall_offset },
		.due = target->due,
		.error = error,
	};

	settle_afterwards(session, target, &sample);
}

void settle_refused_unsent(struct session *session, struct target *target,
                           struct channel *channel, int error)
{
	struct sample sample = {
		.target = target->index,
		.sequence = target->sequence,
		.fate = FATE_REFUSED,
		.from = target_address(target),
		.ttl = -1,
		.tos = -1,
		.wall = { session->now.ns + session->wall_offset },
		.due = target->due,
		.called = channel->called,
		.error = error,
	};

	target->tally.transmitted++;
	settle_afterwards(session, target, &sample);
}

void settle_abandoned(struct session *session, struct channel *channel, enum fate fate,
                      int error)
{
	uint64_t key = 0;
	struct flight *flight;

	while ((flight = inflight_oldest(&channel->inflight, &key))) {
		struct target *target = settle_owner(session, flight);
		struct sample sample = settle_sample(session, target, flight, fate);

		sample.error = error ? error : -EPIPE; /* an orderly end: nothing will come */
		settle_flight(session, target, flight, &sample);
	}
}
