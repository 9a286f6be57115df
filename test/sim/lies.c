/* SPDX-License-Identifier: MIT */
/* lies -- answers that nobody gave to what was asked. */
#include <errno.h>

#include "sim/network.h"

enum lie { LIE_NONCE, LIE_SOURCE, LIE_PORT, LIE_UNASKED, LIE_SIZE, LIE_REFUSAL, LIES };

/* An address that nobody was asked at. */
static void address_disguise(struct address *address)
{
	if (address_family(address) == AF_INET6)
		address->v6.sin6_addr.s6_addr[1] ^= 0x40;
	else
		address->v4.sin_addr.s_addr ^= htonl(0x00400000);
}

void network_forge(struct channel *channel, const struct address *to, uint64_t key,
                   struct truth *truth)
{
	struct world *world = world_of(channel);
	struct parcel *parcel = network_reply(channel, to, key, truth, network_delay(world));
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
		address_disguise(&event->from);
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
