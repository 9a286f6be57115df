/* SPDX-License-Identifier: MIT */
/* witness -- what must become of each probe, by what the session was given to read and when. */
#include <errno.h>

#include "sim/network.h"

enum {
	/* A reply read this long after its probe's time-out may have been there in time, for all
	 * that a program without the kernel's stamps can know. */
	OVERSLEPT = 10 * 1000 * 1000,
};

static void settle(struct truth *truth, enum fate fate, int64_t rtt)
{
	truth->settled = true;
	truth->fate = fate;
	truth->rtt = rtt;
}

/* By now its time-out has passed, and the session had the chance to say so. */
static void settle_if_expired(const struct world *world, struct truth *truth)
{
	if (!truth->settled &&
	    mono_since(world->stepped, truth->called) >= world->settings.timeout)
		settle(truth, FATE_LOST, -1);
}

static void count_afterwards(struct truth *truth)
{
	bool again = truth->twin || truth->fate == FATE_ANSWERED;

	truth->duplicates += again;
	truth->late += !again;
	truth->twin = true;
}

static void witness_reply(const struct world *world, struct parcel *parcel)
{
	struct truth *truth = parcel->truth;
	bool stamped = world->settings.weather.stamped && truth->left_told;
	int64_t rtt = stamped ? parcel->arrival.key - truth->left.ns
	                      : mono_since(world->now, truth->called);
	int64_t timeout = world->settings.timeout;

	settle_if_expired(world, truth);
	if (truth->settled) {
		count_afterwards(truth);
	} else if (parcel->event.retransmissions > 0 &&
	           world->settings.ops->retransmission_is_loss) {
		settle(truth, FATE_LOST, -1);
	} else if (rtt <= timeout) {
		settle(truth, FATE_ANSWERED, rtt);
	} else if (!stamped && mono_since(world->now, truth->called) > timeout + OVERSLEPT) {
		settle(truth, FATE_ANSWERED, -1);
	} else {
		settle(truth, FATE_LOST, -1);
		count_afterwards(truth);
	}
}

static void witness_refusal(const struct world *world, struct truth *truth)
{
	settle_if_expired(world, truth);
	if (!truth->settled)
		settle(truth, FATE_REFUSED, -1);
}

/* A connection is gone, and with it all that was under way on it. */
static void witness_end(const struct world *world, const struct channel *channel, int error)
{
	for (int64_t i = 1; i <= world->settings.count; i++) {
		struct truth *truth = world_truth(world, channel->target, (uint64_t)i);

		if (!truth->sent)
			continue;
		settle_if_expired(world, truth);
		if (!truth->settled)
			settle(truth, error == -ECONNRESET ? FATE_REFUSED : FATE_LOST, -1);
	}
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
		parcel->truth->left_told = true;
	else if (kind == EVENT_ENDED)
		witness_end(world, parcel->channel, parcel->event.error);
}
