/* SPDX-License-Identifier: MIT */
#include "service/repeats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/digest.h"

enum {
	SETS = 512,
	WAYS = 8,
	GLANCE = 64, /* bytes that are always looked at */
};

struct row {
	uint64_t source; /* digests: of address and port, */
	uint64_t glance; /* of the first bytes and the length, */
	uint64_t rest;   /* of all else; 0 = there is none, or it was not looked at */
	uint32_t count;  /* 0 = nothing has come yet */
};

struct repeats {
	struct digest_key key;
	struct row rows[SETS][WAYS]; /* of each set, who was heard last comes first */
};

int repeats_new(struct repeats **out)
{
	struct repeats *repeats = calloc(1, sizeof(*repeats));
	struct random random;

	if (!repeats)
		return -ENOMEM;
	random_init(&random);
	digest_key_init(&repeats->key, &random);
	*out = repeats;
	return 0;
}

void repeats_free(struct repeats *repeats)
{
	free(repeats);
}

size_t repeats_size(void)
{
	return sizeof(struct repeats);
}

static uint64_t source_of(const struct repeats *repeats, const struct address *from)
{
	uint64_t where[2];

	if (address_family(from) == AF_INET)
		return digest_pair(&repeats->key, from->v4.sin_addr.s_addr, from->v4.sin_port);
	memcpy(where, &from->v6.sin6_addr, sizeof(where));
	uint64_t host = digest_pair(&repeats->key, where[0], where[1]);

	return digest_pair(&repeats->key, host,
	                   (uint64_t)from->v6.sin6_scope_id << 16 | from->v6.sin6_port);
}

/* The row of this source, moved to the front; that of a stranger is empty. */
static struct row *row_of(struct repeats *repeats, uint64_t source)
{
	struct row *set = repeats->rows[source % SETS];
	size_t way = 0;

	if (set[0].source == source)
		return &set[0];
	while (way < WAYS - 1 && set[way].source != source)
		way++;
	struct row row =
		set[way].source == source ? set[way] : (struct row){ .source = source };

	memmove(set + 1, set, way * sizeof(*set));
	set[0] = row;
	return &set[0];
}

/* Whether the datagram is the same as the one before, which, being the first of its kind, may have been
 * seen at a glance only. */
static bool is_same(const struct row *row, uint64_t glance, uint64_t rest)
{
	return row->count > 0 && row->glance == glance && (row->rest == 0 || row->rest == rest);
}

bool repeats_complete_row(struct repeats *repeats, const struct address *from,
                          const uint8_t *data, size_t length)
{
	struct row *row = row_of(repeats, source_of(repeats, from));
	size_t seen = size_min(length, GLANCE);
	uint64_t glance = digest(&repeats->key, data, seen) + length, rest = 0;

	if (row->glance == glance && length > seen)
		rest = digest(&repeats->key, data + seen, length - seen);
	row->count = is_same(row, glance, rest) ? row->count + 1 : 1;
	row->glance = glance;
	row->rest = rest;
	if (row->count < REPEATS_ROW)
		return false;
	row->count = 0;
	return true;
}
