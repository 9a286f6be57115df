/* SPDX-License-Identifier: MIT */
#include "relay/runs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum { PAYLOAD_BYTES = 56 };

#define PACE NS_PER_SEC    /* between the probes of a target */
#define TIMEOUT NS_PER_SEC /* of each */

/* --- what is told --- */

static void add(struct line *line, const char *format, ...) PRINTF_LIKE(2, 3);

static void add(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->length;
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(line->text + line->length, room, format, arguments);

	va_end(arguments);
	if (length > 0)
		line->length += size_min((size_t)length, room - 1);
}

/* Empty where there is nothing to tell: late answers and duplicates change no fate. */
static struct line describe(const struct sample *sample)
{
	struct line line = { 0 };
	int64_t rtt = sample_rtt(sample);

	switch (sample->fate) {
	case FATE_ANSWERED:
		add(&line, "reply seq=%" PRIu64, sample->sequence);
		if (rtt >= 0) /* else whoever should have seen it come was asleep */
			add(&line, " time_ms=%.3f", span_ms((double)rtt));
		break;
	case FATE_LOST:
		add(&line, "lost seq=%" PRIu64, sample->sequence);
		break;
	case FATE_REFUSED:
		add(&line, "refused seq=%" PRIu64 " (%s)", sample->sequence,
		    err_reason(sample->error).text);
		break;
	case FATE_UNSENT:
		add(&line, "unsent seq=%" PRIu64 " (%s)", sample->sequence,
		    err_reason(sample->error).text);
		break;
	case FATE_LATE:
	case FATE_DUPLICATE:
		break;
	}
	return line;
}

static void tell(const struct run *run, const struct line *line)
{
	for (struct list *node = run->watchers.next; node != &run->watchers; node = node->next)
		ticket_say(CONTAINER_OF(node, struct ticket, link), "%s", line->text);
}

/* A probe may be answered before the one ahead of it is lost: its line waits for its turn. */
static void take_sample(void *state, const struct target *target, const struct sample *sample)
{
	struct runs *runs = state;
	struct run *run = runs->of_target[target->index];
	struct line line = describe(sample);

	if (line.length > 0)
		run->lines[sample->sequence - 1] = line;
	for (; run->told < RUN_PROBES && run->lines[run->told].length > 0; run->told++)
		tell(run, &run->lines[run->told]);
}

static const struct sink_ops sink = { .sample = take_sample };

/* Of probes that never left nobody can say how many were lost. */
static struct line summarize(const struct target *target)
{
	const struct tally *tally = &target->tally;
	struct moments moments = stats_moments(&target->stats);
	double loss = tally_loss(tally) * 100;
	struct line line = { 0 };

	add(&line, "sent=%" PRIu64 " received=%" PRIu64, tally->transmitted, tally->received);
	if (loss >= 0)
		add(&line, " loss=%.4g%%", loss);
	else
		add(&line, " loss=-");
	if (moments.count > 0)
		add(&line, " min/avg/max/mdev=%.3f/%.3f/%.3f/%.3f ms",
		    span_ms((double)moments.min), span_ms(moments.mean),
		    span_ms((double)moments.max), span_ms(moments_mdev(&moments)));
	return line;
}

/* --- the life of a run --- */

int runs_init(struct runs *runs, struct loop *loop, struct tickets *tickets)
{
	const struct session_options options = {
		.count = RUN_PROBES,
		.probe = { .size = PAYLOAD_BYTES,
		           .interval = PACE,
		           .timeout = TIMEOUT,
		           .socket = { .ttl = -1, .tos = -1, .pmtu = -1 } },
		.loop = loop,
	};
	/* One for each ticket, and as many again may rest. */
	size_t count = 2 * tickets->count;

	list_init(&runs->asked);
	list_init(&runs->resting);
	list_init(&runs->free);
	runs->tickets = tickets;
	runs->all = calloc(count, sizeof(*runs->all));
	runs->of_target = calloc(count, sizeof(struct run *));
	if (!runs->all || !runs->of_target || session_new(&runs->session, &options) < 0)
		return -ENOMEM;
	session_add_sink(runs->session, &sink, runs);
	for (size_t i = 0; i < count; i++)
		list_append(&runs->free, &runs->all[i].link);
	return 0;
}

void runs_done(struct runs *runs)
{
	session_free(runs->session);
	free((void *)runs->of_target);
	free(runs->all);
}

static void move(struct run *run, struct list *list)
{
	list_remove(&run->link);
	list_append(list, &run->link);
}

static bool is_asked(const struct runs *runs, const struct run *run)
{
	return runs->of_target[run->target] == run;
}

static struct target *target_of(const struct runs *runs, const struct run *run)
{
	return runs->session->targets[run->target];
}

static struct ticket *first_watcher(const struct run *run)
{
	return CONTAINER_OF(run->watchers.next, struct ticket, link);
}

/* ICMP needs a permission that this server may not have; nobody far away can change that. */
static void explain(struct runs *runs, struct ticket *ticket, int error)
{
	const struct question *question = &ticket->question;

	if (error == -EPERM && !probe_has_ports(question->ops))
		ticket_end(runs->tickets, ticket,
		           "error no permission to send ICMP (ask over %s instead)",
		           endpoint_text("tcp", question->host, -1).text);
	else
		ticket_end(runs->tickets, ticket, "error cannot ask '%s': %.128s",
		           quote(ticket->text).text, err_reason(error).text);
}

static void start(struct runs *runs, struct run *run, struct mono now)
{
	const struct session_target given = {
		.ops = run->ops,
		.name = run->ops->name,
		.addresses = &run->address,
		.count = 1,
		.start = now,
	};
	int index = session_add(runs->session, &given, NULL);

	if (index < 0) {
		while (!list_empty(&run->watchers))
			explain(runs, first_watcher(run), index);
		move(run, &runs->free);
		return;
	}
	run->target = (uint32_t)index;
	run->rest = mono_add(now, PACE);
	runs->of_target[index] = run;
	move(run, &runs->asked);
}

/* Ends the asking, complete or not; what was told is of no use to those who come later.  Its last
 * packet was its last probe, or the opening of its connection when there was none yet. */
static void retire(struct runs *runs, struct run *run)
{
	struct mono called = target_of(runs, run)->called;

	if (mono_before(run->rest, mono_add(called, PACE)))
		run->rest = mono_add(called, PACE);
	session_remove(runs->session, run->target);
	runs->of_target[run->target] = NULL;
	run->told = 0;
	for (size_t i = 0; i < RUN_PROBES; i++)
		run->lines[i].length = 0;
	move(run, &runs->resting);
}

void runs_settle(struct runs *runs)
{
	struct list *next;

	for (struct list *node = runs->asked.next; node != &runs->asked; node = next) {
		struct run *run = CONTAINER_OF(node, struct run, link);

		next = node->next;
		if (target_of(runs, run)->phase != TARGET_FINISHED)
			continue;
		struct line line = summarize(target_of(runs, run));

		while (!list_empty(&run->watchers)) {
			struct ticket *ticket = first_watcher(run);

			ticket_end(runs->tickets, ticket, "done %s %s", ticket->text,
			           line.text);
		}
		retire(runs, run);
	}
}

/* Those that have rested enough are asked again, or forgotten. */
static void wake_rested(struct runs *runs, struct mono now)
{
	struct list *next;

	for (struct list *node = runs->resting.next; node != &runs->resting; node = next) {
		struct run *run = CONTAINER_OF(node, struct run, link);

		next = node->next;
		if (mono_before(now, run->rest))
			continue;
		if (list_empty(&run->watchers))
			move(run, &runs->free);
		else
			start(runs, run, now);
	}
}

struct mono runs_step(struct runs *runs, struct mono now)
{
	wake_rested(runs, now);
	struct mono next = session_step(runs->session, now);

	runs_settle(runs);
	for (struct list *node = runs->resting.next; node != &runs->resting; node = node->next)
		next = mono_earlier(next, CONTAINER_OF(node, struct run, link)->rest);
	return next;
}

void runs_heard(struct runs *runs, struct watch *watch, struct mono now)
{
	session_heard(runs->session, watch, now);
}

/* --- who watches --- */

static struct run *find_in(const struct list *list, const struct ticket *ticket,
                           const struct address *address)
{
	for (struct list *node = list->next; node != list; node = node->next) {
		struct run *run = CONTAINER_OF(node, struct run, link);

		if (run->ops == ticket->question.ops &&
		    address_same_host(&run->address, address) &&
		    address_port(&run->address) == address_port(address))
			return run;
	}
	return NULL;
}

static struct run *make(struct runs *runs, const struct ticket *ticket,
                        const struct address *address)
{
	if (list_empty(&runs->free))
		return NULL;
	struct run *run = CONTAINER_OF(runs->free.next, struct run, link);

	run->ops = ticket->question.ops;
	run->address = *address;
	run->rest = (struct mono){ 0 };
	list_init(&run->watchers);
	move(run, &runs->resting);
	return run;
}

void runs_join(struct runs *runs, struct ticket *ticket, const struct address *address)
{
	struct run *run = find_in(&runs->asked, ticket, address);

	if (!run)
		run = find_in(&runs->resting, ticket, address);
	if (!run)
		run = make(runs, ticket, address);
	if (!run) {
		ticket_end(runs->tickets, ticket, "error busy (too many targets under way)");
		return;
	}
	ticket->run = run;
	list_append(&run->watchers, &ticket->link);
	for (size_t i = 0; i < run->told; i++)
		ticket_say(ticket, "%s", run->lines[i].text);
}

void runs_leave(struct runs *runs, struct ticket *ticket)
{
	struct run *run = ticket->run;

	list_remove(&ticket->link);
	if (run && list_empty(&run->watchers) && is_asked(runs, run))
		retire(runs, run);
}
