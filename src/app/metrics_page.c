/* SPDX-License-Identifier: MIT */
#include "app/metrics_page.h"

#include <errno.h>
#include <stdio.h>

#include "app/metrics.h"
#include "service/services.h"
#include "service/turns.h"

/* A counter of service_counters, or a row of them, one for each reason. */
struct family {
	const char *name, *help;
	int type;        /* SOCK_... of the services that have it; 0 = all, */
	bool remembered; /* of these only those that remember who asks */
	size_t offset;   /* in struct service_counters */
	size_t count;
	const char *(*reason)(size_t i); /* NULL = it is one counter */
};

static const char *reason_of_drop(size_t i)
{
	return drop_name((enum drop)i);
}

static const char *reason_of_ending(size_t i)
{
	return ending_name((enum ending)i);
}

#define FIELD(member) offsetof(struct service_counters, member)

static const struct family families[] = {
	{ "sounder_datagrams_received_total", "Datagrams received.", SOCK_DGRAM, false,
	  FIELD(datagrams), 1, NULL },
	{ "sounder_datagrams_dropped_total", "Datagrams that got no answer, by reason.",
	  SOCK_DGRAM, false, FIELD(dropped), DROPS, reason_of_drop },
	{ "sounder_connections_accepted_total", "Connections taken in.", SOCK_STREAM, false,
	  FIELD(connections), 1, NULL },
	{ "sounder_connections_turned_away_total",
	  "Connections closed at once for want of a place or a descriptor.", SOCK_STREAM, false,
	  FIELD(turned_away), 1, NULL },
	{ "sounder_connections_ended_total", "Connections that have ended, by reason.",
	  SOCK_STREAM, false, FIELD(ended), ENDINGS, reason_of_ending },
	{ "sounder_received_bytes_total", "Payload received.", 0, false, FIELD(received_bytes),
	  1, NULL },
	{ "sounder_sent_bytes_total", "Payload sent.", 0, false, FIELD(sent_bytes), 1, NULL },
	{ "sounder_sessions_refused_total",
	  "Datagrams answered without a session for want of a place.", SOCK_DGRAM, true,
	  FIELD(unplaced), 1, NULL },
};

/* --- services --- */

static const struct service_ops *service_at(const struct server *server, size_t number)
{
	const struct service_ops *ops = NULL;

	(void)worker_service(server->workers[0], number, &ops);
	return ops;
}

/* A counter of a service, summed over the workers. */
static uint64_t sum_of(const struct server *server, size_t number, size_t offset)
{
	const struct service_ops *ops;
	uint64_t sum = 0;

	for (size_t i = 0; i < server->worker_count; i++) {
		const struct service_counters *counters =
			worker_service(server->workers[i], number, &ops);

		if (counters)
			sum += counter_read(
				(const struct counter *)(const void *)((const char *)counters +
			                                               offset));
	}
	return sum;
}

static void write_row(const struct server *server, struct prometheus *out,
                      const struct family *family, size_t number, const char *service)
{
	for (size_t i = 0; i < family->count; i++) {
		const struct prometheus_label labels[] = {
			{ "service", service },
			{ "reason", family->reason ? family->reason(i) : NULL },
		};

		prometheus_count(
			out, labels, family->reason ? 2 : 1,
			sum_of(server, number, family->offset + i * sizeof(struct counter)));
	}
}

static void write_family(const struct server *server, struct prometheus *out,
                         const struct family *family)
{
	const struct service_ops *ops;

	prometheus_family(out, family->name, PROMETHEUS_COUNTER, family->help);
	for (size_t i = 0; (ops = service_at(server, i)); i++)
		if ((family->type == 0 || family->type == ops->type) &&
		    (ops->remembers || !family->remembered))
			write_row(server, out, family, i, ops->name);
}

/* Endings are read first: an ending that is counted follows a beginning that is. */
static uint64_t open_now(const struct server *server, size_t number)
{
	uint64_t ended = 0;

	for (size_t i = 0; i < ENDINGS; i++)
		ended += sum_of(server, number, FIELD(ended) + i * sizeof(struct counter));
	uint64_t begun = sum_of(server, number, FIELD(connections));

	return begun > ended ? begun - ended : 0;
}

static void write_open(const struct server *server, struct prometheus *out)
{
	const struct service_ops *ops;

	prometheus_family(out, "sounder_connections_open", PROMETHEUS_GAUGE,
	                  "Connections there are now.");
	for (size_t i = 0; (ops = service_at(server, i)); i++) {
		const struct prometheus_label label = { "service", ops->name };

		if (ops->type == SOCK_STREAM)
			prometheus_count(out, &label, 1, open_now(server, i));
	}
}

/* --- the process --- */

static void write_one(struct prometheus *out, const char *name, enum prometheus_type type,
                      const char *help, uint64_t value)
{
	prometheus_family(out, name, type, help);
	prometheus_count(out, NULL, 0, value);
}

static void write_build(const struct metrics_page *page, struct prometheus *out)
{
	const struct prometheus_label version = { "version", SOUNDER_VERSION };

	prometheus_family(out, "sounder_build_info", PROMETHEUS_GAUGE,
	                  "Always 1; the label tells which version runs.");
	prometheus_count(out, &version, 1, 1);
	prometheus_family(out, "sounder_start_time_seconds", PROMETHEUS_GAUGE,
	                  "When the server started, since 1970.");
	prometheus_seconds(out, NULL, 0, page->started.ns);
}

static void write_limits(const struct server *server, struct prometheus *out)
{
	const struct limits *limits = &server->limits;

	write_one(out, "sounder_workers", PROMETHEUS_GAUGE, "Threads that serve.",
	          server->worker_count);
	write_one(out, "sounder_connections_max", PROMETHEUS_GAUGE,
	          "Connections there may be at once, of all services.",
	          limits->max_connections);
	write_one(out, "sounder_memory_max_bytes", PROMETHEUS_GAUGE,
	          "Memory that the server may use at most.",
	          worker_memory_max(limits, server->worker_count) + metrics_memory_max());
}

/* --- workers --- */

static void write_cpu(struct metrics_page *page, struct prometheus *out)
{
	prometheus_family(out, "sounder_worker_cpu_seconds_total", PROMETHEUS_COUNTER,
	                  "Processor time a worker has taken.");
	for (size_t i = 0; i < page->server->worker_count; i++) {
		char number[24];
		const struct prometheus_label label = { "worker", number };

		(void)snprintf(number, sizeof(number), "%zu", i);
		(void)!cpu_clock_read(page->clocks[i], &page->cpu[i]);
		prometheus_seconds(out, &label, 1, page->cpu[i]);
	}
}

static void write_turns(const struct server *server, struct prometheus *out)
{
	int64_t edges[TURNS_EDGES];
	uint64_t within[TURNS_BUCKETS] = { 0 }, total = 0;

	for (size_t i = 0; i < TURNS_EDGES; i++)
		edges[i] = turns_edge(i);
	for (size_t w = 0; w < server->worker_count; w++) {
		const struct turns *turns = worker_turns(server->workers[w]);

		for (size_t i = 0; i < TURNS_BUCKETS; i++)
			within[i] += counter_read(&turns->within[i]);
		total += counter_read(&turns->total);
	}
	prometheus_family(out, "sounder_worker_turn_seconds", PROMETHEUS_HISTOGRAM,
	                  "How long the turns of the workers' loops take: what happens "
	                  "meanwhile waits.");
	prometheus_histogram(out, edges, within, TURNS_EDGES, (int64_t)total);
}

static void write_pressure(const struct server *server, struct prometheus *out)
{
	uint64_t backlog = 0, pauses = 0;

	for (size_t i = 0; i < server->worker_count; i++) {
		backlog += worker_backlog(server->workers[i]);
		pauses += worker_pauses(server->workers[i]);
	}
	write_one(out, "sounder_backlog_bytes", PROMETHEUS_GAUGE,
	          "Memory kept for peers that do not read, and for unfinished requests.",
	          backlog);
	write_one(out, "sounder_accept_pauses_total", PROMETHEUS_COUNTER,
	          "Pauses of 100 ms in accepting, for want of descriptors.", pauses);
}

int metrics_page_init(struct metrics_page *page, const struct server *server)
{
	int result = 0;

	page->server = server;
	page->started = clock_wall();
	for (size_t i = 0; i < server->worker_count && result == 0; i++)
		result = cpu_clock_of(server->threads[i], &page->clocks[i]);
	return result;
}

int metrics_page_write(struct metrics_page *page)
{
	struct prometheus out;

	prometheus_init(&out, page->text, sizeof(page->text));
	write_build(page, &out);
	write_limits(page->server, &out);
	for (size_t i = 0; i < COUNT(families); i++)
		write_family(page->server, &out, &families[i]);
	write_open(page->server, &out);
	write_pressure(page->server, &out);
	write_cpu(page, &out);
	write_turns(page->server, &out);
	return out.full ? -ENOSPC : (int)out.length;
}
