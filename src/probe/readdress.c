/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/channel.h"
#include "probe/session.h"
#include "probe/settle.h"
#include "probe/tell.h"

static bool is_among(const struct address *address, const struct address *addresses,
                     unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (address_same_host(address, &addresses[i]))
			return true;
	return false;
}

/* Who counts its probes by their keys goes on counting. */
static void go_on(struct channel *channel, uint64_t next)
{
	channel->inflight.next = channel->inflight.oldest = next;
	channel->first_key = next;
}

/* Of another family than before, it is asked over another channel. */
static void move(struct session *session, struct target *target, int family)
{
	if (target->ops->scope == CHANNEL_FOR_ALL) {
		if (!target->channel || address_family(target_address(target)) == family)
			return;
		uint64_t next = target->channel->inflight.next;

		settle_abandoned_by(session, target);
		channel_release(session, target);
		target->failure = channel_assign(session, target, NULL);
		if (target->ops->alone && target->channel)
			go_on(target->channel, next);
	} else if (target->ops->scope == CHANNEL_PER_TARGET) {
		settle_abandoned(session, target->channel, FATE_LOST, -ECONNABORTED);
		channel_close(session, target->channel);
	}
}

/* Takes the new addresses, and remembers the one that was asked until now; false without memory. */
static bool exchange(struct target *target, const struct address *addresses, unsigned count)
{
	struct address *given = calloc(count, sizeof(struct address));

	if (!target->former)
		target->former = calloc(1, sizeof(struct former));
	if (!given || !target->former) {
		free(given);
		return false;
	}
	*target->former =
		(struct former){ .last = target->sequence, .address = *target_address(target) };
	if (target->addresses != target->own_addresses)
		free(target->addresses);
	memcpy(given, addresses, count * sizeof(struct address));
	target->addresses = given;
	target->count = (uint8_t)count;
	target->current = 0;
	return true;
}

void session_readdress(struct session *session, uint32_t index, const struct address *addresses,
                       unsigned count)
{
	struct target *target = settle_target(session, index);
	struct notice notice = { .kind = NOTICE_ADDRESS };

	count = count < RESOLVED_MAX ? count : RESOLVED_MAX;
	if (!target || count == 0 || is_among(target_address(target), addresses, count) ||
	    !exchange(target, addresses, count))
		return;
	move(session, target, address_family(&target->former->address));
	notice.from = &target->former->address;
	notice.to = target_address(target);
	tell_event(session, target, notice);
}

void session_unresolved(struct session *session, uint32_t index, const char *reason)
{
	struct notice notice = { .kind = NOTICE_UNRESOLVED, .reason = reason };
	struct target *target = settle_target(session, index);

	if (target)
		tell_event(session, target, notice);
}
