/* SPDX-License-Identifier: MIT */
/* witness -- what must become of each probe, by what the session was given to read and when. */
#include <errno.h>

#include "sim/network.h"

enum {
	/* A reply read this long after its probe's time-out may have been there in time, for all
	 * that a program without the kernel's stamps can know. */
	OVERSLEPT = 10 * 1000 * 1000,
};

static void settle(struct truth *truth, enum fate fate)
{
	truth->settled = true;
	truth->fate = fate;
	truth->rtt = -1;
}

/* The wall clock shows a step by being elsewhere than at the reading before. */
void witness_reading(struct world *world, struct line *line)
{
	struct mono before = line->last_reading;

	line->fresh = mono_known(before) && world_wall(world, world->now).ns - world->now.ns ==
	                                            world_wall(world, before).ns - before.ns;
	line->last_reading = world->now;
	if (!line->fresh)
		line->stepped = world->now;
}

/* Can the session use the stamp that comes with this?  One that cannot be is none, and one of a probe
 * that was under way when the clock was seen to step may be of either side of it. */
static bool is_stamped(const struct parcel *parcel)
{
	const struct line *line = line_of(parcel->channel);

	return line->fresh && !mono_before(parcel->truth->called, line->stepped) &&
	       parcel->error == 0 && parcel->channel->timestamps.rx != TAKEN_USER &&
	       parcel->channel->ops->scope != CHANNEL_PER_PROBE;
}

/* By now its time-out has passed, and the session had the chance to say so. */
static void settle_if_expired(const struct world *world, struct truth *truth)
{
	if (!truth->settled &&
	    mono_since(world->stepped, truth->called) >= world->settings.timeout)
		settle(truth, FATE_LOST);
}

static void count_afterwards(struct truth *truth)
{
	bool again = truth->twin || truth->fate == FATE_ANSWERED;

	truth->duplicates += again;
	truth->late += !again;
	truth->twin = true;
}

static struct mono departure(const struct truth *truth)
{
	return truth->left_told ? truth->left : truth->called;
}

/* In time; the round trip is what can be known of it when it is told. */
static void answer(const struct world *world, struct truth *truth, struct parcel *parcel)
{
	bool cut = mono_before(truth->called, world->resumed);

	settle(truth, FATE_ANSWERED);
	truth->at_arrival = is_stamped(parcel);
	truth->arrived = (struct mono){ parcel->arrival.key };
	truth->there = parcel->reached;
	truth->back = parcel->returned;
	truth->residence = wall_since(parcel->far.sent, parcel->far.received);
	truth->ended = truth->at_arrival ? truth->arrived : world->now;
	truth->read = world->now;
	truth->span = cut ? 0 : parcel->event.span;
	truth->label = world_wall(world, world->now);
	if (cut)
		truth->ended = (struct mono){ 0 };
}

void witness_told(const struct world *world, struct truth *truth, enum taker tx)
{
	/* Told by what makes room for it, in the very batch that has its stamp: either way. */
	bool either =
		mono_before(truth->read, world->now) && world->now.ns == truth->left_read.ns;

	truth->left_used = truth->left_told && (!either || tx != TAKEN_USER);
	if (truth->span > 0)
		truth->rtt = truth->span;
	else if (mono_known(truth->ended))
		truth->rtt = mono_since(truth->ended,
		                        truth->left_used ? truth->left : truth->called);
	if (truth->rtt >= truth->residence && truth->residence > 0)
		truth->rtt -= truth->residence;
}

static void witness_reply(const struct world *world, struct parcel *parcel)
{
	struct truth *truth = parcel->truth;
	bool stamped = is_stamped(parcel);
	struct mono ended = stamped ? (struct mono){ parcel->arrival.key } : world->now;
	int64_t rtt = parcel->event.span > 0 ? parcel->event.span
	                                     : mono_since(ended, departure(truth));
	int64_t timeout = world->settings.timeout;
	bool overslept = mono_since(world->now, truth->called) > timeout + OVERSLEPT;

	settle_if_expired(world, truth);
	if (truth->settled) {
		count_afterwards(truth);
	} else if (parcel->event.retransmissions > 0 &&
	           world->settings.ops->retransmission_is_loss) {
		settle(truth, FATE_LOST);
	} else if (rtt <= timeout || (!stamped && overslept)) {
		answer(world, truth, parcel);
		if (rtt > timeout)
			truth->ended = (struct mono){ 0 };
	} else {
		settle(truth, FATE_LOST);
		count_afterwards(truth);
	}
}

static void witness_left(const struct world *world, struct truth *truth,
                         const struct parcel *parcel)
{
	bool first = parcel->stamp.ns == truth->left.ns;

	if (truth->left_told || !first || !is_stamped(parcel))
		return;
	truth->left_told = true;
	truth->left_read = world->now;
}

static void witness_refusal(const struct world *world, struct truth *truth)
{
	settle_if_expired(world, truth);
	if (!truth->settled)
		settle(truth, FATE_REFUSED);
}

void witness_abandoned(const struct world *world, uint32_t target, int error)
{
	for (int64_t i = 1; i <= world->settings.count; i++) {
		struct truth *truth = world_truth(world, target, (uint64_t)i);

		if (!truth->sent)
			continue;
		settle_if_expired(world, truth);
		if (!truth->settled)
			settle(truth, error == -ECONNRESET ? FATE_REFUSED : FATE_LOST);
	}
}

/* A connection is gone, and with it all that was under way on it. */
static void witness_end(const struct world *world, const struct channel *channel, int error)
{
	line_of(channel)->stands = false;
	witness_abandoned(world, channel->target, error);
}

void witness_close(struct world *world, const struct channel *channel)
{
	if (!line_of(channel)->stands || channel->ops->scope != CHANNEL_PER_TARGET)
		return;
	world->renewed++;
	witness_abandoned(world, channel->target, -ECONNABORTED);
}

/* A lie is junk, except a refusal of what is no longer awaited: that is old news. */
static void witness_lie(struct world *world, const struct parcel *parcel)
{
	settle_if_expired(world, parcel->truth);
	if (parcel->event.kind != EVENT_REFUSED || !parcel->truth->settled)
		world->junk++;
}

/* A reply to nobody is junk; of the rest nothing is told. */
static void witness_stray(struct world *world, const struct parcel *parcel)
{
	world->junk += parcel->event.kind == EVENT_REPLY;
}

void witness(struct world *world, struct parcel *parcel)
{
	enum event_kind kind = parcel->event.kind;

	if (parcel->stray)
		witness_stray(world, parcel);
	else if (parcel->lie)
		witness_lie(world, parcel);
	else if (kind == EVENT_REPLY && parcel->truth)
		witness_reply(world, parcel);
	else if (kind == EVENT_REFUSED && parcel->truth)
		witness_refusal(world, parcel->truth);
	else if (kind == EVENT_LEFT)
		witness_left(world, parcel->truth, parcel);
	else if (kind == EVENT_READY)
		line_of(parcel->channel)->stands = true;
	else if (kind == EVENT_ENDED)
		witness_end(world, parcel->channel, parcel->event.error);
}
