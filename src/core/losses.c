/* SPDX-License-Identifier: MIT */
#include "core/losses.h"

#include <assert.h>
#include <stdlib.h>

enum { ROOM_AT_FIRST = 4 };

struct loss_book {
	struct loss_counts counts;
	struct loss_run run;   /* the one that lasts; length 0 = none */
	uint64_t last_ordinal; /* of the newest loss */
	struct loss_run *ring; /* outage i (0, 1 ...) at i % room; made when the first ends */
	size_t room;
	uint64_t forgotten; /* outages that are counted, but in the ring no more */
};

void losses_done(struct losses *losses)
{
	if (losses->book)
		free(losses->book->ring);
	free(losses->book);
	*losses = (struct losses){ 0 };
}

size_t losses_bytes(uint64_t probes)
{
	/* Each outage takes its probes and one that ends it; a ring is twice as large as it has to be, and
	 * is moved to from one of half its size. */
	uint64_t most = probes > 0 ? (probes + 1) / (OUTAGE_LENGTH + 1) : LOSSES_KEPT;
	size_t room = (size_t)(most < LOSSES_KEPT / 2 ? 2 * most + ROOM_AT_FIRST : LOSSES_KEPT);

	return sizeof(struct loss_book) + (room + room / 2) * sizeof(struct loss_run);
}

struct loss_counts losses_counts(const struct losses *losses)
{
	return losses->book ? losses->book->counts : (struct loss_counts){ 0 };
}

static size_t count_kept(const struct loss_book *book)
{
	return (size_t)(book->counts.outages - book->forgotten);
}

size_t losses_count(const struct losses *losses)
{
	return losses->book ? count_kept(losses->book) : 0;
}

static struct loss_run *place(const struct loss_book *book, uint64_t outage)
{
	assert(book->room > 0);
	return &book->ring[outage % book->room];
}

const struct loss_run *losses_at(const struct losses *losses, size_t i)
{
	assert(i < losses_count(losses));
	return place(losses->book, losses->book->forgotten + i);
}

/* A larger ring, if there may be one and memory for it. */
static void grow(struct loss_book *book)
{
	size_t room = book->room ? size_min(2 * book->room, LOSSES_KEPT) : ROOM_AT_FIRST;
	struct loss_run *ring = NULL;

	if (room > book->room)
		ring = calloc(room, sizeof(*ring));
	if (!ring)
		return;
	for (uint64_t i = book->forgotten; i < book->counts.outages; i++)
		ring[i % room] = *place(book, i);
	free(book->ring);
	book->ring = ring;
	book->room = room;
}

static void keep_outage(struct loss_book *book, const struct loss_run *run)
{
	if (count_kept(book) == book->room)
		grow(book);
	if (count_kept(book) == book->room)
		book->forgotten++;
	if (book->room > 0)
		*place(book, book->counts.outages) = *run;
	book->counts.outages++;
}

static bool end_run(struct loss_book *book, struct loss_run *ended)
{
	struct loss_run run = book->run;

	book->run = (struct loss_run){ 0 };
	book->counts.runs += run.length > 0;
	if (run.length < OUTAGE_LENGTH)
		return false;
	keep_outage(book, &run);
	*ended = run;
	return true;
}

bool losses_end(struct losses *losses, struct loss_run *ended)
{
	return losses->book && end_run(losses->book, ended);
}

static bool known_kept(const struct losses *losses, uint64_t ordinal)
{
	uint64_t behind = losses->newest_kept - ordinal;

	return ordinal <= losses->newest_kept && behind < LOSSES_WINDOW &&
	       (losses->kept >> behind & 1);
}

bool losses_lost(struct losses *losses, uint64_t ordinal, uint64_t sequence, struct mono sent,
                 int64_t interval, struct loss_run *ended)
{
	struct loss_book *book = losses->book;
	bool outage = false;

	if (!book)
		book = losses->book = calloc(1, sizeof(*book));
	if (!book || ordinal <= book->last_ordinal)
		return false;
	/* Losses come in order: those in between were none. */
	if (ordinal != book->last_ordinal + 1)
		outage = end_run(book, ended);
	struct loss_run *run = &book->run;

	if (run->length == 0)
		*run = (struct loss_run){ .first = sequence, .start = sent };
	run->length++;
	run->span = mono_since(sent, run->start) + interval;
	book->last_ordinal = ordinal;
	if (run->length > book->counts.longest)
		book->counts.longest = run->length;
	/* A run that has just begun is no outage yet: at most one ends here. */
	if (known_kept(losses, ordinal + 1))
		outage = end_run(book, ended) || outage;
	return outage;
}

static void note_kept(struct losses *losses, uint64_t ordinal)
{
	uint64_t ahead = ordinal - losses->newest_kept;

	if (ordinal > losses->newest_kept) {
		losses->kept = ahead < LOSSES_WINDOW ? losses->kept << ahead | 1 : 1;
		losses->newest_kept = ordinal;
	} else if (losses->newest_kept - ordinal < LOSSES_WINDOW) {
		losses->kept |= UINT64_C(1) << (losses->newest_kept - ordinal);
	}
}

bool losses_kept(struct losses *losses, uint64_t ordinal, struct loss_run *ended)
{
	note_kept(losses, ordinal);
	return losses->book && ordinal == losses->book->last_ordinal + 1 &&
	       end_run(losses->book, ended);
}
