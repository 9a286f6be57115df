/* SPDX-License-Identifier: MIT */
/* metrics_clients -- who is connected to ask for metrics: so many places, each for ten seconds at most.
 */
#pragma once

#include "core/clock.h"

enum { METRICS_CLIENTS_MAX = 16 };

struct metrics_client {
	int fd; /* borrowed; -1 = a free place */
	struct mono since;
};

struct metrics_clients {
	struct metrics_client all[METRICS_CLIENTS_MAX];
};

void metrics_clients_init(struct metrics_clients *clients);

/* The oldest of all, free places being the oldest there are. */
struct metrics_client *metrics_clients_oldest(struct metrics_clients *clients);

/* Its place is free. */
void metrics_client_forget(struct metrics_client *client);

bool metrics_clients_any(const struct metrics_clients *clients);

/* Shuts down those whose time is over; and when that is to be done next. */
void metrics_clients_expire(const struct metrics_clients *clients, struct mono now);
struct mono metrics_clients_due(const struct metrics_clients *clients);
