/* SPDX-License-Identifier: MIT */
#include "probe/settle.h"

#include <assert.h>
#include <errno.h>

#include "probe/closing.h"
#include "probe/intervals.h"
#include "probe/reflection.h"
#include "probe/tell.h"

struct target *settle_target(const struct session *session, uint32_t index)
{
	return index < session->target_count ? session->targets[index] : NULL;
}

struct target *settle_owner(const struct session *session, const struct flight *flight)
{
	struct target *target = settle_target(session, flight_more(flight)->target);

	assert(target);
	return target;
}

static void count_fate(struct tally *tally, enum fate fate)
{
	switch (fate) {
	case FATE_ANSWERED:
		tally->received++;
		break;
	case FATE_LOST:
		tally->lost++;
		break;
	case FATE_REFUSED:
		tally->refused++;
		break;
	case FATE_UNSENT:
		tally->unsent++;
		break;
	case FATE_LATE:
		tally->late++;
		break;
	case FATE_DUPLICATE:
		tally->duplicates++;
		break;
	}
}

/* Whose word the round trip rests on, as far as it was asked for. */
static void count_taker(struct tally *tally, const struct target *target,
                        const struct sample *sample)
{
	if (sample->tx == TAKEN_HARDWARE)
		tally->by_hardware++;
	else if (sample->rx == TAKEN_KERNEL &&
	         (sample->tx == TAKEN_KERNEL || target->tx == TAKEN_USER))
		tally->by_kernel++;
	else
		tally->by_user++;
}

static void account(struct tally *tally, struct stats *stats, const struct target *target,
                    const struct sample *sample)
{
	int64_t rtt = sample_rtt(sample);

	count_fate(tally, sample->fate);
	tally->distrusted += sample->distrusted;
	tally->syn_lost += sample->fate == FATE_LOST && sample->retransmissions > 0;
	if (mono_known(sample->called))
		tally->worst_lag = span_max(tally->worst_lag, sample_lag(sample));
	if (sample->fate != FATE_ANSWERED)
		return;
	tally->reordered += sample->reordered;
	tally->retransmissions += (uint64_t)sample->retransmissions;
	if (rtt < 0) {
		tally->unmeasured++;
		return;
	}
	count_taker(tally, target, sample);
	stats_add(stats, sample->sequence, rtt);
}

void settle_finish(struct session *session, struct target *target)
{
	if (target->phase == TARGET_FINISHING && target->awaited == 0)
		closing_begin(session, target);
}

/* Paced by answers, the next probe need not wait for its interval now that the newest has its fate. */
static void bring_forward(struct session *session, struct target *target, uint64_t sequence)
{
	struct mono earliest = mono_add(target->called, session->options.least_gap);

	if (session->options.pace != PACE_ANSWERS || target->phase != TARGET_RUNNING ||
	    sequence != target->sequence)
		return;
	target->due = mono_before(session->now, earliest) ? earliest : session->now;
	heap_put(&session->due, &target->next, target->due.ns);
}

static void tell_news(const struct session *session, const struct target *target,
                      uint64_t sequence, struct reflection_news news)
{
	struct notice set = { .kind = NOTICE_CLOCK_SET,
		              .sequence = sequence,
		              .span = target->reflection->latest.step };
	struct notice restarted = { .kind = NOTICE_RESTARTED, .sequence = sequence };

	if (news.followed)
		tell_followed(session, target);
	if (news.stepped)
		tell_event(session, target, set);
	if (news.restarted)
		tell_event(session, target, restarted);
}

static void take_reflected(const struct session *session, struct target *target,
                           const struct sample *sample)
{
	struct reflection_news news =
		reflection_heard(target->reflection, sample, session->wall_offset);

	tell_news(session, target, sample->sequence, news);
}

void settle_closing(const struct session *session, struct target *target,
                    const struct sample *sample)
{
	struct reflection_news news = reflection_heard_closing(target->reflection, sample->far);

	tell_news(session, target, sample->sequence, news);
}

void settle_afterwards(struct session *session, struct target *target,
                       const struct sample *sample)
{
	struct interval *interval = intervals_of(session, target, sample->due);

	target->last = session->now;
	account(&target->tally, &target->stats, target, sample);
	if (target->reflection && sample->far)
		take_reflected(session, target, sample);
	if (interval)
		account(&interval->tally, &interval->stats, target, sample);
	tell_sample(session, target, sample);
	settle_finish(session, target);
}

/* Paced by answers a probe is due when its turn comes, and nobody waits. */
static struct mono woken_of(const struct session *session, const struct flight *flight)
{
	if (session->options.pace == PACE_ANSWERS)
		return (struct mono){ 0 };
	/* All ones stand for more than they can say. */
	if (flight_more(flight)->delay == UINT32_MAX)
		return (struct mono){ 0 };
	return mono_add(flight->due, flight_more(flight)->delay);
}

struct sample settle_sample(const struct session *session, const struct target *target,
                            const struct flight *flight, enum fate fate)
{
	/* All of it, so that nothing is cleared first. */
	return (struct sample){
		.target = target->index,
		.sequence = inflight_widen(flight_more(flight)->sequence, target->sequence),
		.fate = fate,
		.far = NULL,
		.from = target_address(target),
		.bytes = 0,
		.ttl = -1,
		.tos = -1,
		.wall = { session->now.ns + session->wall_offset },
		.due = flight->due,
		.woken = woken_of(session, flight),
		.called = flight->called,
		.queued = { 0 },
		.left = flight_more(flight)->left,
		.arrived = { 0 },
		.read = { 0 },
		.span = 0,
		.tx = TAKEN_USER,
		.rx = TAKEN_USER,
		.error = 0,
		.retransmissions = flight->doomed,
		.distrusted = false,
		.reordered = false,
	};
}

void settle_departed(struct sample *sample, const struct channel *channel,
                     const struct flight *flight, int64_t hardware)
{
	sample->left = flight_more(flight)->left;
	sample->queued = inflight_queued(&channel->inflight, flight);
	if (flight_more(flight)->hardware != 0 && hardware != 0) {
		sample->span = hardware - flight_more(flight)->hardware;
		sample->tx = sample->rx = TAKEN_HARDWARE;
	}
	sample->distrusted |= sample_distrust(sample);
}

/* Its place among losses in a row. */
static void note_loss(struct session *session, struct target *target,
                      const struct flight *flight, bool lost)
{
	uint64_t ordinal =
		inflight_widen(flight_more(flight)->ordinal, target->tally.transmitted);
	uint64_t sequence = inflight_widen(flight_more(flight)->sequence, target->sequence);
	struct loss_run ended;
	bool outage = lost ? losses_lost(&target->losses, ordinal, sequence, flight->called,
	                                 session->options.probe.interval, &ended)
	                   : losses_kept(&target->losses, ordinal, &ended);

	target->lost_in_a_row = lost ? target->lost_in_a_row + 1 : 0;
	if (outage)
		tell_outage(session, target, &ended);
}

void settle_fate(struct session *session, struct target *target, struct flight *flight,
                 enum fate fate)
{
	inflight_settle(flight, fate);
	note_loss(session, target, flight, fate == FATE_LOST);
}

void settle_answered(struct session *session, struct target *target,
                     const struct sample *sample)
{
	target->awaited--;
	settle_afterwards(session, target, sample);
	intervals_settled(session, target, sample->due);
	bring_forward(session, target, sample->sequence);
}

void settle_flight(struct session *session, struct target *target, struct flight *flight,
                   const struct sample *sample)
{
	settle_fate(session, target, flight, sample->fate);
	settle_answered(session, target, sample);
}

void settle_unsent(struct session *session, struct target *target, int error)
{
	struct sample sample = {
		.target = target->index,
		.sequence = target->sequence,
		.fate = FATE_UNSENT,
		.ttl = -1,
		.tos = -1,
		.wall = { session->now.ns + session->wall_offset },
		.due = target->due,
		.error = error,
	};

	settle_afterwards(session, target, &sample);
}

void settle_refused_unsent(struct session *session, struct target *target,
                           struct channel *channel, int error)
{
	struct sample sample = {
		.target = target->index,
		.sequence = target->sequence,
		.fate = FATE_REFUSED,
		.from = target_address(target),
		.ttl = -1,
		.tos = -1,
		.wall = { session->now.ns + session->wall_offset },
		.due = target->due,
		.called = channel->called,
		.error = error,
	};

	target->tally.transmitted++;
	intervals_sent(session, target, target->due);
	settle_afterwards(session, target, &sample);
	intervals_settled(session, target, target->due);
}

static void abandon(struct session *session, struct flight *flight, enum fate fate, int error)
{
	struct target *target = settle_owner(session, flight);
	struct sample sample = settle_sample(session, target, flight, fate);

	sample.error = error;
	if (flight->closing)
		inflight_settle(flight, fate);
	else
		settle_flight(session, target, flight, &sample);
}

void settle_abandoned(struct session *session, struct channel *channel, enum fate fate,
                      int error)
{
	uint64_t key = 0;
	struct flight *flight;

	/* An orderly end: nothing will come. */
	while ((flight = inflight_oldest(&channel->inflight, &key)))
		abandon(session, flight, fate, error ? error : -EPIPE);
}

void settle_abandoned_by(struct session *session, struct target *target)
{
	struct inflight *inflight = &target->channel->inflight;
	uint64_t key = 0;

	if (!inflight_oldest(inflight, &key))
		return;
	for (; key < inflight->next; key++) {
		struct flight *flight = inflight_find(inflight, key);

		if (flight && flight->open && flight_more(flight)->target == target->index)
			abandon(session, flight, FATE_LOST, -ECONNABORTED);
	}
}
