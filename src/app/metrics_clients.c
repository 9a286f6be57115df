/* SPDX-License-Identifier: MIT */
#include "app/metrics_clients.h"

#include "net/socket.h"

#define PATIENCE (10 * NS_PER_SEC) /* for a request, and for taking its answer */

void metrics_clients_init(struct metrics_clients *clients)
{
	for (size_t i = 0; i < METRICS_CLIENTS_MAX; i++)
		metrics_client_forget(&clients->all[i]);
}

struct metrics_client *metrics_clients_oldest(struct metrics_clients *clients)
{
	struct metrics_client *found = &clients->all[0];

	for (size_t i = 1; i < METRICS_CLIENTS_MAX; i++)
		if (mono_before(clients->all[i].since, found->since))
			found = &clients->all[i];
	return found;
}

void metrics_client_forget(struct metrics_client *client)
{
	*client = (struct metrics_client){ .fd = -1 };
}

bool metrics_clients_any(const struct metrics_clients *clients)
{
	for (size_t i = 0; i < METRICS_CLIENTS_MAX; i++)
		if (clients->all[i].fd >= 0)
			return true;
	return false;
}

void metrics_clients_expire(const struct metrics_clients *clients, struct mono now)
{
	for (size_t i = 0; i < METRICS_CLIENTS_MAX; i++) {
		const struct metrics_client *client = &clients->all[i];

		if (client->fd >= 0 && mono_since(now, client->since) >= PATIENCE)
			socket_shutdown(client->fd);
	}
}

struct mono metrics_clients_due(const struct metrics_clients *clients)
{
	struct mono due = MONO_NEVER;

	for (size_t i = 0; i < METRICS_CLIENTS_MAX; i++)
		if (clients->all[i].fd >= 0)
			due = mono_earlier(due, mono_add(clients->all[i].since, PATIENCE));
	return due;
}
