/* SPDX-License-Identifier: MIT */
/* kinds -- the simulated ways of asking: what becomes of a probe between send() and heard(). */
#include <errno.h>

#include "sim/network.h"

enum {
	STAMP_SPAN = 3000,  /* ns from the call to the wire */
	STAMP_DELAY = 6000, /* and until the kernel tells of it */
	SLAM_SPAN = 100000, /* ns that a connection stands whose peer wants none */
};

enum lie { LIE_NONCE, LIE_SOURCE, LIE_PORT, LIE_UNASKED, LIE_SIZE, LIE_REFUSAL, LIES };

static int open_line(struct channel *channel, const struct address *to, struct mono *called,
                     struct err *err)
{
	struct world *world = world_of(channel);
	struct line *line = line_of(channel);

	(void)to;
	(void)err;
	*called = world->now;
	line->generation = ++world->generations;
	line->inbox = NULL;
	line->inbox_end = &line->inbox;
	line->last_arrival = world->now;
	return 0;
}

static void close_line(struct channel *channel)
{
	struct world *world = world_of(channel);
	struct line *line = line_of(channel);

	while (line->inbox) {
		struct parcel *parcel = line->inbox;

		line->inbox = parcel->next;
		parcel_free(world, parcel);
	}
	line->inbox_end = &line->inbox;
	line->generation = 0;
}

static bool is_refusing(const struct world *world, const struct address *to)
{
	struct address refusing;

	return world->settings.refusing &&
	       address_parse(world->settings.refusing, &refusing) == 0 &&
	       address_same_host(&refusing, to);
}

static int64_t delay_of(struct world *world)
{
	const struct weather *weather = &world->settings.weather;

	return weather->delay + world_below(world, weather->spread);
}

static int open_connection(struct channel *channel, const struct address *to,
                           struct mono *called, struct err *err)
{
	struct world *world = world_of(channel);
	int result = open_line(channel, to, called, err);
	int64_t delay = delay_of(world);
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

/* What the wire says of the probe with this key, before anybody has lied. */
static struct parcel *reply_of(struct channel *channel, const struct address *to, uint64_t key,
                               struct truth *truth, int64_t delay)
{
	struct parcel *parcel = parcel_new(world_of(channel), channel, delay);

	parcel->truth = truth;
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

static void forge(struct channel *channel, const struct address *to, uint64_t key,
                  struct truth *truth)
{
	struct world *world = world_of(channel);
	struct parcel *parcel = reply_of(channel, to, key, truth, delay_of(world));
	struct event *event = &parcel->event;

	parcel->lie = true;
	switch ((enum lie)world_below(world, LIES)) {
	case LIE_NONCE:
		event->nonce ^= UINT64_C(1) << world_below(world, 64);
		break;
	case LIE_PORT:
		if (channel->ops->port) {
			address_set_port(&event->from, (uint16_t)(channel->ops->port + 1));
			break;
		}
		__attribute__((fallthrough));
	case LIE_SOURCE:
		event->from.v4.sin_addr.s_addr ^= htonl(0x00400000);
		break;
	case LIE_UNASKED:
		parcel->wire = (parcel->wire + 7) & 0xffff;
		break;
	case LIE_SIZE:
		event->bytes += world_chance(world, 500) ? 1 : (size_t)-1;
		break;
	case LIE_REFUSAL:
	case LIES:
		event->kind = EVENT_REFUSED;
		event->error = -EHOSTUNREACH;
		event->nonce ^= 1;
		break;
	}
}

/* The kernel's stamp of departure comes soon, or only after the reply. */
static void stamp_departure(struct channel *channel, const struct address *to, uint64_t key,
                            struct truth *truth)
{
	struct world *world = world_of(channel);
	bool late = world_chance(world, world->settings.weather.left_late);
	int64_t delay = late ? world->settings.timeout / 2 : STAMP_DELAY;
	struct parcel *parcel = reply_of(channel, to, key, truth, delay);

	truth->left = mono_add(world->now, STAMP_SPAN);
	parcel->event.kind = EVENT_LEFT;
	parcel->event.stamp = truth->left;
	parcel->event.taker = TAKEN_KERNEL;
}

static void travel(struct channel *channel, const struct address *to, uint64_t key,
                   struct truth *truth)
{
	struct world *world = world_of(channel);
	const struct weather *weather = &world->settings.weather;
	int64_t delay = delay_of(world);

	if (weather->stamped)
		stamp_departure(channel, to, key, truth);
	if (world_chance(world, weather->forged))
		forge(channel, to, key, truth);
	if (world_chance(world, weather->lost))
		return;
	/* The session promises to know late answers for as long again as the time-out. */
	if (world_chance(world, weather->late))
		delay = world->settings.timeout + world_below(world, world->settings.timeout);
	struct parcel *reply = reply_of(channel, to, key, truth, delay);

	if (world_chance(world, weather->refused)) {
		reply->event.kind = EVENT_REFUSED;
		reply->event.error = -EHOSTUNREACH;
		reply->event.from.v4.sin_addr.s_addr = htonl(0xc0000201); /* a router */
	}
	if (world_chance(world, weather->twice))
		(void)reply_of(channel, to, key, truth,
		               world_below(world, 2 * world->settings.timeout));
}

/* The truth of the probe with this key begins; its place in the table is only the label of it. */
static struct truth *depart(struct channel *channel, const struct address *to, uint64_t key)
{
	struct world *world = world_of(channel);
	const struct flight *flight = inflight_find(&channel->inflight, key);
	struct truth *truth = world_truth(world, flight->target, flight->sequence);
	struct mono *last = &world->last_called[flight->target];

	world->misaddressed +=
		ntohl(to->v4.sin_addr.s_addr) != 0x0a000001 + flight->target || truth->sent;
	world->too_close += mono_known(*last) &&
	                    mono_since(world->now, *last) < world->settings.interval / 2;
	*last = world->now;
	truth->sent = true;
	truth->called = world->now;
	return truth;
}

static int send_datagram(struct channel *channel, const struct address *to, uint64_t key,
                         struct mono *called)
{
	struct world *world = world_of(channel);

	*called = world->now;
	if (world_chance(world, world->settings.weather.unsent))
		return -ENOBUFS;
	travel(channel, to, key, depart(channel, to, key));
	return 0;
}

static int send_request(struct channel *channel, const struct address *to, uint64_t key,
                        struct mono *called)
{
	struct world *world = world_of(channel);
	struct line *line = line_of(channel);
	struct truth *truth = depart(channel, to, key);
	bool late = world_chance(world, world->settings.weather.late);
	int64_t delay = delay_of(world) + (late ? world->settings.timeout : 0);
	struct parcel *parcel;

	*called = world->now;
	/* What is behind a late answer is late with it, but keeps its place. */
	delay = span_max(delay, mono_since(line->last_arrival, world->now) + 1);
	if (world_chance(world, world->settings.weather.ends)) {
		parcel = parcel_new(world, channel, delay);
		parcel->event.kind = EVENT_ENDED;
		parcel->event.error = world_chance(world, 500) ? -ECONNRESET : 0;
	} else {
		parcel = reply_of(channel, to, key, truth, delay);
		parcel->event.nonce_mask = 0; /* order is all that a stream has */
	}
	line->last_arrival = mono_add(world->now, delay);
	return 0;
}

static int send_handshake(struct channel *channel, const struct address *to, uint64_t key,
                          struct mono *called)
{
	struct world *world = world_of(channel);
	const struct weather *weather = &world->settings.weather;
	/* A trial of an address (probe/opening) is no probe, and has no truth. */
	struct truth *truth = key ? depart(channel, to, key) : NULL;
	struct parcel *parcel;

	*called = world->now;
	if (world_chance(world, weather->lost))
		return 0;
	parcel = reply_of(channel, to, key, truth, delay_of(world));
	parcel->event.nonce_mask = 0;
	parcel->event.retransmissions = world_chance(world, weather->retransmit);
	if (is_refusing(world, to) || world_chance(world, weather->refused)) {
		parcel->event.kind = EVENT_REFUSED;
		parcel->event.error = -ECONNREFUSED;
	}
	return 0;
}

static struct event tell(struct world *world, struct parcel *parcel)
{
	struct channel *channel = parcel->channel;
	struct event event = parcel->event;

	witness(world, parcel);
	event.read = world->now;
	event.key = inflight_unwrap(&channel->inflight, parcel->wire, channel->ops->key_bits);
	if (event.kind == EVENT_REPLY && world->settings.weather.stamped) {
		event.stamp = (struct mono){ parcel->arrival.key };
		event.taker = TAKEN_KERNEL;
	}
	return event;
}

static int heard(struct channel *channel, struct event *events, int room)
{
	struct world *world = world_of(channel);
	struct line *line = line_of(channel);
	int count = 0;

	network_collect(world);
	while (line->inbox && count < room) {
		struct parcel *parcel = line->inbox;

		line->inbox = parcel->next;
		line->inbox_end = line->inbox ? line->inbox_end : &line->inbox;
		events[count++] = tell(world, parcel);
		parcel_free(world, parcel);
		if (events[count - 1].kind == EVENT_ENDED)
			break;
	}
	return count;
}

const struct probe_ops sim_for_all = {
	.name = "datagrams",
	.scope = CHANNEL_FOR_ALL,
	.key_bits = 16,
	.echoes = true,
	.state_size = sizeof(struct line),
	.open = open_line,
	.send = send_datagram,
	.heard = heard,
	.close = close_line,
};

const struct probe_ops sim_for_all_ports = {
	.name = "datagrams with ports",
	.port = 8888,
	.scope = CHANNEL_FOR_ALL,
	.key_bits = 32,
	.echoes = true,
	.state_size = sizeof(struct line),
	.open = open_line,
	.send = send_datagram,
	.heard = heard,
	.close = close_line,
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
	.heard = heard,
	.close = close_line,
};

const struct probe_ops sim_per_probe = {
	.name = "handshakes",
	.port = 443,
	.scope = CHANNEL_PER_PROBE,
	.key_bits = 32,
	.retransmission_is_loss = true,
	.state_size = sizeof(struct line),
	.open = open_line,
	.send = send_handshake,
	.heard = heard,
	.close = close_line,
};
