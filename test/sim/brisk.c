/* SPDX-License-Identifier: MIT */
#include "sim/brisk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "core/clock.h"

enum { START = 1000, TTL = 64, WIRE = 1000 /* ns between a call and its stamp */ };

static struct brisk *brisk_of(const struct channel *channel)
{
	return CONTAINER_OF(channel->loop, struct brisk, loop);
}

int brisk_init(struct brisk *brisk, size_t room)
{
	*brisk = (struct brisk){ .now = { START * NS_PER_SEC }, .room = 1 };
	while (brisk->room < room)
		brisk->room *= 2;
	random_seed(&brisk->random, 1);
	brisk->ring = calloc(brisk->room, sizeof(*brisk->ring));
	return brisk->ring ? 0 : -ENOMEM;
}

void brisk_done(struct brisk *brisk)
{
	free(brisk->ring);
}

int brisk_add(struct brisk *brisk, uint32_t i, int64_t wait)
{
	struct address address = { .v4 = { .sin_family = AF_INET } };

	address.v4.sin_addr.s_addr = htonl(0x0a000001 + i);
	struct session_target target = {
		.ops = &brisk_ops,
		.name = "brisk",
		.addresses = &address,
		.count = 1,
		.start = mono_add(brisk->now, wait),
	};

	return session_add(brisk->session, &target, NULL);
}

static int open_line(struct channel *channel, const struct address *to, struct mono *called,
                     struct err *err)
{
	struct brisk *brisk = brisk_of(channel);

	(void)to;
	(void)err;
	*called = brisk->now;
	brisk->channel = channel;
	brisk->answer = (struct event){
		.kind = EVENT_REPLY,
		.ttl = TTL,
		.bytes = channel->options->size,
		.nonce_mask = UINT64_MAX,
	};
	if (brisk->stamped)
		channel->timestamps.tx = channel->timestamps.rx = TAKEN_KERNEL;
	return 0;
}

static struct brisk_reply *reply_at(const struct brisk *brisk, size_t i)
{
	return &brisk->ring[(brisk->first + i) & (brisk->room - 1)];
}

static int64_t delay_of(struct brisk *brisk)
{
	return brisk->spread == 0 ? brisk->delay
	                          : brisk->delay + (int64_t)(random_next(&brisk->random) %
	                                                     (uint64_t)brisk->spread);
}

static int send_probe(struct channel *channel, const struct address *to, uint64_t key,
                      struct mono *called)
{
	struct brisk *brisk = brisk_of(channel);
	struct mono due = mono_add(brisk->now, delay_of(brisk));
	uint64_t number = brisk->sent++;

	*called = brisk->now;
	if (brisk->lose > 0 && number % brisk->lose < 2)
		return 0;
	if (brisk->count > 0 && mono_before(due, reply_at(brisk, brisk->count - 1)->due))
		due = reply_at(brisk, brisk->count - 1)->due;
	assert(brisk->count < brisk->room);
	*reply_at(brisk, brisk->count++) = (struct brisk_reply){
		.key = key,
		.called = brisk->now,
		.due = due,
		.from = to,
	};
	return 0;
}

/* What all answers have in common is written once: here the session is to be measured. */
static void put_answer(const struct brisk *brisk, const struct channel *channel,
                       const struct brisk_reply *reply, struct event *event)
{
	*event = brisk->answer;
	event->key = reply->key;
	event->nonce = channel_nonce(channel, reply->key);
	event->read = brisk->now;
	event->from = *reply->from;
	if (brisk->stamped)
		event->stamp = reply->due;
}

static void put_departure(const struct brisk_reply *reply, struct event *event)
{
	event->kind = EVENT_LEFT;
	event->key = reply->key;
	event->stamp = mono_add(reply->called, WIRE);
	event->hardware = 0;
}

static int heard(struct channel *channel, struct event *events, int room)
{
	struct brisk *brisk = brisk_of(channel);
	int count = 0;

	for (; brisk->count > 0 && count + 1 < room; brisk->count--, brisk->first++) {
		const struct brisk_reply *reply = reply_at(brisk, 0);

		if (mono_before(brisk->now, reply->due))
			break;
		if (brisk->stamped)
			put_departure(reply, &events[count++]);
		put_answer(brisk, channel, reply, &events[count++]);
	}
	return count;
}

static void close_line(struct channel *channel)
{
	(void)channel;
}

const struct probe_ops brisk_ops = {
	.name = "brisk",
	.scope = CHANNEL_FOR_ALL,
	.key_bits = 32,
	.echoes = true,
	.open = open_line,
	.send = send_probe,
	.heard = heard,
	.close = close_line,
};

static void turn(struct brisk *brisk)
{
	struct mono reply = brisk->count > 0 ? reply_at(brisk, 0)->due : MONO_NEVER;
	struct mono wake = mono_earlier(brisk->next, reply);

	brisk->now.ns = span_max(brisk->now.ns, wake.ns);
	if (!mono_before(brisk->now, reply))
		session_heard(brisk->session, &brisk->channel->watch, brisk->now);
	brisk->next = session_step(brisk->session, brisk->now);
}

void brisk_run(struct brisk *brisk, uint64_t sent)
{
	brisk->next = session_step(brisk->session, brisk->now);
	while (brisk->sent < sent && !session_finished(brisk->session))
		turn(brisk);
}
