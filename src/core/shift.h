/* SPDX-License-Identifier: MIT */
/* shift -- whether one run is slower than another, or loses more, and by how much.
 *
 * Each side is resampled by itself (core/bootstrap); the differences of the resamples, B less A, are what the
 * difference might have been.  Five of them are looked at, so their intervals hold together: all five at once
 * contain the true difference in 97 % of all comparisons, each of them as likely as the others (balanced
 * simultaneous intervals, Beran 1988); whatever is correlated among them costs nothing.  The interval of the
 * losses (Newcombe 1998, from Wilson's scores) misses it in 1 %.  That leaves 1 % for what blocks of finite
 * length do not see: where nothing differs, at least one of the six cries wolf in at most 5 %.
 *
 * What so few values cannot bound has an estimate and no interval: there must be five independent ones on
 * either side of a quantile, and ten for a mean.
 */
#pragma once

#include "core/series.h"

enum { SHIFTS = 5, SHIFT_RESAMPLES = 2000 };

/* An estimate of each side, their difference (b - a), and between which values the true one lies. */
struct shift {
	double a, b; /* ns, or shares */
	bool known;  /* both sides have so many values that there is an estimate */
	bool bounded;
	double low, high; /* of b - a; bounded only */
};

/* What a side rests on. */
struct shift_side {
	uint64_t values;
	size_t block; /* of so many that were resampled together */
	bool ordered; /* false: a histogram is all there was */
};

/* shifts: p50, p90, p99, p99.9 and the mean, in this order. */
struct shift_result {
	struct shift shifts[SHIFTS];
	struct shift_side a, b;
};

/* 0.5, 0.9, 0.99, 0.999, and 0 for the mean. */
double shift_level(size_t j);

/* The same seed gives the same result; resamples: 100 or more.  -ENOMEM. */
MUST_CHECK int shift_compare(const struct course *a, const struct course *b, uint64_t seed,
                             size_t resamples, struct shift_result *out);

/* True where the interval does not contain 0. */
static inline bool shift_is_real(const struct shift *shift)
{
	return shift->bounded && (shift->low > 0 || shift->high < 0);
}

/* What became of probes; runs: how many losses in a row there were, 0 = not known.  Of some, the requests of
 * loads, there is no order: what is known instead is the share of each second. */
struct shift_losses {
	uint64_t lost, settled, runs;
	uint64_t loose_lost, loose_settled; /* those of them that have no order */
	struct stretches seconds;           /* their shares */
	bool untold; /* some were lost where nobody can tell whether in a burst */
};

/* Shares of probes; known where something is settled on both sides, bounded where it can be told as well how
 * the losses came.  They come in bursts, and then fewer are independent. */
struct shift shift_compare_losses(const struct shift_losses *a, const struct shift_losses *b);
