/* SPDX-License-Identifier: MIT */
#include "service/counters.h"

static const char *const drops[] = {
	[DROP_TRUNCATED] = "truncated",     [DROP_TO_MANY] = "to_many",
	[DROP_SOURCE_PORT] = "source_port", [DROP_TTL] = "ttl",
	[DROP_IDENTICAL] = "identical",     [DROP_RATE] = "rate",
	[DROP_REFUSED] = "refused",         [DROP_SHORT] = "short",
	[DROP_REFLECTED] = "reflected",     [DROP_UNAUTHENTIC] = "unauthentic",
	[DROP_UNSENT] = "unsent",
};

static const char *const endings[] = {
	[ENDING_PEER] = "peer",       [ENDING_BROKEN] = "broken",   [ENDING_IDLE] = "idle",
	[ENDING_EVICTED] = "evicted", [ENDING_DRAINED] = "drained",
};

_Static_assert(COUNT(drops) == DROPS, "each drop has a name");
_Static_assert(COUNT(endings) == ENDINGS, "each ending has a name");

const char *drop_name(enum drop drop)
{
	return drops[drop];
}

const char *ending_name(enum ending ending)
{
	return endings[ending];
}
