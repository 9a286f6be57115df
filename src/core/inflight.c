/* SPDX-License-Identifier: MIT */
#include "core/inflight.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPS_MOST = 64 };

static size_t entry_bytes(const struct inflight *inflight)
{
	return inflight->lean ? sizeof(struct flight) : sizeof(struct flight_whole);
}

struct flight *inflight_at(const struct inflight *inflight, size_t i)
{
	struct flight_whole *whole = inflight->ring;
	struct flight *lean = inflight->ring;

	return inflight->lean ? &lean[i] : &whole[i].flight;
}

static struct flight *slot(const struct inflight *inflight, uint64_t key)
{
	return inflight_at(inflight, key & (inflight->room - 1));
}

static struct mono *queued_of(const struct inflight *inflight, const struct flight *flight)
{
	return &inflight->queued[flight->key & (inflight->room - 1)];
}

/* Begins a place anew. */
static void clear(const struct inflight *inflight, struct flight *flight)
{
	*flight = (struct flight){ .lean = inflight->lean };
	if (!inflight->lean)
		*flight_note(flight) = (struct flight_more){ 0 };
}

/* The keys still in the ring are [next - room, next), and none is 0. */
static uint64_t first_key(const struct inflight *inflight)
{
	return inflight->next > inflight->room ? inflight->next - inflight->room : 1;
}

static int allocate(struct inflight *inflight)
{
	inflight->ring = calloc(inflight->room, entry_bytes(inflight));
	inflight->queued =
		inflight->queueing ? calloc(inflight->room, sizeof(struct mono)) : NULL;
	if (inflight->ring && (inflight->queued || !inflight->queueing))
		return 0;
	free(inflight->ring);
	free(inflight->queued);
	return -ENOMEM;
}

static void move(struct inflight *to, const struct inflight *from, const struct flight *flight)
{
	struct flight *moved = slot(to, flight->key);

	memcpy(moved, flight, entry_bytes(to));
	if (to->queueing)
		*queued_of(to, flight) = *queued_of(from, flight);
}

int inflight_reserve(struct inflight *inflight, size_t count)
{
	struct inflight larger = *inflight;

	for (larger.room = 1; larger.room < count;)
		larger.room *= 2;
	if (larger.room <= inflight->room)
		return 0;
	if (allocate(&larger) < 0)
		return -ENOMEM;
	if (inflight->room == 0)
		larger.next = larger.oldest = 1;
	for (size_t i = 0; i < inflight->room; i++) {
		const struct flight *flight = inflight_at(inflight, i);

		if (flight->open || flight->key)
			move(&larger, inflight, flight);
	}
	free(inflight->ring);
	free(inflight->queued);
	*inflight = larger;
	return 0;
}

void inflight_done(struct inflight *inflight)
{
	free(inflight->ring);
	free(inflight->queued);
	*inflight = (struct inflight){ 0 };
}

size_t inflight_bytes(const struct inflight *inflight)
{
	size_t queued = inflight->queueing ? sizeof(struct mono) : 0;

	return inflight->room * (entry_bytes(inflight) + queued);
}

struct flight *inflight_open(struct inflight *inflight, uint64_t *key)
{
	uint64_t first = inflight->next;
	struct flight *flight = slot(inflight, first);

	while (flight->open && inflight->skips && inflight->next - first < SKIPS_MOST)
		flight = slot(inflight, ++inflight->next);
	if (flight->open) {
		inflight->next = first;
		return NULL;
	}
	*key = inflight->next++;
	clear(inflight, flight);
	flight->key = (uint32_t)*key;
	flight->open = true;
	if (inflight->queueing)
		*queued_of(inflight, flight) = (struct mono){ 0 };
	return flight;
}

void inflight_withdraw(struct inflight *inflight)
{
	assert(inflight->next > 1);
	clear(inflight, slot(inflight, --inflight->next));
	if (inflight->oldest > inflight->next)
		inflight->oldest = inflight->next;
}

struct flight *inflight_find(const struct inflight *inflight, uint64_t key)
{
	struct flight *flight;

	if (key == 0 || key >= inflight->next)
		return NULL;
	flight = slot(inflight, key);
	return flight->key == (uint32_t)key ? flight : NULL;
}

uint64_t inflight_unwrap(const struct inflight *inflight, uint64_t wire, unsigned bits)
{
	uint64_t newest = inflight->next - 1;
	uint64_t behind = (newest - wire) & ((UINT64_C(1) << bits) - 1);

	return behind < newest ? newest - behind : 0;
}

void inflight_note_queued(struct inflight *inflight, const struct flight *flight,
                          struct mono stamp)
{
	if (inflight->queueing && !mono_known(inflight_queued(inflight, flight)))
		*queued_of(inflight, flight) = stamp;
}

struct mono inflight_queued(const struct inflight *inflight, const struct flight *flight)
{
	return inflight->queueing ? *queued_of(inflight, flight) : (struct mono){ 0 };
}

void inflight_settle(struct flight *flight, enum fate fate)
{
	flight->open = false;
	flight->fate = (uint8_t)fate;
}

struct flight *inflight_oldest(struct inflight *inflight, uint64_t *key)
{
	/* Without skips nothing open can be older than the ring. */
	if (!inflight->skips && inflight->oldest < first_key(inflight))
		inflight->oldest = first_key(inflight);
	for (; inflight->oldest < inflight->next; inflight->oldest++) {
		struct flight *flight = slot(inflight, inflight->oldest);

		if (flight->open && flight->key == (uint32_t)inflight->oldest) {
			*key = inflight->oldest;
			return flight;
		}
	}
	return NULL;
}
