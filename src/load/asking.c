/* SPDX-License-Identifier: MIT */
#include "load/asking.h"

#include <errno.h>

#include "load/fates.h"

enum {
	GRACE = 10 * 1000 * 1000, /* ns */
	SEND_PAUSE = 1000 * 1000, /* ns after a send that the system refused */
};

static bool is_open_loop(const struct driver *driver)
{
	return driver->plan.pace != LOAD_CLOSED;
}

bool asking_is_over(const struct driver *driver)
{
	struct mono next = driver->arrivals.next;

	if (driver->ended || mono_before(driver->now, driver->end))
		return driver->ended;
	return !is_open_loop(driver) || !mono_before(next, driver->end) ||
	       !lanes_first(&driver->lanes) || mono_before(next, driver->lanes.free) ||
	       mono_since(driver->now, driver->end) > GRACE;
}

struct mono asking_next(const struct driver *driver)
{
	if (driver->ended || !lanes_first(&driver->lanes))
		return MONO_NEVER;
	return is_open_loop(driver) ? driver->arrivals.next : driver->plan.start;
}

/* It is on its way. */
static void note_sent(struct driver *driver, struct lane *lane, struct mono due,
                      struct mono called)
{
	ledger_sent(&driver->ledger, due, called, lane_payload(lane));
	if (mono_before(driver->now, called))
		driver->now = called;
	if (!lane->timer.place)
		lanes_rearm(&driver->lanes, lane, driver->now);
}

/* Of what is sent on time, or late by our own fault. */
static void note_lag(struct driver *driver, struct mono due, struct mono called)
{
	if (is_open_loop(driver) && !mono_before(due, driver->lanes.free))
		ledger_lag(&driver->ledger, due, called);
}

static void rest(struct driver *driver, struct lane *lane, int64_t span)
{
	lane->rest = mono_add(driver->now, span);
	lanes_rearm(&driver->lanes, lane, driver->now);
}

/* It did not leave.  True when that was its fate, and no other attempt is to be made. */
static bool take_failure(struct driver *driver, struct lane *lane, struct mono due, int error)
{
	if (error == -ENOSPC || (lane->stream && error == -EAGAIN)) {
		lane->blocked = true;
		return false;
	}
	if (lane->stream) {
		if (!is_open_loop(driver)) /* else it is asked by another lane */
			ledger_count(&driver->ledger, driver->now,
			             &driver_counts(driver)->unsent);
		fates_end(driver, lane, error);
		return false;
	}
	if (error == -EAGAIN || error == -ENOBUFS || !is_open_loop(driver))
		rest(driver, lane, SEND_PAUSE);
	if (error == -EAGAIN || error == -ENOBUFS)
		return false;
	ledger_count(&driver->ledger, ledger_instant(&driver->ledger, due, driver->now),
	             &driver_counts(driver)->unsent);
	return true;
}

static bool send_request(struct driver *driver, struct lane *lane, struct mono due)
{
	struct mono called = driver->now;
	int result = lane_send(lane, &driver->nonces, due, &called);

	if (result < 0)
		return take_failure(driver, lane, due, result);
	driver->lanes.flying++;
	note_lag(driver, due, called);
	note_sent(driver, lane, due, called);
	return true;
}

static void connect_for_request(struct driver *driver, struct lane *lane, struct mono due)
{
	lane->asking = true;
	lane->due = due;
	driver->lanes.flying++;
	int result = lanes_open(&driver->lanes, lane, driver->now);

	lane->called = result < 0 ? driver->now : lane->channel.called;
	note_lag(driver, due, lane->called);
	if (result < 0)
		fates_end(driver, lane, result);
	else
		lanes_rearm(&driver->lanes, lane, driver->now);
}

void asking_over_new_connection(struct driver *driver, struct lane *lane)
{
	struct mono due = lane->due, called = driver->now;
	int result = lane_send(lane, &driver->nonces, due, &called);

	if (result < 0) {
		fates_end(driver, lane, result);
		return;
	}
	/* It counts from the connecting on. */
	lane_newest(lane)->called = lane->called;
	lane->asking = false;
	note_sent(driver, lane, due, lane->called);
}

/* One request by this lane; true when it has left, or never will. */
static bool ask(struct driver *driver, struct lane *lane)
{
	struct mono due = is_open_loop(driver) ? driver->arrivals.next : (struct mono){ 0 };
	bool spent = true;

	if (lane->reconnects)
		connect_for_request(driver, lane, due);
	else
		spent = send_request(driver, lane, due);
	return spent;
}

static bool may_ask(const struct driver *driver)
{
	if (asking_is_over(driver) || mono_before(driver->now, asking_next(driver)))
		return false;
	return !is_open_loop(driver) || mono_before(driver->arrivals.next, driver->end);
}

void asking_pump(struct driver *driver, int most)
{
	for (int i = 0; i < most && may_ask(driver); i++) {
		struct lane *lane = lanes_first(&driver->lanes);

		if (ask(driver, lane) && is_open_loop(driver))
			arrivals_advance(&driver->arrivals);
		lanes_turn(&driver->lanes, lane, driver->now);
	}
}
