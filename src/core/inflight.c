/* SPDX-License-Identifier: MIT */
#include "core/inflight.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static struct flight *slot(const struct inflight *inflight, uint64_t key)
{
	return &inflight->ring[key & (inflight->room - 1)];
}

/* The keys still in the ring are [next - room, next), and none is 0. */
static uint64_t first_key(const struct inflight *inflight)
{
	return inflight->next > inflight->room ? inflight->next - inflight->room : 1;
}

int inflight_reserve(struct inflight *inflight, size_t count)
{
	struct inflight larger = *inflight;

	for (larger.room = 8; larger.room < count;)
		larger.room *= 2;
	if (larger.room <= inflight->room)
		return 0;
	larger.ring = calloc(larger.room, sizeof(struct flight));
	if (!larger.ring)
		return -ENOMEM;
	if (inflight->room == 0)
		larger.next = larger.oldest = 1;
	else
		for (uint64_t key = first_key(inflight); key < inflight->next; key++)
			*slot(&larger, key) = *slot(inflight, key);
	free(inflight->ring);
	*inflight = larger;
	return 0;
}

void inflight_done(struct inflight *inflight)
{
	free(inflight->ring);
	*inflight = (struct inflight){ 0 };
}

struct flight *inflight_open(struct inflight *inflight, uint64_t *key)
{
	struct flight *flight = slot(inflight, inflight->next);

	if (flight->open)
		return NULL;
	*key = inflight->next++;
	*flight = (struct flight){ .open = true };
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
	if (key < first_key(inflight) || key >= inflight->next)
		return NULL;
	return slot(inflight, key);
}

uint64_t inflight_unwrap(const struct inflight *inflight, uint64_t wire, unsigned bits)
{
	uint64_t newest = inflight->next - 1;
	uint64_t behind = (newest - wire) & ((UINT64_C(1) << bits) - 1);

	return behind < newest ? newest - behind : 0;
}

void inflight_settle(struct flight *flight, enum fate fate)
{
	flight->open = false;
	flight->fate = (uint8_t)fate;
}

struct flight *inflight_oldest(struct inflight *inflight, uint64_t *key)
{
	if (inflight->oldest < first_key(inflight))
		inflight->oldest = first_key(inflight);
	for (; inflight->oldest < inflight->next; inflight->oldest++) {
		struct flight *flight = slot(inflight, inflight->oldest);

		if (flight->open) {
			*key = inflight->oldest;
			return flight;
		}
	}
	return NULL;
}
