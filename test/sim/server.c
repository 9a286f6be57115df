/* SPDX-License-Identifier: MIT */
#include "sim/server.h"

#include <stdlib.h>

enum { START = 1000 };

void server_init(struct server *server, const struct server_settings *settings)
{
	*server = (struct server){
		.settings = *settings,
		.start = { START * NS_PER_SEC },
		.closest_open = INT64_MAX,
	};
	server->now = server->busy_until = server->start;
	server->answers = calloc(settings->room, sizeof(struct answer));
	assert_non_null(server->answers);
	assert_int_equal(heap_reserve(&server->under_way, settings->room), 0);
	for (size_t i = 0; i < settings->room; i++) {
		server->answers[i].next = server->spare;
		server->spare = &server->answers[i];
	}
}

void server_done(struct server *server)
{
	driver_free(server->driver);
	free(server->answers);
	heap_done(&server->under_way);
}

static void arrive(struct server *server, struct answer *answer)
{
	struct way *way = way_of(answer->channel);

	heap_take(&server->under_way, &answer->arrival);
	if (answer->generation != way->generation) {
		answer_free(server, answer);
		return;
	}
	answer->next = NULL;
	*way->end = answer;
	way->end = &answer->next;
	if (way->is_ready)
		return;
	way->is_ready = true;
	way->next_ready = server->ready;
	server->ready = answer->channel;
}

static void deliver(struct server *server)
{
	struct heap_node *node;

	while ((node = heap_first(&server->under_way)) && node->key <= server->now.ns)
		arrive(server, CONTAINER_OF(node, struct answer, arrival));
	while (server->ready) {
		struct channel *channel = server->ready;

		server->ready = way_of(channel)->next_ready;
		way_of(channel)->is_ready = false;
		driver_heard(server->driver, &channel->watch, server->now);
	}
}

struct load_plan server_plan(struct server *server)
{
	return (struct load_plan){
		.target_count = 1,
		.connections = 1,
		.depth = 1,
		.start = server->start,
		.probe_count = 1,
		.loop = &server->loop,
		.seed = 1,
	};
}

void server_begin(struct server *server, const struct load_plan *plan)
{
	struct err err;

	assert_int_equal(driver_new(&server->driver, plan, &err), 0);
	driver_begin(server->driver, server->now);
	server->next = driver_step(server->driver, server->now);
}

static struct mono first_arrival(const struct server *server)
{
	const struct heap_node *node = heap_first(&server->under_way);

	return node ? (struct mono){ node->key } : MONO_NEVER;
}

void server_run(struct server *server, struct mono until)
{
	while (!driver_finished(server->driver)) {
		struct mono wake = mono_earlier(server->next, first_arrival(server));

		/* Something is always to come while it has not finished. */
		assert_true(wake.ns != MONO_NEVER.ns);
		if (mono_before(until, wake))
			return;
		wake = mono_add(wake, server->settings.lag);
		if (mono_before(server->now, wake))
			server->now = wake;
		deliver(server);
		server->next = driver_step(server->driver, server->now);
	}
}

const struct load_tally *server_finish(struct server *server)
{
	server_run(server, MONO_NEVER);
	return driver_tally(server->driver);
}
