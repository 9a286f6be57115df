/* SPDX-License-Identifier: MIT */
#include "probe/match.h"

#include <errno.h>

#include "probe/channel.h"
#include "probe/closing.h"
#include "probe/intervals.h"
#include "probe/origin.h"
#include "probe/settle.h"
#include "probe/tell.h"

enum {
	EVENTS = 32,
	ROUNDS = 16,
	ROUNDS_AT_EXPIRY = 512, /* more than a receive buffer holds */
	/* Woken later than this, a reply found unread may have been there in time: the process
	 * was stopped, not the network. */
	OVERSLEPT = 10 * 1000 * 1000,
	STAMP_SLACK = 2000, /* ns by which two clocks may differ when one is converted */
};

static void junk(struct session *session, struct target *target, int error)
{
	struct notice notice = { .kind = NOTICE_JUNK, .error = error };

	if (!target)
		return;
	struct interval *interval = intervals_of(session, target, session->now);

	target->tally.junk++;
	if (interval)
		interval->tally.junk++;
	tell_event(session, target, notice);
}

static void take_late(struct session *session, struct target *target, struct flight *flight,
                      struct sample *sample)
{
	sample->fate = flight->fate == FATE_ANSWERED ? FATE_DUPLICATE : FATE_LATE;
	flight->fate = FATE_ANSWERED; /* one more after this is a duplicate */
	settle_afterwards(session, target, sample);
}

/* An answer in time; whether it overtook one that was asked before is known now, not when it is
 * told. */
static void take_answer(struct session *session, struct channel *channel, struct target *target,
                        struct flight *flight, const struct event *event, struct sample *sample)
{
	sample->reordered = sample->sequence < target->newest;
	if (!sample->reordered)
		target->newest = sample->sequence;
	if (mono_before(sample->called, session->resumed)) {
		sample->read = sample->arrived = (struct mono){ 0 };
		sample->span = 0; /* TCP's clock slept, too */
	}
	settle_fate(session, target, flight, FATE_ANSWERED);
	join_answer(session, channel, flight, event->key, event->hardware, sample);
}

static void take_open(struct session *session, struct channel *channel, struct target *target,
                      struct flight *flight, const struct event *event, struct sample *sample)
{
	struct mono expiry = mono_add(flight->called, channel->options->timeout);
	bool in_time = sample_wait(sample) <= channel->options->timeout;

	/* The probe is lost, and settled in its turn: losses are told in the order of sending. */
	if (sample->retransmissions > 0 && channel->ops->retransmission_is_loss) {
		flight->doomed = true;
		return;
	}
	if (!in_time && !mono_known(sample->arrived) &&
	    mono_since(session->now, expiry) > OVERSLEPT) {
		sample->read = (struct mono){ 0 }; /* in time or not: nobody saw */
	} else if (!in_time) {
		struct sample lost = settle_sample(session, target, flight, FATE_LOST);

		settle_flight(session, target, flight, &lost);
		take_late(session, target, flight, sample);
		return;
	}
	take_answer(session, channel, target, flight, event, sample);
}

/* Where the wire has no room for a key, one probe is in flight, and the sender says whose. */
static uint64_t key_by_source(const struct session *session, const struct channel *channel,
                              const struct event *event)
{
	const struct target *target = origin_at(session, channel, &event->from);

	return target ? target->last_key : 0;
}

/* The stamps of a probe that was under way when the wall clock was seen to step may be of either side
 * of the step: one batch sees it, and those behind it may be as old. */
static bool is_convertible(const struct channel *channel, const struct flight *flight)
{
	return !mono_before(flight->called, channel->timestamps.bridge.since);
}

static void take_reply(struct session *session, struct channel *channel, struct event *event)
{
	if (event->key == KEY_UNKNOWN)
		event->key = key_by_source(session, channel, event);
	struct flight *flight = inflight_find(&channel->inflight, event->key);
	struct target *target =
		flight ? settle_target(session, flight_more(flight)->target) : NULL;
	int wrong = target ? origin_judge(channel, target, flight, event) : -ENOMSG;

	if (wrong) {
		junk(session, target ? target : origin_blamed(session, channel, &event->from),
		     wrong);
		return;
	}
	struct sample sample = settle_sample(session, target, flight, FATE_ANSWERED);

	if (address_family(&event->from) != AF_UNSPEC)
		sample.from = &event->from;
	sample.far = event->far;
	sample.bytes = event->bytes;
	sample.ttl = event->ttl;
	sample.tos = event->tos;
	sample.arrived = is_convertible(channel, flight) ? event->stamp : (struct mono){ 0 };
	sample.read = event->read;
	sample.span = event->span;
	sample.tx = sample.rx = event->span ? TAKEN_KERNEL : TAKEN_USER;
	sample.retransmissions = event->retransmissions;
	settle_departed(&sample, channel, flight, event->hardware);
	if (flight->closing)
		closing_heard(session, target, flight, &sample);
	else if (flight->open)
		take_open(session, channel, target, flight, event, &sample);
	else
		take_late(session, target, flight, &sample);
	if (channel->ops->scope == CHANNEL_PER_PROBE)
		channel_close(session, channel);
}

/* An error that does not say which probe it is about: the oldest one to that address. */
static struct flight *oldest_to(const struct session *session, struct channel *channel,
                                const struct address *to)
{
	const struct target *target = origin_at(session, channel, to);
	uint64_t first = 0;

	if (!target || !inflight_oldest(&channel->inflight, &first))
		return NULL;
	for (uint64_t key = first; key < channel->inflight.next; key++) {
		struct flight *flight = inflight_find(&channel->inflight, key);

		if (flight && flight->open && flight_more(flight)->target == target->index)
			return flight;
	}
	return NULL;
}

static void take_refusal(struct session *session, struct channel *channel,
                         const struct event *event)
{
	struct flight *flight = event->key == KEY_UNKNOWN
	                                ? oldest_to(session, channel, &event->target)
	                                : inflight_find(&channel->inflight, event->key);
	struct target *target =
		flight ? settle_target(session, flight_more(flight)->target) : NULL;

	if (!target || !flight->open || flight->closing)
		return;
	/* The quoted packet must be the one that was sent, to whom it was sent. */
	if (((flight->nonce ^ event->nonce) & event->nonce_mask) ||
	    !origin_is_asked(target, flight, &event->target)) {
		junk(session, target, -EBADMSG);
		return;
	}
	struct sample sample = settle_sample(session, target, flight, FATE_REFUSED);

	if (address_family(&event->from) != AF_UNSPEC)
		sample.from = &event->from;
	sample.read = event->read;
	sample.error = event->error;
	settle_flight(session, target, flight, &sample);
	if (channel->ops->scope == CHANNEL_PER_PROBE)
		channel_close(session, channel);
}

/* The connection of a target has come up, or gone down. */
static void take_ready(struct session *session, struct channel *channel)
{
	struct target *target = settle_target(session, channel->target);
	struct notice notice = { .kind = NOTICE_RECONNECTED };

	channel->status = CHANNEL_READY;
	if (!target)
		return;
	target->failure = 0;
	target->lost_in_a_row = 0; /* over the connection before */
	if (target->sequence > 0)
		tell_event(session, target, notice);
	if (target->phase == TARGET_OPENING || target->phase == TARGET_HOLDING)
		heap_put(&session->due, &target->next, session->now.ns);
}

static void take_end(struct session *session, struct channel *channel, int error)
{
	struct target *target = settle_target(session, channel->target);
	bool refused = error == -ECONNRESET || error == -ECONNREFUSED;

	settle_abandoned(session, channel, refused ? FATE_REFUSED : FATE_LOST, error);
	channel_close(session, channel);
	if (!target || channel->ops->scope != CHANNEL_PER_TARGET)
		return;
	target->failure = error ? error : -EPIPE;
	if (target->phase == TARGET_OPENING || target->phase == TARGET_HOLDING)
		heap_put(&session->due, &target->next, session->now.ns);
	else if (target->phase == TARGET_RUNNING)
		channel_reopen(session, channel, target);
}

static bool is_stamp_of(const struct channel *channel, const struct flight *flight,
                        const struct event *event)
{
	return is_convertible(channel, flight) &&
	       mono_since(event->stamp, flight->called) > -STAMP_SLACK;
}

static void take_queued(struct channel *channel, const struct event *event)
{
	const struct flight *flight = inflight_find(&channel->inflight, event->key);

	if (flight && is_stamp_of(channel, flight, event))
		inflight_note_queued(&channel->inflight, flight, event->stamp);
}

/* The first stamp counts: a segment that is sent again is stamped again.  One from before the call is
 * about something else. */
static void take_left(struct session *session, const struct channel *channel,
                      const struct event *event)
{
	struct flight *flight = inflight_find(&channel->inflight, event->key);

	if (!flight)
		return;
	struct flight_more *more = flight_note(flight);

	if (!mono_known(more->left) && is_stamp_of(channel, flight, event))
		more->left = event->stamp;
	if (more->hardware == 0)
		more->hardware = event->hardware;
	join_left(session, channel, event->key, flight);
}

/* PER_PROBE: how the handshake went that only tried an address (probe/opening). */
static bool take_trial(struct session *session, struct channel *channel,
                       const struct event *event)
{
	struct target *target = settle_target(session, channel->target);

	if (channel->ops->scope != CHANNEL_PER_PROBE || !target ||
	    target->phase != TARGET_OPENING)
		return false;
	target->failure = event->kind == EVENT_REPLY ? 0 : event->error;
	channel_close(session, channel);
	heap_put(&session->due, &target->next, session->now.ns);
	return true;
}

static void take_event(struct session *session, struct channel *channel, struct event *event)
{
	if (take_trial(session, channel, event))
		return;
	switch (event->kind) {
	case EVENT_READY:
		take_ready(session, channel);
		break;
	case EVENT_QUEUED:
		take_queued(channel, event);
		break;
	case EVENT_LEFT:
		take_left(session, channel, event);
		break;
	case EVENT_REPLY:
		take_reply(session, channel, event);
		break;
	case EVENT_REFUSED:
		take_refusal(session, channel, event);
		break;
	case EVENT_ENDED:
		take_end(session, channel, event->error);
		break;
	case EVENT_JUNK:
		junk(session, origin_blamed(session, channel, &event->from), event->error);
		break;
	}
}

/* One round: as much as the kind tells at once. */
static int take_some(struct session *session, struct channel *channel)
{
	struct event events[EVENTS];
	int count = channel->ops->heard(channel, events, EVENTS);

	for (int i = 0; i < count; i++)
		take_event(session, channel, &events[i]);
	return count;
}

/* Goes on while more than enough events come at once, and the channel stands. */
static void take_rounds(struct session *session, struct channel *channel, int rounds,
                        int enough)
{
	int count = EVENTS;

	for (; rounds > 0 && count > enough && channel->status != CHANNEL_CLOSED; rounds--)
		count = take_some(session, channel);
}

void match_events(struct session *session, struct channel *channel)
{
	/* A flood keeps nobody else from being heard: what is left is told again. */
	take_rounds(session, channel, ROUNDS, EVENTS - EVENTS_MARGIN - 1);
}

void match_expire(struct session *session, struct channel *channel)
{
	uint64_t key = 0;
	struct flight *flight;

	/* What has arrived is read, to the last, before anything is called lost. */
	take_rounds(session, channel, ROUNDS_AT_EXPIRY, 0);
	while ((flight = inflight_oldest(&channel->inflight, &key))) {
		struct mono expiry = mono_add(flight->called, channel->options->timeout);
		struct target *target = settle_owner(session, flight);

		if (mono_before(session->now, expiry))
			break;
		struct sample sample = settle_sample(session, target, flight, FATE_LOST);

		if (flight->closing)
			inflight_settle(flight, FATE_LOST);
		else
			settle_flight(session, target, flight, &sample);
	}
	if (channel->ops->scope == CHANNEL_PER_PROBE && !flight)
		channel_close(session, channel);
	channel_rearm(session, channel);
}
