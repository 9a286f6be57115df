/* SPDX-License-Identifier: MIT */
#include "probe/stamps.h"

static enum timestamps_of wanted(const struct channel *channel, bool stream)
{
	if (channel->options->bare)
		return TIMESTAMPS_OF_NONE;
	switch (channel->options->stamping) {
	case STAMPING_KERNEL:
		return stream ? TIMESTAMPS_OF_STREAM : TIMESTAMPS_OF_DATAGRAMS;
	case STAMPING_RECEIPT:
		return TIMESTAMPS_OF_RECEIPT;
	case STAMPING_USER:
		break;
	}
	return TIMESTAMPS_OF_NONE;
}

struct wall stamps_wall(void)
{
	return timestamps_wall();
}

void stamps_begin(struct channel *channel, bool stream)
{
	timestamps_enable(&channel->timestamps, channel->watch.fd, wanted(channel, stream),
	                  channel->options->queueing, channel->options->socket.device);
	channel->first_key = channel->inflight.next;
}

void stamps_restart(struct channel *channel)
{
	timestamps_restart(&channel->timestamps, channel->watch.fd);
	channel->first_key = channel->inflight.next;
}

/* Which probe left; KEY_UNKNOWN when the id is that of a part of one. */
static uint64_t key_of(const struct channel *channel, size_t unit, uint32_t id)
{
	uint64_t sent = channel->inflight.next - channel->first_key;
	uint64_t newest = unit ? sent * unit : sent;
	uint64_t count = newest - (uint32_t)((uint32_t)newest - (id + 1));

	if (count == 0 || count > newest || (unit && count % unit))
		return KEY_UNKNOWN;
	return channel->first_key + (unit ? count / unit : count) - 1;
}

struct stamps_taken stamps_take(struct channel *channel, size_t unit, struct event *events,
                                struct report *reports, int room)
{
	struct stamps_taken taken = { 0 };
	int got = reports_take(channel->watch.fd, reports, room);
	bool usable = got > 0 && timestamps_check(&channel->timestamps, &taken.read);

	for (int i = 0; i < got; i++) {
		if (reports[i].error) {
			reports[taken.reports++] = reports[i];
			continue;
		}
		struct event left = {
			.kind = reports[i].queued ? EVENT_QUEUED : EVENT_LEFT,
			.key = key_of(channel, unit, reports[i].id),
			.read = taken.read,
			.hardware = reports[i].stamp.hardware,
		};

		if (usable)
			left.stamp = bridge_mono(&channel->timestamps.bridge,
			                         reports[i].stamp.kernel);
		if (left.key != KEY_UNKNOWN)
			events[taken.events++] = left;
	}
	return taken;
}

struct stamps_receipt stamps_received(struct channel *channel)
{
	struct stamps_receipt receipt;

	receipt.usable = timestamps_check(&channel->timestamps, &receipt.read);
	return receipt;
}

void stamps_arrived(const struct channel *channel, struct stamps_receipt receipt,
                    const struct stamp *arrival, struct event *event)
{
	event->read = receipt.read;
	event->hardware = arrival->hardware;
	if (receipt.usable)
		event->stamp = bridge_mono(&channel->timestamps.bridge, arrival->kernel);
}
