/* SPDX-License-Identifier: MIT */
/* kinds -- the simulated ways of asking: what becomes of a probe between send() and heard(). */
#include <errno.h>

#include "sim/network.h"

enum {
	STAMP_SPAN = 3000,  /* ns from the call to the wire */
	STAMP_DELAY = 6000, /* and until the kernel tells of it */
	ABSURDITY = 100,    /* s by which a stamp that cannot be is wrong at the least */
	SLOWNESS = 20,      /* times the delay */
	SLAM_SPAN = 100000, /* ns that a connection stands whose peer wants none */
};

/* As net/timestamp: false when no stamp can be converted. */
static bool read_clocks(struct channel *channel)
{
	struct world *world = world_of(channel);
	struct clock_reading reading = { world->now, world->now,
		                         world_wall(world, world->now) };

	witness_reading(world, line_of(channel));
	return bridge_check(&channel->timestamps.bridge, reading) &&
	       channel->timestamps.rx != TAKEN_USER;
}

int network_open(struct channel *channel, const struct address *to, struct mono *called,
                 struct err *err)
{
	struct world *world = world_of(channel);
	struct line *line = line_of(channel);

	(void)to;
	(void)err;
	*called = world->now;
	*line = (struct line){
		.generation = ++world->generations,
		.last_arrival = world->now,
		.is_ready = line->is_ready, /* the world may still know it */
		.next_ready = line->next_ready,
	};
	channel->timestamps = (struct timestamps){
		.tx = channel->options->stamping == STAMPING_KERNEL ? TAKEN_KERNEL : TAKEN_USER,
		.rx = channel->options->stamping != STAMPING_USER ? TAKEN_KERNEL : TAKEN_USER,
	};
	(void)read_clocks(channel);
	return 0;
}

void network_close(struct channel *channel)
{
	struct world *world = world_of(channel);
	struct line *line = line_of(channel);

	witness_close(world, channel);
	queue_empty(world, &line->departures);
	queue_empty(world, &line->inbox);
	if (channel->ops->scope == CHANNEL_FOR_ALL)
		network_drop(world, channel);
	line->generation = 0;
	line->stands = false;
}

static bool is_refusing(const struct world *world, const struct address *to)
{
	struct address refusing;

	return world->settings.refusing &&
	       address_parse(world->settings.refusing, &refusing) == 0 &&
	       address_same_host(&refusing, to);
}

int64_t network_delay(struct world *world)
{
	const struct weather *weather = &world->settings.weather;

	return weather->delay + world_below(world, weather->spread);
}

/* A stamp that cannot be is off by so much that nobody need doubt it. */
static int64_t error_of(struct world *world)
{
	int64_t error = (ABSURDITY + world_below(world, ABSURDITY)) * NS_PER_SEC;

	if (!world_chance(world, world->settings.weather.absurd))
		return 0;
	return world_chance(world, 500) ? error : -error;
}

static int open_connection(struct channel *channel, const struct address *to,
                           struct mono *called, struct err *err)
{
	struct world *world = world_of(channel);
	int result = network_open(channel, to, called, err);
	int64_t delay = network_delay(world);
	struct parcel *parcel = parcel_new(world, channel, delay);

	parcel->event.kind = EVENT_READY;
	if (world_chance(world, world->settings.weather.slams))
		parcel_new(world, channel, delay + SLAM_SPAN)->event.kind = EVENT_ENDED;
	if (is_refusing(world, to)) {
		parcel->event.kind = EVENT_ENDED;
		parcel->event.error = -ECONNREFUSED;
	}
	return result;
}

struct parcel *network_reply(struct channel *channel, const struct address *to, uint64_t key,
                             struct truth *truth, int64_t delay)
{
	struct parcel *parcel = parcel_new(world_of(channel), channel, delay);

	parcel->truth = truth;
	parcel->error = error_of(world_of(channel));
	parcel->wire = key & ((UINT64_C(1) << channel->ops->key_bits) - 1);
	parcel->event = (struct event){
		.kind = EVENT_REPLY,
		.bytes = channel->options->size,
		.ttl = 64,
		.tos = 0,
		.nonce = channel_nonce(channel, key),
		.nonce_mask = UINT64_MAX,
		.from = *to,
		.target = *to,
	};
	return parcel;
}

/* One stamp of departure, to be read after a delay. */
static void stamp(struct channel *channel, const struct address *to, uint64_t key,
                  struct truth *truth, struct mono left, int64_t delay)
{
	struct parcel *parcel = network_reply(channel, to, key, truth, delay);

	parcel->event.kind = EVENT_LEFT;
	parcel->stamp = left;
}

/* The kernel tells soon when a probe left, or only after the reply, which takes so long. */
void network_stamp_departure(struct channel *channel, const struct address *to, uint64_t key,
                             struct truth *truth, int64_t reply)
{
	struct world *world = world_of(channel);
	const struct weather *weather = &world->settings.weather;
	int64_t delay = STAMP_DELAY;

	truth->left = mono_add(world->now, STAMP_SPAN);
	if (world_chance(world, weather->left_never))
		return;
	if (world_chance(world, weather->left_behind))
		delay = reply + weather->behind_least +
		        world_below(world, weather->behind_most - weather->behind_least);
	stamp(channel, to, key, truth, truth->left, delay);
	if (world_chance(world, weather->left_again))
		stamp(channel, to, key, truth, mono_add(truth->left, reply / 2),
		      delay + reply / 2);
}

static void travel(struct channel *channel, const struct address *to, uint64_t key,
                   struct truth *truth)
{
	struct world *world = world_of(channel);
	const struct weather *weather = &world->settings.weather;
	uint32_t target = flight_more(inflight_find(&channel->inflight, key))->target;
	int64_t delay = network_delay(world) * (world_is_slow(world, target) ? SLOWNESS : 1);

	/* The session promises to know late answers for as long again as the time-out. */
	if (world_chance(world, weather->late))
		delay = world->settings.timeout + world_below(world, world->settings.timeout);
	if (channel->timestamps.tx != TAKEN_USER)
		network_stamp_departure(channel, to, key, truth, delay);
	if (world_chance(world, weather->forged))
		network_forge(channel, to, key, truth);
	if (world_chance(world, weather->lost) || world_is_dead(world, target))
		return;
	struct parcel *reply = network_reply(channel, to, key, truth, delay);

	if (world_chance(world, weather->refused)) {
		reply->event.kind = EVENT_REFUSED;
		reply->event.error = -EHOSTUNREACH;
		reply->event.from = address_any(AF_INET);
		reply->event.from.v4.sin_addr.s_addr = htonl(0xc0000201); /* a router */
	}
	if (world_chance(world, weather->twice))
		(void)network_reply(channel, to, key, truth,
		                    world_below(world, 2 * world->settings.timeout));
}

/* Nearer to the probe before than it may be. */
static bool is_too_close(const struct world *world, const struct flight *flight)
{
	const struct flight_more *more = flight_more(flight);
	struct mono last = world->last_called[more->target];
	int64_t least = world->settings.least_gap;

	if (!mono_known(last))
		return false;
	if (world->settings.pace != PACE_ANSWERS) {
		const struct truth *sent = world_truth(world, more->target, more->sequence - 1);
		const struct record *unsent =
			world_record(world, more->target, more->sequence - 1);

		least = mono_since(flight->due, sent->sent ? sent->due : unsent->due) / 2;
	}
	return mono_since(world->now, last) < least;
}

/* The truth of the probe with this key begins; its place in the table is only the label of it. */
struct truth *network_depart(struct channel *channel, const struct address *to, uint64_t key)
{
	struct world *world = world_of(channel);
	const struct flight *flight = inflight_find(&channel->inflight, key);
	const struct flight_more *more = flight_more(flight);
	struct truth *truth = world_truth(world, more->target, more->sequence);

	world->misaddressed +=
		!address_same_host(to, &world->asked[more->target]) || truth->sent;
	world->too_close += is_too_close(world, flight);
	world->last_called[more->target] = world->now;
	truth->sent = true;
	truth->due = flight->due;
	truth->called = world->now;
	truth->to = *to;
	return truth;
}

static int send_datagram(struct channel *channel, const struct address *to, uint64_t key,
                         struct mono *called)
{
	struct world *world = world_of(channel);

	*called = world->now;
	if (world_chance(world, world->settings.weather.unsent))
		return -ENOBUFS;
	travel(channel, to, key, network_depart(channel, to, key));
	return 0;
}

static int send_request(struct channel *channel, const struct address *to, uint64_t key,
                        struct mono *called)
{
	struct world *world = world_of(channel);
	struct line *line = line_of(channel);
	struct truth *truth = network_depart(channel, to, key);
	bool late = world_chance(world, world->settings.weather.late);
	int64_t delay = network_delay(world) + (late ? world->settings.timeout : 0);
	struct parcel *parcel;

	*called = world->now;
	/* What is behind a late answer is late with it, but keeps its place. */
	delay = span_max(delay, mono_since(line->last_arrival, world->now) + 1);
	if (world_chance(world, world->settings.weather.ends)) {
		parcel = parcel_new(world, channel, delay);
		parcel->event.kind = EVENT_ENDED;
		parcel->event.error = world_chance(world, 500) ? -ECONNRESET : 0;
	} else {
		parcel = network_reply(channel, to, key, truth, delay);
		parcel->event.nonce_mask = 0; /* order is all that a stream has */
	}
	if (channel->timestamps.tx != TAKEN_USER)
		network_stamp_departure(channel, to, key, truth, delay);
	line->last_arrival = mono_add(world->now, delay);
	return 0;
}

static int send_handshake(struct channel *channel, const struct address *to, uint64_t key,
                          struct mono *called)
{
	struct world *world = world_of(channel);
	const struct weather *weather = &world->settings.weather;
	/* A trial of an address (probe/opening) is no probe, and has no truth. */
	struct truth *truth = key ? network_depart(channel, to, key) : NULL;
	struct parcel *parcel;

	*called = world->now;
	if (world_chance(world, weather->lost))
		return 0;
	int64_t delay = network_delay(world);

	parcel = network_reply(channel, to, key, truth, delay);
	parcel->event.nonce_mask = 0;
	parcel->event.span = weather->stamped ? delay : 0;
	parcel->event.retransmissions = world_chance(world, weather->retransmit);
	if (is_refusing(world, to) || world_chance(world, weather->refused)) {
		parcel->event.kind = EVENT_REFUSED;
		parcel->event.error = -ECONNREFUSED;
	}
	return 0;
}

/* As probe/stamps: what the kernel stamped by the wall clock, by the monotonic one. */
static struct mono convert(const struct channel *channel, const struct parcel *parcel,
                           bool usable)
{
	const struct world *world = world_of(channel);
	struct mono instant = parcel->event.kind == EVENT_LEFT
	                              ? parcel->stamp
	                              : (struct mono){ parcel->arrival.key };
	struct wall wall = world_wall(world, instant);

	if (!usable || channel->ops->scope == CHANNEL_PER_PROBE)
		return (struct mono){ 0 };
	wall.ns += parcel->error;
	return bridge_mono(&channel->timestamps.bridge, wall);
}

static struct event tell(struct world *world, struct parcel *parcel, bool usable)
{
	struct channel *channel = parcel->channel;
	struct event event = parcel->event;

	witness(world, parcel);
	event.read = world->now;
	event.key = inflight_unwrap(&channel->inflight, parcel->wire, channel->ops->key_bits);
	if (event.kind == EVENT_LEFT || event.kind == EVENT_REPLY)
		event.stamp = convert(channel, parcel, usable);
	return event;
}

/* One batch: a reading of the clocks, and what had come before it. */
static int take(struct channel *channel, struct queue *queue, struct event *events, int room)
{
	struct world *world = world_of(channel);
	bool usable = queue->first && room > 0 && read_clocks(channel);
	int count = 0;

	while (queue->first && count < room) {
		struct parcel *parcel = queue_take(queue);

		events[count] = tell(world, parcel, usable);
		if (parcel->event.far) {
			line_of(channel)->far[count] = parcel->far;
			events[count].far = &line_of(channel)->far[count];
		}
		count++;
		parcel_free(world, parcel);
		if (events[count - 1].kind == EVENT_ENDED)
			break;
	}
	return count;
}

int network_heard(struct channel *channel, struct event *events, int room)
{
	struct line *line = line_of(channel);

	network_collect(world_of(channel));
	int count = take(channel, &line->departures, events, room);

	return count + take(channel, &line->inbox, events + count, room - count);
}

const struct probe_ops sim_for_all = {
	.name = "datagrams",
	.scope = CHANNEL_FOR_ALL,
	.key_bits = 16,
	.echoes = true,
	.state_size = sizeof(struct line),
	.open = network_open,
	.send = send_datagram,
	.heard = network_heard,
	.close = network_close,
};

const struct probe_ops sim_for_all_ports = {
	.name = "datagrams with ports",
	.port = 8888,
	.scope = CHANNEL_FOR_ALL,
	.key_bits = 32,
	.echoes = true,
	.state_size = sizeof(struct line),
	.open = network_open,
	.send = send_datagram,
	.heard = network_heard,
	.close = network_close,
};

const struct probe_ops sim_per_target = {
	.name = "connections",
	.port = 8888,
	.scope = CHANNEL_PER_TARGET,
	.key_bits = 32,
	.echoes = true,
	.state_size = sizeof(struct line),
	.open = open_connection,
	.send = send_request,
	.heard = network_heard,
	.close = network_close,
};

const struct probe_ops sim_per_probe = {
	.name = "handshakes",
	.port = 443,
	.scope = CHANNEL_PER_PROBE,
	.key_bits = 32,
	.retransmission_is_loss = true,
	.state_size = sizeof(struct line),
	.open = network_open,
	.send = send_handshake,
	.heard = network_heard,
	.close = network_close,
};
