/* SPDX-License-Identifier: MIT */
#include "load/fates.h"

#include <errno.h>

static struct mono instant_of(const struct driver *driver, const struct flight *flight)
{
	return ledger_instant(&driver->ledger, flight->due, flight->called);
}

/* It is in flight no more; the connection that was its own has done its work. */
static void land(struct driver *driver, struct lane *lane, struct flight *flight,
                 enum fate fate)
{
	inflight_settle(flight, fate);
	if (fate == FATE_LOST)
		lane->lost =
			count_most(lane->lost, inflight_widen(flight->key,
		                                              lane->channel.inflight.next - 1));
	lane->flying--;
	driver->lanes.flying--;
	if (lane->reconnects)
		lanes_close(&driver->lanes, lane);
}

void fates_answered(struct driver *driver, struct lane *lane, struct flight *flight,
                    const struct event *event)
{
	lane->answers += ledger_is_counted(&driver->ledger, instant_of(driver, flight));
	ledger_answered(&driver->ledger, flight,
	                mono_known(event->read) ? event->read : driver->now, event->bytes);
	land(driver, lane, flight, FATE_ANSWERED);
}

void fates_settle(struct driver *driver, struct lane *lane, struct flight *flight,
                  enum fate fate, uint64_t *count)
{
	ledger_count(&driver->ledger, instant_of(driver, flight), count);
	land(driver, lane, flight, fate);
}

void fates_answered_again(struct driver *driver, struct flight *flight)
{
	struct load_counts *counts = driver_counts(driver);

	ledger_count(&driver->ledger, instant_of(driver, flight),
	             flight->fate == FATE_ANSWERED ? &counts->duplicates : &counts->late);
	flight->fate = FATE_ANSWERED; /* one more after this is a duplicate */
}

void fates_expire(struct driver *driver, struct lane *lane)
{
	struct flight *flight;
	uint64_t key = 0;

	while ((flight = inflight_oldest(&lane->channel.inflight, &key)) &&
	       !mono_before(driver->now, lane_expiry(lane, flight)))
		fates_settle(driver, lane, flight, FATE_LOST, &driver_counts(driver)->lost);
}

/* The request for which the connection was made never was in flight. */
static void abandon_asking(struct driver *driver, struct lane *lane, int error)
{
	struct load_counts *counts = driver_counts(driver);
	uint64_t *count = error == -ETIMEDOUT ? &counts->lost : &counts->refused;

	if (lane->channel.status == CHANNEL_READY)
		count = &counts->reset;
	ledger_count(&driver->ledger, ledger_instant(&driver->ledger, lane->due, lane->called),
	             count);
	lane->asking = false;
	driver->lanes.flying--;
}

static void abandon_flights(struct driver *driver, struct lane *lane, int error)
{
	struct load_counts *counts = driver_counts(driver);
	bool lie = error == -EBADMSG || error == -ENOMSG;
	struct flight *flight;
	uint64_t key = 0;

	while ((flight = inflight_oldest(&lane->channel.inflight, &key))) {
		fates_settle(driver, lane, flight, FATE_LOST,
		             lie ? &counts->corrupt : &counts->reset);
		lie = false;
	}
}

void fates_end(struct driver *driver, struct lane *lane, int error)
{
	bool paced = lane->reconnects && driver->plan.pace != LOAD_CLOSED;

	if (lane->channel.status != CHANNEL_READY)
		ledger_count(&driver->ledger, driver->now,
		             &driver_counts(driver)->connect_failures);
	if (lane->asking)
		abandon_asking(driver, lane, error);
	abandon_flights(driver, lane, error);
	lanes_close(&driver->lanes, lane);
	/* Requests that are due by themselves need no rest between one connection and the next. */
	if (!paced)
		lane->rest = mono_add(lane->channel.opened, REOPENING_PAUSE);
	lanes_rearm(&driver->lanes, lane, driver->now);
}
