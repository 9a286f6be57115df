/* SPDX-License-Identifier: MIT */
#include "core/stretches.h"

#include <math.h>

void stretches_add(struct stretches *stretches, uint64_t count, double mean)
{
	if (count == 0)
		return;
	double weight = (double)count, off = mean - stretches->mean;
	double plain = mean - stretches->plain_mean, step = mean - stretches->last;

	stretches->number++;
	stretches->count += weight;
	stretches->mean += weight / stretches->count * off;
	stretches->squares += weight * off * (mean - stretches->mean);
	stretches->plain_mean += plain / (double)stretches->number;
	stretches->plain_squares += plain * (mean - stretches->plain_mean);
	stretches->steps += stretches->number > 1 ? step * step : 0;
	stretches->last = mean;
}

/* One stretch of each run is spent on its mean, so that much of the number is left. */
void stretches_pool(struct stretches *into, const struct stretches *other)
{
	if (other->number == 0)
		return;
	if (into->number == 0) {
		*into = *other;
		return;
	}
	into->number += other->number - 1;
	into->count += other->count;
	into->mean += other->count / into->count * (other->mean - into->mean);
	into->squares += other->squares;
	into->plain_squares += other->plain_squares;
	into->steps += other->steps;
}

/* Of a stretch with the next; as many as there are hide some of it, which is added back. */
static double correlation(const struct stretches *stretches)
{
	if (stretches->plain_squares <= 0)
		return 0;
	double r = 1 - stretches->steps / (2 * stretches->plain_squares);

	return fmax(0, r + (1 + 3 * r) / (double)stretches->number);
}

/* A variance of so few degrees of freedom may be too small by as much. */
static double few(double degrees)
{
	double more = 1 + 1.5 / degrees + 2.2 / (degrees * degrees);

	return more * more;
}

double stretches_alike(const struct stretches *stretches, double variance)
{
	double degrees = (double)stretches->number - 1;

	if (stretches->number < STRETCHES_LEAST || variance <= 0)
		return 0;
	double spread = stretches->squares / degrees / variance;

	return fmax(1, spread * (1 + 2 * correlation(stretches))) * few(degrees);
}
