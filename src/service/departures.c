/* SPDX-License-Identifier: MIT */
#include "service/departures.h"

#include "net/reports.h"

enum {
	DISTRUST_MAX = 16,
	CALM = 1000, /* as many since the last beginning: what was distrusted is forgotten */
	FRUITLESS_MAX = 16, /* a packet that was thrown away below us has no stamp */
};

_Static_assert((int)DEPARTURES_MAX <= (int)REPORTS_MAX, "one look takes as much");

void departures_open(struct departures *departures, int fd)
{
	*departures = (struct departures){ 0 };
	timestamps_enable_on_request(&departures->stamps, fd);
}

bool departures_work(const struct departures *departures)
{
	return departures->stamps.tx == TAKEN_KERNEL && departures->distrust < DISTRUST_MAX;
}

static void restart(struct departures *departures, int fd)
{
	timestamps_restart(&departures->stamps, fd);
	departures->asked = departures->taken = 0;
}

void departures_note(struct departures *departures, int fd, uint64_t ticket, struct wall sealed,
                     int result)
{
	if (result < 0) {
		restart(departures, fd);
		return;
	}
	departures->awaited[departures->asked++ % DEPARTURES_AWAITED] =
		(struct departure){ ticket, sealed };
	departures->fruitless = 0;
}

bool departures_are_due(const struct departures *departures)
{
	return departures->taken != departures->asked && departures->fruitless < FRUITLESS_MAX;
}

/* A stamp of an answer that was not sent from here, or not since the ids begin at 0. */
static bool is_foreign(const struct departures *departures, const struct report *report)
{
	uint32_t behind = departures->asked - report->id; /* 1: the last */
	const struct departure *awaited = &departures->awaited[report->id % DEPARTURES_AWAITED];

	return behind == 0 || behind > INT32_MAX ||
	       (behind <= DEPARTURES_AWAITED && report->stamp.kernel.ns < awaited->when.ns);
}

/* False: it comes so late that nobody knows any more whose it is. */
static bool settle(struct departures *departures, const struct report *report,
                   struct departure *out)
{
	if (departures->asked - report->id > DEPARTURES_AWAITED)
		return false;
	*out = departures->awaited[report->id % DEPARTURES_AWAITED];
	out->when = report->stamp.kernel;
	departures->taken = report->id + 1;
	if (report->id >= CALM)
		departures->distrust = 0;
	return true;
}

int departures_take(struct departures *departures, int fd, struct departure *out)
{
	struct report reports[DEPARTURES_MAX];
	int found = reports_take(fd, reports, DEPARTURES_MAX);
	int told = 0;
	bool foreign = false;

	departures->fruitless = found > 0 ? 0 : departures->fruitless + 1;
	for (int i = 0; i < found; i++) {
		if (reports[i].error)
			continue; /* what the network says changes nothing */
		if (is_foreign(departures, &reports[i]))
			foreign = true;
		else
			told += settle(departures, &reports[i], &out[told]);
	}
	if (foreign) {
		departures->distrust++;
		restart(departures, fd);
	}
	return told;
}
