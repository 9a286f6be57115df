/* SPDX-License-Identifier: MIT */
#include "probe/origin.h"

#include <errno.h>

#include "probe/settle.h"

struct target *origin_at(const struct session *session, const struct channel *channel,
                         const struct address *address)
{
	for (size_t i = 0; i < session->target_count; i++) {
		struct target *target = session->targets[i];

		if (target && target->channel == channel &&
		    address_same_host(target_address(target), address) &&
		    (!probe_has_ports(target->ops) ||
		     address_port(target_address(target)) == address_port(address)))
			return target;
	}
	return NULL;
}

struct target *origin_blamed(const struct session *session, const struct channel *channel,
                             const struct address *from)
{
	struct target *target = NULL;

	if (channel->ops->scope != CHANNEL_FOR_ALL)
		return settle_target(session, channel->target);
	if (address_family(from) != AF_UNSPEC)
		target = origin_at(session, channel, from);
	for (size_t i = 0; i < session->target_count && !target; i++)
		if (session->targets[i] && session->targets[i]->channel == channel)
			target = session->targets[i];
	return target;
}

bool origin_is_from(const struct probe_ops *ops, const struct address *asked,
                    const struct address *from)
{
	return address_is_any(asked) ||
	       (address_same_host(asked, from) &&
	        (!probe_has_ports(ops) || address_port(asked) == address_port(from)));
}

/* A probe that left before its name changed is answered by whom it was sent to. */
bool origin_is_asked(const struct target *target, const struct flight *flight,
                     const struct address *from)
{
	const struct address *asked = target_address(target);

	if (target->former && inflight_widen(flight_more(flight)->sequence, target->sequence) <=
	                              target->former->last)
		asked = &target->former->address;
	return address_family(from) == AF_UNSPEC || origin_is_from(target->ops, asked, from);
}

int origin_judge(const struct channel *channel, const struct target *target,
                 const struct flight *flight, const struct event *event)
{
	if ((flight->nonce ^ event->nonce) & event->nonce_mask)
		return -EBADMSG;
	if (!origin_is_asked(target, flight, &event->from))
		return -EADDRNOTAVAIL;
	if (channel->ops->echoes && !channel->ops->elastic &&
	    event->bytes != channel->options->size)
		return -EMSGSIZE;
	return 0;
}
