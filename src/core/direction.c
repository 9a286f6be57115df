/* SPDX-License-Identifier: MIT */
#include "core/direction.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/cut.h"
#include "core/window.h"

enum {
	RESTARTS_BELIEVED = 3,
};

static const double doubt_deviations = 4;

int direction_init(struct direction *direction)
{
	*direction = (struct direction){
		.probes = calloc(WINDOW_WORDS, sizeof(uint64_t)),
		.replies = calloc(WINDOW_WORDS, sizeof(uint64_t)),
		.whole = { .above = DIRECTION_NONE, .next = DIRECTION_NONE },
	};
	direction->marks[0] = direction->whole;
	if (direction->probes && direction->replies)
		return 0;
	direction_done(direction);
	return -ENOMEM;
}

void direction_done(struct direction *direction)
{
	free(direction->probes);
	free(direction->replies);
	*direction = (struct direction){ 0 };
}

void direction_sent(struct direction *direction)
{
	window_clear(direction->probes, direction->sent, direction->sent + 1);
	direction->sent++;
}

void direction_trust(struct direction *direction)
{
	direction->counts = true;
}

/* The marks that a reply changes: those that were made, the whole, the end. */
static struct direction_mark *mark_at(struct direction *direction, size_t i)
{
	if (i <= direction->open)
		return &direction->marks[i];
	if (i == direction->open + 1)
		return &direction->whole;
	return direction->closing && i == direction->open + 2 ? &direction->end : NULL;
}

static bool is_before(const struct direction *direction, const struct direction_mark *mark,
                      uint64_t probe)
{
	return mark == &direction->whole || probe < mark->position;
}

/* One more reply of the present count, of a probe before a mark or behind it. */
static void update(struct direction *direction, struct direction_mark *mark, uint64_t probe,
                   uint64_t reply)
{
	if (mark->over)
		return;
	if (!is_before(direction, mark, probe)) {
		mark->crossed += reply < mark->below;
		mark->above = count_least(mark->above, reply);
		mark->next = count_least(mark->next, probe);
		return;
	}
	mark->replies++;
	mark->last = count_most(mark->last, probe + 1);
	if (reply < mark->below)
		return;
	mark->crossed += window_count(direction->replies, mark->below, reply);
	mark->below = reply + 1;
}

static void note_answered(struct direction *direction, uint64_t probe)
{
	window_set(direction->probes, probe);
	for (size_t i = 0; mark_at(direction, i); i++)
		mark_at(direction, i)->received +=
			is_before(direction, mark_at(direction, i), probe);
}

/* The reflector has more replies behind it than there were probes up to this one: others were faster,
 * or its session was there before us. */
static void begin_late(struct direction *direction, uint64_t reply)
{
	struct direction_mark *mark;

	direction->first_reply = direction->reply_end = reply;
	for (size_t i = 0; (mark = mark_at(direction, i)); i++)
		mark->below = reply;
}

/* Those that were faster do come. */
static void begin_earlier(struct direction *direction, uint64_t reply)
{
	struct direction_mark *mark;

	window_clear(direction->replies, reply, direction->first_reply);
	direction->first_reply = reply;
	for (size_t i = 0; (mark = mark_at(direction, i)); i++)
		if (mark->replies == 0)
			mark->below = reply;
}

/* How far a probe has fallen behind, at the most, and as much again for one that was not seen. */
static void note_overtaking(struct direction *direction, uint64_t probe, uint64_t reply)
{
	uint64_t last = direction->whole.last, end = direction->reply_end, extent = 0;

	if (probe < last && reply >= end)
		extent = last - probe;
	if (probe >= last && reply < end)
		extent = end - reply;
	direction->overtaken =
		count_most(direction->overtaken, 2 * count_least(extent, DIRECTION_REACH));
}

static void note_reply(struct direction *direction, uint64_t probe, uint64_t reply)
{
	direction->answers++;
	if (reply < direction->first_reply)
		begin_earlier(direction, reply);
	if (reply >= direction->reply_end) {
		window_clear(direction->replies, direction->reply_end, reply + 1);
		direction->reply_end = reply + 1;
	}
	for (size_t i = 0; mark_at(direction, i); i++)
		update(direction, mark_at(direction, i), probe, reply);
	window_set(direction->replies, reply);
}

/* The count is over: what it said of the probes before a mark stays. */
static void retire(const struct direction *direction, struct direction_mark *mark)
{
	struct cut_share share = cut_share(direction, mark);

	if (mark->over)
		return;
	mark->reverse_low = share.low;
	mark->reverse_high = share.high;
	mark->open = share.open;
	mark->over = true;
}

/* A new count, of which a reply to this probe with this number was heard first. */
static void begin_count(struct direction *direction, uint64_t probe, uint64_t reply)
{
	uint64_t since = direction->whole.last;
	uint64_t between = probe - since;
	bool from_zero = reply <= between;
	struct direction_mark *mark;

	for (size_t i = 0; (mark = mark_at(direction, i)); i++) {
		bool goes_on = is_before(direction, mark, probe);

		if (goes_on && mark != &direction->whole)
			mark->last = since;
		retire(direction, mark);
		if (!goes_on)
			continue;
		/* What lies between is open, but for the replies that are known to be missing. */
		mark->open = count_less(mark->open, cut_position(direction, mark) - since) +
		             (direction->restarts > 0 || !from_zero
		                      ? between - (from_zero ? reply : 0)
		                      : 0);
		mark->over = false;
		mark->last = since;
		mark->replies = mark->crossed = 0;
		mark->below = from_zero ? 0 : reply;
	}
	direction->first_probe = since;
	direction->first_reply = direction->reply_end = from_zero ? 0 : reply;
	window_clear(direction->replies, reply, reply + WINDOW_BITS);
}

/* A reply of another count than the present one: its number may be among those that are thought to be
 * missing, of either. */
static void note_stray(struct direction *direction, uint64_t probe)
{
	struct direction_mark *mark;

	note_answered(direction, probe);
	for (size_t i = 0; (mark = mark_at(direction, i)); i++)
		mark->strays += is_before(direction, mark, probe);
}

/* A number of 32 bits by the newest of 64; below zero there is none. */
static bool widen(uint64_t *number, uint32_t low, uint64_t newest)
{
	int32_t ahead = (int32_t)(low - (uint32_t)newest);

	*number = newest + (uint64_t)(int64_t)ahead;
	return ahead >= 0 || newest >= (uint64_t)(-(int64_t)ahead);
}

enum place { PLACE_NEW, PLACE_SEEN, PLACE_FOREIGN, PLACE_FORGOTTEN };

/* Whether a reflector number may belong to the present count. */
static enum place place_of(struct direction *direction, uint64_t probe, uint64_t reply)
{
	uint64_t end = direction->reply_end;
	uint64_t ahead = count_less(probe, direction->whole.last) + DIRECTION_REACH;
	bool newest = probe >= direction->whole.last;

	if (reply + DIRECTION_REACH < direction->first_reply || reply > end + ahead ||
	    (newest && reply + DIRECTION_REACH < end))
		return PLACE_FOREIGN;
	if (reply + WINDOW_BITS <= end)
		return PLACE_FORGOTTEN;
	return reply >= direction->first_reply && reply < end &&
	                       window_has(direction->replies, reply)
	               ? PLACE_SEEN
	               : PLACE_NEW;
}

static enum direction_reply hear_again(struct direction *direction, uint64_t probe,
                                       uint64_t reply, enum place place)
{
	if (place != PLACE_NEW)
		return DIRECTION_REVERSE_DUPLICATE;
	note_reply(direction, probe, reply);
	direction->duplicates++;
	return DIRECTION_FORWARD_DUPLICATE;
}

static enum direction_reply restart(struct direction *direction, uint64_t probe, uint32_t reply)
{
	direction->restarts++;
	begin_count(direction, probe, reply);
	note_answered(direction, probe);
	note_reply(direction, probe, reply);
	return DIRECTION_RESTARTED;
}

enum direction_reply direction_heard(struct direction *direction, uint32_t sender,
                                     uint32_t reflector)
{
	uint64_t probe, reply;

	if (direction->sent == 0 || !widen(&probe, sender, direction->sent - 1) ||
	    probe >= direction->sent || probe + WINDOW_BITS < direction->sent)
		return DIRECTION_TOO_OLD;
	direction->counts = direction->counts || sender != reflector;
	if (direction->answers == 0 && reflector > probe)
		begin_late(direction, reflector);
	bool known = widen(&reply, reflector, direction->reply_end);
	enum place place = known ? place_of(direction, probe, reply) : PLACE_FOREIGN;

	if (window_has(direction->probes, probe))
		return hear_again(direction, probe, reply, place);
	if (place == PLACE_FORGOTTEN)
		return DIRECTION_TOO_OLD;
	if (place != PLACE_NEW && probe >= direction->whole.last)
		return restart(direction, probe, reflector);
	if (place != PLACE_NEW) {
		note_stray(direction, probe);
		return DIRECTION_STRAY;
	}
	note_overtaking(direction, probe, reply);
	note_answered(direction, probe);
	note_reply(direction, probe, reply);
	return DIRECTION_FIRST;
}

static struct direction_mark mark_now(const struct direction *direction)
{
	struct direction_mark mark = direction->whole;

	mark.position = direction->sent;
	return mark;
}

bool direction_mark(struct direction *direction)
{
	if (direction->open == DIRECTION_MARKS)
		return false;
	direction->marks[++direction->open] = mark_now(direction);
	return true;
}

void direction_close(struct direction *direction)
{
	if (direction->closing)
		return;
	(void)direction_mark(direction);
	direction->end = mark_now(direction);
	direction->closing = true;
}

/* A reflector that is new at every turn counts nothing. */
static bool is_known(const struct direction *direction)
{
	return direction->counts && (direction->restarts <= RESTARTS_BELIEVED ||
	                             direction->restarts < direction->whole.received / 4);
}

/* How many of so many missing replies may have been answers to duplicates. */
static uint64_t doubt(const struct direction *direction, uint64_t missing)
{
	if (direction->duplicates == 0)
		return 0;
	double expected =
		(double)missing * (double)direction->duplicates / (double)direction->answers;

	return count_least(missing,
	                   (uint64_t)ceil(expected + doubt_deviations * sqrt(expected)));
}

static struct direction_counts tell(const struct direction *direction, uint64_t sent,
                                    const struct cut_share *share)
{
	struct direction_counts counts = { .sent = sent,
		                           .received = sent - share->lost,
		                           .is_known = is_known(direction) };

	if (counts.is_known) {
		counts.forward_lost = share->lost - share->open - share->high;
		counts.reverse_lost = share->low - doubt(direction, share->low);
	}
	counts.undetermined = share->lost - counts.forward_lost - counts.reverse_lost;
	return counts;
}

struct direction_counts direction_counts(const struct direction *direction)
{
	const struct direction_mark *mark =
		direction->closing ? &direction->end : &direction->whole;
	struct cut_share share = cut_share(direction, mark);

	return tell(direction, cut_position(direction, mark), &share);
}

bool direction_take(struct direction *direction, struct direction_counts *interval)
{
	if (direction->open == 0)
		return false;
	struct direction_mark *before = &direction->marks[0], *until = &direction->marks[1];
	struct cut_share first = cut_share(direction, before),
			 both = cut_share(direction, until);
	struct cut_share share = { .lost = both.lost - first.lost };

	share.open = count_least(count_less(both.open, first.open), share.lost);
	share.high = count_least(count_less(both.high, first.low), share.lost - share.open);
	share.low = count_least(count_less(both.low, first.high), share.high);
	*interval = tell(direction, until->position - before->position, &share);
	for (size_t i = 0; i < direction->open; i++)
		direction->marks[i] = direction->marks[i + 1];
	direction->open--;
	return true;
}
