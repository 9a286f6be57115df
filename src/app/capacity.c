/* SPDX-License-Identifier: MIT */
#include "app/capacity.h"

#include <string.h>

#include "app/process.h"

enum {
	DESCRIPTORS_BESIDES = 36, /* what the process needs whatever it serves */
	DESCRIPTORS_FOR_RELAY = 64,
	DESCRIPTORS_FOR_METRICS = 24,
	DESCRIPTORS_PER_WORKER = 8,
	CONNECTIONS_AT_LEAST = 8,
	CONNECTIONS_AT_MOST =
		1 << 20, /* unless more are asked for: each costs room in a table */
};

bool capacity_serves(const struct serve_options *options, const char *kind)
{
	for (size_t i = 0; i < options->endpoint_count; i++)
		if (strcmp(options->endpoints[i].kind, kind) == 0)
			return true;
	return false;
}

/* An endpoint has two addresses at most, but for names. */
static uint64_t connections_possible(const struct serve_options *options, size_t workers)
{
	uint64_t limit = process_raise_descriptor_limit();
	uint64_t besides = DESCRIPTORS_BESIDES + DESCRIPTORS_PER_WORKER * workers +
	                   2 * options->endpoint_count * workers;

	if (capacity_serves(options, "pong"))
		besides += DESCRIPTORS_FOR_RELAY;
	if (options->metrics)
		besides += DESCRIPTORS_FOR_METRICS;
	if (limit < besides + CONNECTIONS_AT_LEAST)
		return CONNECTIONS_AT_LEAST;
	return limit - besides < CONNECTIONS_AT_MOST ? limit - besides : CONNECTIONS_AT_MOST;
}

uint32_t capacity_connections(const struct serve_options *options, size_t workers)
{
	uint64_t most = options->max_connections > 0 ? (uint64_t)options->max_connections
	                                             : connections_possible(options, workers);

	return (uint32_t)(most < INT32_MAX ? most : INT32_MAX);
}
