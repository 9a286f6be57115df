/* SPDX-License-Identifier: MIT */
#include "relay/relay.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/socket.h"
#include "relay/lookups.h"
#include "relay/runs.h"

enum { HAPPENINGS = 64 };

/* Marks of the watches; a channel's is 0. */
enum { WATCH_CHANNEL, WATCH_WAKE, WATCH_RESOLVER };

struct relay {
	struct relay_options options;
	struct relay_options *_Atomic changed; /* what options become next; NULL = they stay */
	struct desk *desks;
	size_t desk_count;
	struct loop loop;
	struct watch wake; /* of those who stop it */
	struct lookups lookups;
	struct tickets tickets;
	struct runs runs;
	atomic_bool refusing, stopped;
};

/* --- one request --- */

static bool may_ask(const struct relay *relay, const struct address *client)
{
	return relay->options.open_to_all || address_is_loopback(client);
}

/* Asks the first address that may be asked: that very one, never the name again. */
static void choose_address(struct relay *relay, struct ticket *ticket,
                           const struct address *addresses, size_t count)
{
	const char *what = NULL;

	for (size_t i = 0; i < count; i++) {
		struct address address = policy_unwrap(&addresses[i]);

		what = policy_refusal(&relay->options.policy, &address);
		if (what)
			continue;
		address_set_port(&address, ticket->question.port);
		runs_join(&relay->runs, ticket, &address);
		return;
	}
	ticket_end(&relay->tickets, ticket,
	           "error cannot ask '%s': it leads to %s (see --relay-allow)",
	           quote(ticket->text).text, what ? what : "no address");
}

static void cannot_resolve(struct relay *relay, struct ticket *ticket, const char *why)
{
	ticket_end(&relay->tickets, ticket, "error cannot resolve '%s': %s",
	           quote(ticket->question.host).text, why);
}

static void find_address(struct relay *relay, struct ticket *ticket, struct mono now)
{
	struct address literal;

	if (address_parse(ticket->question.host, &literal) == 0) {
		choose_address(relay, ticket, &literal, 1);
		return;
	}
	if (strpbrk(ticket->question.host, ":%")) { /* what only literals have */
		cannot_resolve(relay, ticket, "no address of this kind, and no name");
		return;
	}
	int result = lookups_start(&relay->lookups, ticket, now);

	if (result == -EBUSY)
		ticket_end(&relay->tickets, ticket, "error busy (too many names to look up)");
	else if (result == -EPIPE)
		cannot_resolve(relay, ticket, "nobody looks names up any more");
	else if (result < 0)
		cannot_resolve(relay, ticket, err_reason(result).text);
}

static void take_question(struct relay *relay, struct ticket *ticket, struct mono now)
{
	struct err err = { 0 };

	if (atomic_load(&relay->refusing))
		ticket_end(&relay->tickets, ticket, "error the server is stopping");
	else if (!may_ask(relay, &ticket->client))
		ticket_end(&relay->tickets, ticket,
		           "error pings through this server are for local clients only");
	else if (tickets_of_client(&relay->tickets, &ticket->client) > TICKETS_OF_CLIENT)
		ticket_end(&relay->tickets, ticket, "error busy (too many pings of yours)");
	else if (question_read(ticket->text, &ticket->question, &err) < 0)
		ticket_end(&relay->tickets, ticket, "error %s", err.text);
	else
		find_address(relay, ticket, now);
}

static void withdraw(struct relay *relay, struct ticket *ticket, const char *why)
{
	lookups_forget(&relay->lookups, ticket);
	runs_leave(&relay->runs, ticket);
	ticket_end(&relay->tickets, ticket, "error %s", why);
}

static void take_change(struct relay *relay)
{
	struct relay_options *changed = atomic_exchange(&relay->changed, NULL);

	if (changed)
		relay->options = *changed;
	free(changed);
}

static void take_request(struct relay *relay, struct desk *desk,
                         const struct desk_request *request, struct mono now)
{
	struct ticket *ticket;

	if (!request->cancel) {
		ticket = ticket_take(&relay->tickets, desk, request);
		ticket->client = policy_unwrap(&request->client);
		take_question(relay, ticket, now);
		return;
	}
	ticket = ticket_find(&relay->tickets, desk, request->ticket);
	if (ticket) /* else its last line was on its way already */
		withdraw(relay, ticket, "cancelled");
}

/* --- the loop --- */

static void take_requests(struct relay *relay, struct mono now)
{
	struct desk_request request;

	for (size_t i = 0; i < relay->desk_count; i++)
		while (desk_next_request(&relay->desks[i], &request)) {
			take_change(relay); /* what came before it counts for it */
			take_request(relay, &relay->desks[i], &request, now);
		}
}

static void take_names(struct relay *relay, struct mono now)
{
	struct resolver_answer answer;
	struct ticket *ticket;

	while ((ticket = lookups_next(&relay->lookups, now, &answer))) {
		if (answer.error)
			cannot_resolve(relay, ticket, answer.reason);
		else
			choose_address(relay, ticket, answer.addresses, answer.count);
	}
}

static void withdraw_all(struct relay *relay)
{
	for (size_t i = 0; i < relay->tickets.count; i++)
		if (relay->tickets.all[i].desk)
			withdraw(relay, &relay->tickets.all[i], "the server is stopping");
}

/* Does what is due and what has been asked for; returns when the next thing is due. */
static struct mono work(struct relay *relay)
{
	struct mono now = clock_mono();

	take_change(relay);
	take_requests(relay, now);
	take_names(relay, now);
	if (atomic_load(&relay->refusing))
		withdraw_all(relay);
	struct mono next = runs_step(&relay->runs, now);

	return mono_earlier(next, lookups_deadline(&relay->lookups));
}

static void await(struct relay *relay, struct mono until)
{
	struct happening happenings[HAPPENINGS];

	loop_arm(&relay->loop, until);
	int count = loop_wait(&relay->loop, happenings, HAPPENINGS);
	struct mono now = clock_mono();

	for (int i = 0; i < count; i++) {
		if (happenings[i].watch->kind == WATCH_CHANNEL)
			runs_heard(&relay->runs, happenings[i].watch, now);
		else if (happenings[i].watch->kind == WATCH_WAKE)
			loop_take_wake(happenings[i].watch);
	}
	runs_settle(&relay->runs);
}

void *relay_run(void *argument)
{
	struct relay *relay = argument;

	loop_be_punctual();
	while (!atomic_load(&relay->stopped))
		await(relay, work(relay));
	(void)work(relay); /* what was asked for until now gets its last line, too */
	return NULL;
}

int relay_change(struct relay *relay, const struct relay_options *options)
{
	struct relay_options *changed = malloc(sizeof(*changed));

	if (!changed)
		return -ENOMEM;
	*changed = *options;
	free(atomic_exchange(&relay->changed, changed)); /* one that was never looked at */
	loop_wake(&relay->wake);
	return 0;
}

void relay_refuse(struct relay *relay)
{
	atomic_store(&relay->refusing, true);
	loop_wake(&relay->wake);
}

void relay_stop(struct relay *relay)
{
	atomic_store(&relay->refusing, true);
	atomic_store(&relay->stopped, true);
	loop_wake(&relay->wake);
}

/* --- life --- */

static int open_relay(struct relay *relay)
{
	int result = lookups_init(
		&relay->lookups, relay->options.confined); /* forks: nothing else is open yet */

	if (result == 0)
		result = loop_init(&relay->loop);
	if (result == 0)
		result = tickets_init(&relay->tickets, relay->desk_count);
	if (result == 0)
		result = runs_init(&relay->runs, &relay->loop, &relay->tickets);
	if (result == 0)
		result = loop_watch_wakes(&relay->loop, &relay->wake);
	relay->lookups.resolver.watch.kind = WATCH_RESOLVER;
	if (result == 0)
		result = loop_watch(&relay->loop, &relay->lookups.resolver.watch, LOOP_READ);
	for (size_t i = 0; i < relay->desk_count && result == 0; i++) {
		relay->desks[i].to_relay.kind = WATCH_WAKE;
		result = loop_watch_wakes(&relay->loop, &relay->desks[i].to_relay);
	}
	return result;
}

int relay_new(struct relay **out, const struct relay_options *options, struct desk *desks,
              size_t count, struct err *err)
{
	struct relay *relay = calloc(1, sizeof(*relay));

	if (!relay)
		return err_set(err, -ENOMEM, "cannot start the relay: out of memory");
	relay->options = *options;
	relay->desks = desks;
	relay->desk_count = count;
	relay->loop = (struct loop){ .epoll = -1, .timer = -1 };
	relay->wake = (struct watch){ .fd = -1, .kind = WATCH_WAKE };
	int result = open_relay(relay);

	if (result < 0) {
		relay_free(relay);
		return err_set(err, result, "cannot start the relay: %s",
		               err_reason(result).text);
	}
	*out = relay;
	return 0;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	runs_done(&relay->runs);
	tickets_done(&relay->tickets);
	lookups_done(&relay->lookups);
	for (size_t i = 0; i < relay->desk_count; i++)
		socket_close(&relay->desks[i].to_relay.fd);
	socket_close(&relay->wake.fd);
	loop_done(&relay->loop);
	free(atomic_load(&relay->changed));
	free(relay);
}
