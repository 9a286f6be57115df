/* SPDX-License-Identifier: MIT */
#include "load/hearing.h"

#include "load/asking.h"
#include "load/fates.h"

enum {
	ROUNDS_MOST = 512, /* more than a receive buffer holds */
	/* Read later than this after its time-out, an answer may have been there in time: this process was
	 * stopped, not the network. */
	OVERSLEPT = 10 * 1000 * 1000,
};

static void take_ready(struct driver *driver, struct lane *lane)
{
	if (lane->channel.status != CHANNEL_OPENING)
		return;
	lanes_opened(&driver->lanes, lane);
	ledger_count(&driver->ledger, driver->now, &driver_counts(driver)->connects);
	if (lane->asking)
		asking_over_new_connection(driver, lane);
}

static bool is_in_time(const struct driver *driver, const struct lane *lane,
                       const struct flight *flight, const struct event *event)
{
	struct mono read = mono_known(event->read) ? event->read : driver->now;
	int64_t over = mono_since(read, lane_expiry(lane, flight));

	return over <= 0 || over > OVERSLEPT;
}

static void take_answer(struct driver *driver, struct lane *lane, struct flight *flight,
                        const struct event *event)
{
	if (flight->open && is_in_time(driver, lane, flight, event)) {
		fates_answered(driver, lane, flight, event);
		return;
	}
	if (flight->open)
		fates_settle(driver, lane, flight, FATE_LOST, &driver_counts(driver)->lost);
	fates_answered_again(driver, flight);
}

/* It is not what was sent: whose answer it should have been is the question. */
static void take_wrong(struct driver *driver, struct lane *lane, const struct event *event)
{
	struct flight *flight = lane_meant(lane, event);

	if (!flight && event->key != KEY_UNKNOWN)
		flight = lane_named(lane, event);
	if (flight && flight->open && lane_is_asked(lane, event))
		fates_settle(driver, lane, flight, FATE_ANSWERED,
		             &driver_counts(driver)->corrupt);
}

/* A second one to a request that nothing is known of any more, or a late one: whichever it can be.  One that
 * can be both is taken for late. */
static void take_forgotten(struct driver *driver, const struct lane *lane,
                           const struct event *event)
{
	struct load_counts *counts = driver_counts(driver);

	ledger_count(&driver->ledger, driver->now,
	             event->key > lane->lost ? &counts->duplicates : &counts->late);
}

static void take_reply(struct driver *driver, struct lane *lane, const struct event *event)
{
	struct flight *flight = lane_named(lane, event);

	if (lane->owed > 0)
		lane->owed--;
	if (!lane_is_asked(lane, event))
		return;
	if (flight && lane_is_answer(lane, flight, event))
		take_answer(driver, lane, flight, event);
	else if (!flight && lane_remembers(lane, &driver->nonces, event))
		take_forgotten(driver, lane, event);
	else
		take_wrong(driver, lane, event);
}

static void take_refusal(struct driver *driver, struct lane *lane, const struct event *event)
{
	uint64_t key = 0;
	struct flight *flight = event->key == KEY_UNKNOWN
	                                ? inflight_oldest(&lane->channel.inflight, &key)
	                                : lane_named(lane, event);

	if (!flight || !flight->open || ((flight->nonce ^ event->nonce) & event->nonce_mask))
		return;
	fates_settle(driver, lane, flight, FATE_REFUSED, &driver_counts(driver)->refused);
}

static void take_event(struct driver *driver, struct lane *lane, const struct event *event)
{
	switch (event->kind) {
	case EVENT_READY:
		take_ready(driver, lane);
		break;
	case EVENT_REPLY:
		take_reply(driver, lane, event);
		break;
	case EVENT_REFUSED:
		take_refusal(driver, lane, event);
		break;
	case EVENT_ENDED:
		fates_end(driver, lane, event->error);
		break;
	case EVENT_JUNK: /* of a stream the end is told, too */
		if (!lane->stream)
			take_wrong(driver, lane, event);
		break;
	case EVENT_QUEUED:
	case EVENT_LEFT:
		break;
	}
}

int hearing_round(struct driver *driver, struct lane *lane)
{
	struct channel *channel = &lane->channel;
	int count = channel->ops->heard(channel, driver->events, EVENTS);

	/* Behind the answer for which a connection was made nothing is of interest. */
	for (int i = 0; i < count && channel->status != CHANNEL_CLOSED; i++)
		take_event(driver, lane, &driver->events[i]);
	return channel->status == CHANNEL_CLOSED ? 0 : count;
}

void hearing_all(struct driver *driver, struct lane *lane)
{
	for (int i = 0; i < ROUNDS_MOST; i++)
		if (lane->channel.status != CHANNEL_READY || hearing_round(driver, lane) == 0)
			return;
}
