/* SPDX-License-Identifier: MIT */
#include "core/cut.h"

#include "core/window.h"

uint64_t cut_position(const struct direction *direction, const struct direction_mark *mark)
{
	return mark == &direction->whole ? direction->sent : mark->position;
}

/* The unanswered probes that the reflector may have heard after all those that were answered: the ones
 * behind the last of these, and where probes overtake each other, some before it. */
static uint64_t count_late(const struct direction *direction, const struct direction_mark *mark)
{
	uint64_t from = count_most(count_less(mark->last, direction->overtaken),
	                           direction->first_probe);
	uint64_t position = cut_position(direction, mark);

	if (from + WINDOW_BITS < direction->sent)
		return position - mark->last;
	return from < position
	               ? position - from - window_count(direction->probes, from, position)
	               : 0;
}

static uint64_t count_unseen(const struct direction *direction, uint64_t from, uint64_t to)
{
	return from < to ? to - from - window_count(direction->replies, from, to) : 0;
}

struct range {
	uint64_t low, high;
};

/* The reflector numbers about a cut that may be of either side. */
struct zone {
	uint64_t from, to;
};

static struct zone zone_of(const struct direction *direction, const struct direction_mark *mark)
{
	uint64_t reach = mark == &direction->end ? 0 : direction->overtaken;
	uint64_t from = count_less(count_least(mark->below, mark->above), reach);
	uint64_t to = count_most(mark->below, mark->above) + reach;

	return (struct zone){ count_most(from, direction->first_reply),
		              count_least(to, direction->reply_end) };
}

/* Too long ago: the bits about it are of others. */
static bool is_forgotten(const struct direction *direction, const struct direction_mark *mark,
                         struct zone zone)
{
	return mark->below + WINDOW_BITS < direction->reply_end ||
	       zone.from + WINDOW_BITS < direction->reply_end;
}

/* So many numbers below the least that was seen may have been lost, or never been for us. */
static uint64_t doubtful_start(const struct direction *direction)
{
	return direction->restarts == 0 && direction->first_reply <= DIRECTION_REACH
	               ? direction->first_reply
	               : 0;
}

static uint64_t count_missing(const struct direction *direction,
                              const struct direction_mark *mark)
{
	return count_less(count_less(mark->below, direction->first_reply),
	                  mark->replies + mark->crossed);
}

/* Nothing was heard from behind the mark. */
static void share_tail(const struct direction *direction, const struct direction_mark *mark,
                       struct cut_share *share)
{
	uint64_t missing = count_missing(direction, mark);

	share->low += missing;
	share->high += missing + doubtful_start(direction);
	share->open += count_least(count_late(direction, mark),
	                           count_less(share->lost, share->open + share->high));
}

/* How many of the numbers unseen about a cut are of probes before it.  In order: at most as many as
 * there are between the last answered one and the cut, and at least what those between the cut and
 * the next cannot have.  A closing probe has overtaken no counted one. */
static struct range share_unseen(const struct direction *direction,
                                 const struct direction_mark *mark, uint64_t unseen)
{
	bool in_order = direction->overtaken == 0;
	struct range range = { 0, unseen };

	if (in_order)
		range.high = count_least(unseen, mark->position - mark->last);
	if (in_order || mark == &direction->end)
		range.low = count_least(count_less(unseen, mark->next - mark->position),
		                        range.high);
	return range;
}

/* The numbers missing below the zone are all of probes before the mark. */
static void share_cut(const struct direction *direction, const struct direction_mark *mark,
                      struct cut_share *share)
{
	struct zone zone = zone_of(direction, mark);

	if (is_forgotten(direction, mark, zone)) {
		share->high = share->lost;
		return;
	}
	uint64_t below = count_less(count_missing(direction, mark),
	                            count_unseen(direction, zone.from, mark->below));
	struct range unseen =
		share_unseen(direction, mark, count_unseen(direction, zone.from, zone.to));

	share->low += below + unseen.low;
	share->high += below + unseen.high + doubtful_start(direction);
}

struct cut_share cut_share(const struct direction *direction, const struct direction_mark *mark)
{
	struct cut_share share = { cut_position(direction, mark) - mark->received, mark->open,
		                   mark->reverse_low, mark->reverse_high };

	if (!mark->over && mark->next == DIRECTION_NONE)
		share_tail(direction, mark, &share);
	else if (!mark->over)
		share_cut(direction, mark, &share);
	share.open = count_least(share.open, share.lost);
	share.high = count_least(share.high, share.lost - share.open);
	share.low = count_least(count_less(share.low, mark->strays), share.high);
	return share;
}
