/* SPDX-License-Identifier: MIT */
#include "sim/ways.h"

#include <stdlib.h>

#include "sim/far.h"

enum { COPIES = 2, DELAY = 10000000 };

static int by_time(const void *one, const void *other)
{
	const struct ways_reply *a = one, *b = other;

	return a->at < b->at ? -1 : a->at > b->at;
}

int64_t ways_leaves(const struct ways *ways, uint64_t probe)
{
	const struct ways_options *options = &ways->options;
	int64_t leaves = NS_PER_SEC + (int64_t)probe * options->interval;

	return probe + options->closing < options->probes ? leaves : leaves + 10 * NS_PER_SEC;
}

/* One way through the network: what comes out of it, in order. */
struct way {
	double loss, twice;
	int64_t spread;
};

static void pass(struct random *random, const struct way *way, const struct ways_reply *in,
                 struct ways_reply *out, size_t *count)
{
	int copies = far_uniform(random) < way->twice ? COPIES : 1;

	for (int i = 0; i < copies; i++) {
		double delay = DELAY + far_uniform(random) * (double)way->spread;

		if (far_uniform(random) < way->loss)
			continue;
		out[*count] = *in;
		out[*count].at += (int64_t)delay;
		++*count;
	}
}

static size_t go_there(struct ways *ways, struct random *random, struct ways_reply *there)
{
	const struct ways_options *options = &ways->options;
	struct way way = { options->forward_loss, options->forward_twice, options->spread };
	size_t count = 0;

	for (uint64_t i = 0; i < options->probes; i++) {
		struct ways_reply probe = { ways_leaves(ways, i), (uint32_t)i, 0 };

		pass(random, &way, &probe, there, &count);
	}
	qsort(there, count, sizeof(*there), by_time);
	return count;
}

/* Numbers the replies, and says which probes got there. */
static void reflect(struct ways *ways, struct ways_reply *there, size_t count)
{
	const struct ways_options *options = &ways->options;
	uint32_t next = options->first;

	for (size_t i = 0; i < count; i++) {
		if (options->restart && there[i].probe >= options->restart) {
			next = 0;
			ways->options.restart = 0;
		}
		there[i].reflector = options->copies ? there[i].probe : next++;
		ways->masked += ways->truth[there[i].probe] == WAYS_LOST_REVERSE;
		ways->truth[there[i].probe] = WAYS_LOST_REVERSE;
	}
}

void ways_init(struct ways *ways, const struct ways_options *options)
{
	struct random random;
	size_t room = options->probes * COPIES;
	struct ways_reply *there = calloc(room, sizeof(*there));

	*ways = (struct ways){ .options = *options };
	ways->replies = calloc(room * COPIES, sizeof(*ways->replies));
	ways->truth = calloc(options->probes, 1);
	random_seed(&random, options->seed);
	size_t count = go_there(ways, &random, there);
	struct way back = { options->reverse_loss, options->reverse_twice, options->spread };

	reflect(ways, there, count);
	for (size_t i = 0; i < count; i++)
		pass(&random, &back, &there[i], ways->replies, &ways->count);
	qsort(ways->replies, ways->count, sizeof(*ways->replies), by_time);
	for (size_t i = 0; i < ways->count; i++)
		ways->truth[ways->replies[i].probe] = WAYS_RECEIVED;
	ways->options.restart = options->restart;
	ways->slowest = 2 * (DELAY + options->spread);
	free(there);
}

void ways_done(struct ways *ways)
{
	free(ways->replies);
	free(ways->truth);
}
