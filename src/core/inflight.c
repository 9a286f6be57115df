/* SPDX-License-Identifier: MIT */
#include "core/inflight.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { SKIPS_MOST = 64 };

static struct flight *slot(const struct inflight *inflight, uint64_t key)
{
	return &inflight->ring[key & (inflight->room - 1)];
}

/* The keys still in the ring are [next - room, next), and none is 0. */
static uint64_t first_key(const struct inflight *inflight)
{
	return inflight->next > inflight->room ? inflight->next - inflight->room : 1;
}

static int allocate(struct inflight *inflight)
{
	inflight->ring = calloc(inflight->room, sizeof(struct flight));
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

	*moved = *flight;
	if (to->queueing)
		to->queued[moved - to->ring] = from->queued[flight - from->ring];
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
	for (size_t i = 0; i < inflight->room; i++)
		if (inflight->ring[i].open || inflight->ring[i].key)
			move(&larger, inflight, &inflight->ring[i]);
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
	*flight = (struct flight){ .key = (uint32_t)*key, .open = true };
	if (inflight->queueing)
		inflight->queued[flight - inflight->ring] = (struct mono){ 0 };
	return flight;
}

void inflight_withdraw(struct inflight *inflight)
{
	assert(inflight->next > 1);
	*slot(inflight, --inflight->next) = (struct flight){ 0 };
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
		inflight->queued[flight - inflight->ring] = stamp;
}

struct mono inflight_queued(const struct inflight *inflight, const struct flight *flight)
{
	return inflight->queueing ? inflight->queued[flight - inflight->ring]
	                          : (struct mono){ 0 };
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
