/* SPDX-License-Identifier: MIT */
/* mirror -- the far end of the simulated kind that reflects: a clock, a counter, and a way there and a
 * way back that lose, duplicate and reorder each on its own. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "probe/reflection.h"
#include "sim/network.h"

static const struct mirror *mirror_of(const struct world *world)
{
	return &world->settings.mirror;
}

/* What its clock says at an instant of ours. */
static struct wall read_mirror(const struct world *world, struct mono at)
{
	const struct mirror *mirror = mirror_of(world);
	int64_t since = mono_since(at, world->start);
	int64_t stepped = mirror->step != 0 && since >= mirror->step_at ? mirror->step : 0;

	return (struct wall){ world_wall(world, at).ns + mirror->offset + stepped +
		              llround(mirror->skew * (double)since) };
}

static int64_t one_way(struct world *world, int64_t least)
{
	return least + world_below(world, mirror_of(world)->spread);
}

/* --- there --- */

static void ask(struct channel *channel, const struct address *to, uint64_t key,
                struct truth *truth)
{
	struct world *world = world_of(channel);
	const struct mirror *mirror = mirror_of(world);
	int copies = 1 + world_chance(world, mirror->forward_twice);

	for (int i = 0; i < copies; i++) {
		int64_t delay = one_way(world, mirror->forward);

		if (world_chance(world, mirror->forward_lost))
			continue;
		network_reply(channel, to, key, truth, delay)->there = true;
	}
}

/* A closing probe has no truth of its own: it is none. */
static int send_request(struct channel *channel, const struct address *to, uint64_t key,
                        struct mono *called)
{
	struct world *world = world_of(channel);
	const struct flight *flight = inflight_find(&channel->inflight, key);
	struct truth *truth;

	*called = world->now;
	if (world_chance(world, world->settings.weather.unsent))
		return -ENOBUFS;
	truth = flight->closing ? NULL : network_depart(channel, to, key);
	if (truth && channel->timestamps.tx != TAKEN_USER)
		network_stamp_departure(channel, to, key, truth, mirror_of(world)->forward);
	ask(channel, to, key, truth);
	return 0;
}

/* --- and back --- */

static uint32_t number(struct world *world, uint32_t asked)
{
	const struct mirror *mirror = mirror_of(world);

	if (mirror->restart && world->mirrored == mirror->restart)
		world->number = 0;
	return mirror->copies ? asked : (uint32_t)world->number++;
}

static struct far read_request(struct world *world, const struct parcel *request,
                               struct mono sealed)
{
	const struct line *line = line_of(request->channel);
	uint32_t asked = (uint32_t)request->wire - 1;

	return (struct far){
		.received = read_mirror(world, (struct mono){ request->arrival.key }),
		.sent = read_mirror(world, sealed),
		.own = { false, -1 },
		.clock = { false, -1 },
		.asked = asked,
		.sequence = number(world, asked),
		.ttl = 64,
		.tos = -1,
		.dscp = -1,
		.tells_departures = mirror_of(world)->follows_up,
		.follows = mirror_of(world)->follows_up && line->before.left.ns != 0,
		.followed = line->before.number,
		.followed_left = line->before.left,
	};
}

static void send_back(struct world *world, const struct parcel *request, const struct far *far,
                      struct mono left)
{
	int64_t delay =
		mono_since(left, world->now) + one_way(world, mirror_of(world)->reverse);
	struct parcel *reply = parcel_new(world, request->channel, delay);
	struct heap_node arrival = reply->arrival;

	*reply = *request;
	reply->arrival = arrival;
	reply->there = false;
	reply->far = *far;
	reply->event.far = &reply->far; /* the line has its own */
	reply->reached = (struct mono){ request->arrival.key };
	reply->returned = left;
}

void mirror_reflect(struct world *world, struct parcel *request)
{
	const struct mirror *mirror = mirror_of(world);
	struct line *line = line_of(request->channel);
	struct mono reached = { request->arrival.key };
	struct mono sealed = mono_add(reached, world_below(world, mirror->residence));
	struct mono left = mono_add(sealed, world_below(world, mirror->sealing));

	world->mirrored++;
	if (request->truth)
		request->truth->got_there = true;
	if (mirror->dies && world->mirrored >= mirror->dies) {
		parcel_free(world, request);
		return;
	}
	struct far far = read_request(world, request, sealed);
	int copies = 1 + world_chance(world, mirror->reverse_twice);

	line->before.number = far.sequence;
	line->before.left = read_mirror(world, left);
	for (int i = 0; i < copies; i++)
		if (!world_chance(world, mirror->reverse_lost))
			send_back(world, request, &far, left);
	parcel_free(world, request);
}

const struct probe_ops sim_reflecting = {
	.name = "reflected datagrams",
	.port = 862,
	.scope = CHANNEL_FOR_ALL,
	.alone = true,
	.reflects = true,
	.elastic = true,
	.key_bits = 32,
	.echoes = true,
	.state_size = sizeof(struct line),
	.open = network_open,
	.send = send_request,
	.heard = network_heard,
	.close = network_close,
};

/* --- what must be true of what was said --- */

struct losses_each_way {
	uint64_t forward, reverse, received;
};

/* A reply that came, late or not, was lost on neither way. */
static struct losses_each_way lost_of(const struct world *world, uint32_t target)
{
	struct losses_each_way lost = { 0 };

	for (uint64_t s = 1; s <= (uint64_t)world->settings.count; s++) {
		const struct truth *truth = world_truth(world, target, s);
		const struct record *record = world_record(world, target, s);
		bool came = record->fate == FATE_ANSWERED || record->late > 0;

		lost.received += came;
		lost.forward += truth->sent && !truth->got_there;
		lost.reverse += truth->sent && truth->got_there && !came;
	}
	return lost;
}

struct direction_counts world_check_directions(struct world *world)
{
	const struct reflection *reflection = world->session->targets[0]->reflection;
	struct direction_counts counts = direction_counts(&reflection->direction);
	struct losses_each_way lost = lost_of(world, 0);

	assert_int_equal(counts.sent, world->session->targets[0]->tally.transmitted);
	assert_int_equal(counts.received, lost.received);
	assert_int_equal(counts.forward_lost + counts.reverse_lost + counts.undetermined +
	                         counts.received,
	                 counts.sent);
	if (mirror_of(world)->restart == 0) {
		assert_true(counts.forward_lost <= lost.forward);
		assert_true(counts.reverse_lost <= lost.reverse);
	}
	return counts;
}
