/* SPDX-License-Identifier: MIT */
#include "probe/opening.h"

#include "probe/channel.h"

static int try_address(struct session *session, struct target *target)
{
	struct channel *channel = target->channel;
	struct mono called;
	int result = channel_open(session, channel, target, NULL);

	if (result == 0 && target->ops->scope == CHANNEL_PER_PROBE)
		result = target->ops->send(channel, target_address(target), 0, &called);
	if (result < 0)
		channel_close(session, channel);
	return result;
}

/* Tries addresses, from the current one on, until one is under way. */
static void try_addresses(struct session *session, struct target *target)
{
	int64_t wait = session->options.probe.timeout;

	target->phase = TARGET_OPENING;
	target->failure = try_address(session, target);
	while (target->failure < 0 && target->current + 1 < target->count) {
		target->current++;
		target->failure = try_address(session, target);
	}
	heap_put(&session->due, &target->next,
	         mono_add(session->now, target->failure < 0 ? 0 : wait).ns);
}

bool opening_begin(struct session *session, struct target *target)
{
	if (target->ops->scope == CHANNEL_FOR_ALL ||
	    (target->ops->scope == CHANNEL_PER_PROBE && target->count == 1))
		return true;
	try_addresses(session, target);
	return false;
}

bool opening_continue(struct session *session, struct target *target)
{
	struct channel *channel = target->channel;
	bool trial = target->ops->scope == CHANNEL_PER_PROBE;
	bool silent =
		trial ? channel->status != CHANNEL_CLOSED : channel->status == CHANNEL_OPENING;

	if ((silent || target->failure < 0) && target->current + 1 < target->count) {
		channel_close(session, channel);
		target->current++;
		try_addresses(session, target);
		return false;
	}
	if (trial)
		channel_close(session, channel);
	return true;
}
