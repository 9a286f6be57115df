/* SPDX-License-Identifier: MIT */
#include "core/era.h"

#include <math.h>

enum { PROBES_OF_MEAN = 64 };

struct era_bounds era_bounds_at(struct era_bounds bounds, struct mono at,
                                const struct skew *skew)
{
	double span = (double)mono_since(at, bounds.at);
	double slow = skew->low * span, fast = skew->high * span;

	bounds.low += (int64_t)floor(fmin(slow, fast));
	bounds.high += (int64_t)ceil(fmax(slow, fast));
	bounds.at = at;
	return bounds;
}

struct era_bounds era_bounds_of(const struct era_pair *pair, const struct skew *skew)
{
	struct era_bounds bounds = { .at = pair->forward.at,
		                     .high = pair->forward.raw + skew->grain,
		                     .known = true };

	bounds = era_bounds_at(bounds, pair->reverse.at, skew);
	bounds.low = -pair->reverse.raw - skew->grain;
	return bounds;
}

bool era_bounds_disjoint(struct era_bounds one, struct era_bounds other,
                         const struct skew *skew)
{
	other = era_bounds_at(other, one.at, skew);
	return one.low > other.high || other.low > one.high;
}

void era_bounds_tighten(struct era_bounds *bounds, struct era_bounds by,
                        const struct skew *skew)
{
	if (!bounds->known) {
		*bounds = by;
		return;
	}
	struct mono at = mono_before(bounds->at, by.at) ? by.at : bounds->at;

	by = era_bounds_at(by, at, skew);
	*bounds = era_bounds_at(*bounds, at, skew);
	bounds->low = span_max(bounds->low, by.low);
	bounds->high = span_min(bounds->high, by.high);
}

int64_t era_floor_at(const struct era_floor *edge, struct mono at, double rate)
{
	double span = (double)mono_since(at, edge->lowest.at);

	return edge->lowest.raw + llround((rate + ERA_LEAK) * span);
}

void era_floor_lower(struct era_floor *edge, struct skew_point point, double rate)
{
	if (edge->count == 0 || point.raw <= era_floor_at(edge, point.at, rate))
		edge->lowest = point;
}

static void floor_add(struct era_floor *edge, struct skew_point point, double rate)
{
	era_floor_lower(edge, point, rate);
	int64_t above = point.raw - era_floor_at(edge, point.at, rate);

	edge->count++;
	edge->excess +=
		((double)above - edge->excess) / (double)size_min(edge->count, PROBES_OF_MEAN);
}

void era_add(struct era *era, const struct era_pair *pair, const struct skew *skew)
{
	if (era->forward.count == 0)
		era->since = pair->forward.at;
	era_bounds_tighten(&era->bounds, era_bounds_of(pair, skew), skew);
	floor_add(&era->forward, pair->forward, skew->rate);
	floor_add(&era->reverse, pair->reverse, -skew->rate);
}

void era_redraw(struct era *era, const struct skew *skew)
{
	size_t i = skew->count - 1;

	era->forward.lowest = skew->buckets[i].forward;
	era->reverse.lowest = skew->buckets[i].reverse;
	while (i-- > 0) {
		era_floor_lower(&era->forward, skew->buckets[i].forward, skew->rate);
		era_floor_lower(&era->reverse, skew->buckets[i].reverse, -skew->rate);
	}
}
