/* SPDX-License-Identifier: MIT */
#include "core/shift.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/bootstrap.h"

/* The chance of a false alarm: of the shifts together, and the deviate of the losses' half per cent on either
 * side. */
static const double alarm = 0.03;
static const double z_losses = 2.5758293035489;

enum { VALUES_BESIDE = 5, WITNESSES_LEAST = 20 };

static const double levels[SHIFTS] = { 0.5, 0.9, 0.99, 0.999, 0 };

double shift_level(size_t j)
{
	return levels[j];
}

static struct levels all_levels(void)
{
	return (struct levels){ levels, SHIFTS };
}

/* A run made ready. */
struct side {
	struct series series;
	struct blocks blocks;
	uint64_t total;
};

/* --- the intervals --- */

/* resamples x SHIFTS differences, and each of the columns sorted. */
struct table {
	double *rows, *sorted;
	size_t *depths; /* of each resample: how far from the end it is where it is nearest to one */
	size_t resamples;
	const struct side *a, *b;
	struct shift_result *result;
};

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int compare_sizes(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

static double *column(const struct table *table, size_t j)
{
	return table->sorted + j * table->resamples;
}

static void sort_columns(struct table *table)
{
	for (size_t j = 0; j < SHIFTS; j++) {
		for (size_t r = 0; r < table->resamples; r++)
			column(table, j)[r] = table->rows[r * SHIFTS + j];
		qsort(column(table, j), table->resamples, sizeof(double), compare_doubles);
	}
}

/* How many are below the value; or not above it. */
static size_t count_below(const double *sorted, size_t count, double value, bool equal_too)
{
	size_t first = 0, end = count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;
		bool is_below = equal_too ? sorted[middle] <= value : sorted[middle] < value;

		if (is_below)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

/* As many as that are as far out or farther, on the nearer side; itself among them. */
static size_t depth_of(const struct table *table, size_t r, size_t j)
{
	double value = table->rows[r * SHIFTS + j];
	const double *sorted = column(table, j);
	size_t low = count_below(sorted, table->resamples, value, true);
	size_t high = table->resamples - count_below(sorted, table->resamples, value, false);

	return size_min(low, high);
}

/* The depth that only the allowed share of the resamples does not reach in some column. */
static size_t common_depth(struct table *table)
{
	for (size_t r = 0; r < table->resamples; r++) {
		table->depths[r] = table->resamples;
		for (size_t j = 0; j < SHIFTS; j++)
			if (table->result->shifts[j].bounded)
				table->depths[r] =
					size_min(table->depths[r], depth_of(table, r, j));
	}
	qsort(table->depths, table->resamples, sizeof(*table->depths), compare_sizes);
	return table->depths[(size_t)(alarm * (double)table->resamples)];
}

/* Half a bucket on either side: where in it the values are, nobody knows. */
static double doubt(const struct table *table, const struct shift *shift)
{
	return (table->a->series.width * shift->a + table->b->series.width * shift->b) / 2;
}

static void bound(struct table *table)
{
	sort_columns(table);
	size_t depth = common_depth(table);

	for (size_t j = 0; j < SHIFTS; j++) {
		struct shift *shift = &table->result->shifts[j];
		bool quantile = levels[j] > 0;
		double more = quantile ? doubt(table, shift) : 0;

		if (!shift->bounded)
			continue;
		shift->low = column(table, j)[depth - 1] - more;
		shift->high = column(table, j)[table->resamples - depth] + more;
	}
}

/* --- the sides --- */

static int prepare(struct side *side, const struct course *course)
{
	int result = series_init(&side->series, course);

	side->total = course_total(course);
	if (result < 0 || side->series.count == 0)
		return result;
	return blocks_choose(&side->series, all_levels(), &side->blocks);
}

static double estimate(const struct side *side, size_t j)
{
	if (levels[j] <= 0)
		return side->series.mean;
	return series_at(&side->series, (double)series_place(&side->series, levels[j]));
}

static bool is_known(const struct side *side, size_t j)
{
	return quantile_is_supported(side->total, levels[j]);
}

static bool is_bounded(const struct side *side, size_t j)
{
	double q = levels[j] > 0 ? levels[j] : 0.5;
	double independent = side->series.worth / side->blocks.alike[j];

	return independent * fmin(q, 1 - q) >= VALUES_BESIDE * (1 - 1e-9);
}

static void estimate_all(const struct side *a, const struct side *b, struct shift_result *out)
{
	*out = (struct shift_result){ 0 };
	for (size_t j = 0; j < SHIFTS && a->series.count && b->series.count; j++)
		out->shifts[j] = (struct shift){
			.a = estimate(a, j),
			.b = estimate(b, j),
			.known = is_known(a, j) && is_known(b, j),
			.bounded = is_bounded(a, j) && is_bounded(b, j),
		};
}

static struct shift_side describe(const struct side *side)
{
	return (struct shift_side){
		.block = side->blocks.length,
		.ordered = side->series.ordered,
		.values = side->total,
	};
}

static int draw(struct table *table, uint64_t seed)
{
	const struct side *a = table->a, *b = table->b;
	struct random random;

	random_seed(&random, seed);
	int result = bootstrap(&b->series, &b->blocks, all_levels(), &random, table->rows,
	                       table->resamples);

	if (result == 0) /* the other half of the room is not needed yet */
		result = bootstrap(&a->series, &a->blocks, all_levels(), &random, table->sorted,
		                   table->resamples);
	for (size_t i = 0; i < table->resamples * SHIFTS && result == 0; i++)
		table->rows[i] -= table->sorted[i];
	return result;
}

static int resample(const struct side *a, const struct side *b, uint64_t seed, size_t resamples,
                    struct shift_result *out)
{
	struct table table = { .resamples = resamples, .a = a, .b = b, .result = out };
	int result = -ENOMEM;

	table.rows = calloc(resamples * SHIFTS, sizeof(double));
	table.sorted = calloc(resamples * SHIFTS, sizeof(double));
	table.depths = calloc(resamples, sizeof(size_t));
	if (table.rows && table.sorted && table.depths)
		result = draw(&table, seed);
	if (result == 0)
		bound(&table);
	free(table.rows);
	free(table.sorted);
	free(table.depths);
	return result;
}

static bool any_bounded(const struct shift_result *result)
{
	bool any = false;

	for (size_t j = 0; j < SHIFTS; j++)
		any = any || result->shifts[j].bounded;
	return any;
}

int shift_compare(const struct course *a, const struct course *b, uint64_t seed,
                  size_t resamples, struct shift_result *out)
{
	struct side sides[2] = { 0 };
	int result = prepare(&sides[0], a);

	if (result == 0)
		result = prepare(&sides[1], b);
	if (result == 0) {
		estimate_all(&sides[0], &sides[1], out);
		out->a = describe(&sides[0]);
		out->b = describe(&sides[1]);
		if (any_bounded(out))
			result = resample(&sides[0], &sides[1], seed, resamples, out);
	}
	series_done(&sides[0].series);
	series_done(&sides[1].series);
	return result;
}

/* --- losses --- */

/* How many probes say as much as one whose fate says nothing of the next one's: by a Gilbert model, over both
 * sides, for the one that lost nothing would have lost it in runs as well. */
static double alike_in_order(const struct shift_losses *a, const struct shift_losses *b)
{
	double n = (double)(a->settled - a->loose_settled) +
	           (double)(b->settled - b->loose_settled);
	double lost = (double)(a->lost - a->loose_lost) + (double)(b->lost - b->loose_lost);
	double kept = n - lost;
	double runs = (double)a->runs + (double)b->runs;

	if (runs <= 0 || lost <= 0 || kept <= 0)
		return 1;
	double r = 1 - n * runs / (lost * kept); /* of a fate and the next one */

	return r > 0 ? (1 + r) / fmax(1 - r, 1 / n) : 1;
}

/* The same by the shares of the seconds, each side's around its own. */
static double alike_in_seconds(const struct shift_losses *a, const struct shift_losses *b)
{
	struct stretches both = a->seconds;

	stretches_pool(&both, &b->seconds);
	return fmax(1, stretches_alike(&both, both.mean * (1 - both.mean)));
}

static double alike(const struct shift_losses *a, const struct shift_losses *b)
{
	return fmax(alike_in_order(a, b), alike_in_seconds(a, b));
}

/* A run that lost all of it in one row, or the half, has lost more than one that lost nothing, whatever a model
 * with rows as long as runs has to say. */
static double worth_of(const struct shift_losses *losses, double one)
{
	double n = (double)losses->settled;

	return fmax(n / one, fmin(n, WITNESSES_LEAST));
}

/* Wilson's score interval: about the share of so many independent ones. */
static void wilson(double share, double n, double *low, double *high)
{
	double z2 = z_losses * z_losses / n;
	double middle = (share + z2 / 2) / (1 + z2);
	double reach = z_losses / (1 + z2) * sqrt((share * (1 - share) + z2 / 4) / n);

	*low = fmin(fmax(middle - reach, 0), share);
	*high = fmax(fmin(middle + reach, 1), share);
}

struct shift shift_compare_losses(const struct shift_losses *a, const struct shift_losses *b)
{
	struct shift shift = { .known = a->settled > 0 && b->settled > 0 };
	double low_a, high_a, low_b, high_b;

	if (!shift.known)
		return shift;
	shift.a = (double)a->lost / (double)a->settled;
	shift.b = (double)b->lost / (double)b->settled;
	if (a->untold || b->untold)
		return shift;
	double one = alike(a, b);

	wilson(shift.a, worth_of(a, one), &low_a, &high_a);
	wilson(shift.b, worth_of(b, one), &low_b, &high_b);
	double difference = shift.b - shift.a;

	shift.bounded = true;
	shift.low = difference - hypot(shift.b - low_b, high_a - shift.a);
	shift.high = difference + hypot(high_b - shift.b, shift.a - low_a);
	return shift;
}
