/* SPDX-License-Identifier: MIT */
#include "app/lookout.h"

#include "app/server.h"

static void tell_change(struct journal *journal, struct mono now, bool *was, bool is,
                        const char *begins, const char *ends)
{
	if (is != *was)
		journal_tell(journal, now, is ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		             is ? begins : ends, NULL);
	*was = is;
}

static void look_at_descriptors(struct lookout *lookout, const struct server *server,
                                struct journal *journal, struct mono now)
{
	uint64_t pauses = 0;

	for (size_t i = 0; i < server->worker_count; i++)
		pauses += worker_pauses(server->workers[i]);
	tell_change(journal, now, &lookout->out_of_descriptors, pauses != lookout->pauses,
	            "no descriptors left for new connections",
	            "descriptors for new connections again");
	lookout->pauses = pauses;
}

static void look_at_memory(struct lookout *lookout, const struct server *server,
                           struct journal *journal, struct mono now)
{
	bool full = false;

	for (size_t i = 0; i < server->worker_count; i++)
		full |= worker_backlog(server->workers[i]) >= server->limits.owed_max;
	tell_change(journal, now, &lookout->out_of_memory, full,
	            "memory for peers that do not read is used up",
	            "memory for peers that do not read again");
}

/* Sum over the workers; ops is set when there is such a service. */
static uint64_t turned_away(const struct server *server, size_t number,
                            const struct service_ops **ops)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < server->worker_count; i++) {
		const struct service_counters *counters =
			worker_service(server->workers[i], number, ops);

		sum += counters ? counter_read(&counters->turned_away) : 0;
	}
	return sum;
}

static void look_at_newcomers(struct lookout *lookout, const struct server *server,
                              struct journal *journal, struct mono now)
{
	for (size_t i = 0; i < SERVICES_MAX; i++) {
		const struct service_ops *ops = NULL;
		uint64_t sum = turned_away(server, i, &ops);
		uint64_t more = sum - lookout->turned_away[i];

		lookout->turned_away[i] = sum;
		if (ops && more > 0)
			journal_tell(journal, now, LOG_LEVEL_WARNING, "connections turned away",
			             JOURNAL_FIELDS({ "service", ops->name, 0 },
			                            { "count", NULL, (int64_t)more },
			                            { "total", NULL, (int64_t)sum }));
	}
}

void lookout_look(struct lookout *lookout, const struct server *server, struct journal *journal,
                  struct mono now)
{
	if (mono_before(now, lookout->due))
		return;
	lookout->due = mono_add(now, LOOKOUT_EVERY);
	look_at_descriptors(lookout, server, journal, now);
	look_at_memory(lookout, server, journal, now);
	look_at_newcomers(lookout, server, journal, now);
	journal_catch_up(journal, now);
}
