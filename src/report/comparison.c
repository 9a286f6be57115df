/* SPDX-License-Identifier: MIT */
#include "report/comparison.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/clock.h"

enum { DIGITS_MOST = 6, DIGITS_UNLESS_KNOWN = 3 };

int comparison_make(struct comparison *comparison, const struct crop *a, const struct crop *b,
                    uint64_t seed)
{
	struct shift_result result = { 0 };
	int error = shift_compare(&a->course, &b->course, seed, SHIFT_RESAMPLES, &result);

	*comparison = (struct comparison){
		.a = a,
		.b = b,
		.side_a = result.a,
		.side_b = result.b,
	};
	memcpy(comparison->metrics, result.shifts, sizeof(result.shifts));
	comparison->metrics[LIMIT_LOSS] = shift_compare_losses(&a->losses, &b->losses);
	return error;
}

/* How many half widths of its interval it is away from none. */
static double sureness(const struct shift *shift)
{
	double width = shift->high - shift->low;

	return width > 0 ? fabs(shift->b - shift->a) / width : HUGE_VAL;
}

size_t comparison_surest(const struct comparison *comparison, bool up)
{
	size_t best = LIMIT_METRICS;

	for (size_t j = 0; j < SHIFTS; j++) {
		const struct shift *shift = &comparison->metrics[j];
		bool spared = shift_level(j) <= 0 && best < LIMIT_METRICS;

		if (spared || !shift_is_real(shift) || (shift->low > 0) != up)
			continue;
		if (best == LIMIT_METRICS ||
		    sureness(shift) > sureness(&comparison->metrics[best]))
			best = j;
	}
	return best;
}

enum comparison_verdict comparison_verdict(const struct comparison *comparison)
{
	bool up = comparison_surest(comparison, true) < LIMIT_METRICS;
	bool down = comparison_surest(comparison, false) < LIMIT_METRICS;

	if (up && down)
		return COMPARISON_MIXED;
	if (up || down)
		return up ? COMPARISON_SLOWER : COMPARISON_FASTER;
	return COMPARISON_SAME;
}

/* --- words --- */

/* So many digits behind the point that half the interval has two of its own. */
static int digits_of(const struct shift *shift, double unit)
{
	double half = (shift->high - shift->low) / unit / 2;

	if (!shift->bounded)
		return DIGITS_UNLESS_KNOWN;
	if (half <= 0)
		return DIGITS_MOST;
	return (int)fmax(0, fmin(1 - floor(log10(half)), DIGITS_MOST));
}

struct comparison_value comparison_value(const struct comparison *comparison, size_t metric,
                                         double value, bool difference)
{
	bool loss = metric == LIMIT_LOSS;
	double unit = loss ? 0.01 : (double)NS_PER_MS;
	int digits = digits_of(&comparison->metrics[metric], unit);
	double scale = pow(10, digits);
	double rounded = nearbyint(value / unit * scale) / scale + 0.0; /* no "-0.00" */
	struct comparison_value out;

	(void)snprintf(out.text, sizeof(out.text), difference ? "%+.*f%s" : "%.*f%s", digits,
	               rounded, loss ? difference ? " points" : "%" : " ms");
	return out;
}

/* What is to be added to a sentence. */
struct sentence {
	struct comparison_sentence *out;
	size_t used;
};

static void PRINTF_LIKE(2, 3) say(struct sentence *sentence, const char *format, ...);

static void say(struct sentence *sentence, const char *format, ...)
{
	size_t room = sizeof(sentence->out->text) - sentence->used;
	va_list list;

	va_start(list, format);
	int length = vsnprintf(sentence->out->text + sentence->used, room, format, list);

	va_end(list);
	if (length > 0)
		sentence->used += size_min((size_t)length, room - 1);
}

static void say_shift(struct sentence *sentence, const struct comparison *comparison,
                      size_t metric, const char *what)
{
	const struct shift *shift = &comparison->metrics[metric];

	say(sentence, "%sB %s: %s is %s instead of %s, %s (%s to %s with 95 %% confidence)",
	    sentence->used > 0 ? "; " : "", what, limit_metric(metric),
	    comparison_value(comparison, metric, shift->b, false).text,
	    comparison_value(comparison, metric, shift->a, false).text,
	    comparison_value(comparison, metric, shift->b - shift->a, true).text,
	    comparison_value(comparison, metric, shift->low, true).text,
	    comparison_value(comparison, metric, shift->high, true).text);
}

/* A shift as wide as the interval is found almost always. */
static void say_resolution(struct sentence *sentence, const struct comparison *comparison)
{
	const char *before = "; a shift of ";

	say(sentence, "no difference that these samples could show");
	for (size_t j = 0; j < LIMIT_METRICS; j++) {
		const struct shift *shift = &comparison->metrics[j];
		bool wanted = j == 0 || j == 2 || j == LIMIT_LOSS;

		if (!shift->bounded || !wanted)
			continue;
		say(sentence, "%s%s by %s", before, limit_metric(j),
		    comparison_value(comparison, j, shift->high - shift->low, true).text + 1);
		before = " or of ";
	}
	if (strcmp(before, " or of ") == 0)
		say(sentence, " would have shown");
}

/* Where a side has none, there is nothing to be compared. */
static void say_missing(struct sentence *sentence, const struct comparison *comparison)
{
	bool a = comparison->side_a.values > 0, b = comparison->side_b.values > 0;

	if (!a || !b)
		say(sentence, "%s%s no round trips to compare", sentence->used > 0 ? "; " : "",
		    a   ? "B has"
		    : b ? "A has"
		        : "A and B have");
}

struct comparison_sentence comparison_sentence(const struct comparison *comparison)
{
	struct comparison_sentence out = { 0 };
	struct sentence sentence = { .out = &out };
	size_t up = comparison_surest(comparison, true);
	size_t down = comparison_surest(comparison, false);
	const struct shift *losses = &comparison->metrics[LIMIT_LOSS];

	if (up < LIMIT_METRICS)
		say_shift(&sentence, comparison, up, "is slower");
	if (down < LIMIT_METRICS)
		say_shift(&sentence, comparison, down, "is faster");
	if (shift_is_real(losses))
		say_shift(&sentence, comparison, LIMIT_LOSS,
		          losses->low > 0 ? "loses more" : "loses less");
	say_missing(&sentence, comparison);
	if (sentence.used == 0)
		say_resolution(&sentence, comparison);
	say(&sentence, ".");
	return out;
}

/* --- limits --- */

bool comparison_breaks(const struct comparison *comparison, const struct limit *limit,
                       struct err *finding)
{
	const struct shift *shift = &comparison->metrics[limit->metric];
	const char *name = limit_metric(limit->metric);
	struct comparison_sentence out = { 0 };
	struct sentence sentence = { .out = &out };

	if (!shift->bounded) {
		(void)err_set(finding, 0,
		              "'%s' fails '%s': there are too few samples to compare %s",
		              quote(comparison->a->target).text, quote(limit->text).text, name);
		return true;
	}
	if (!limit_is_broken(limit, shift))
		return false;
	say_shift(&sentence, comparison, limit->metric,
	          limit->metric == LIMIT_LOSS ? "loses more" : "is slower");
	(void)err_set(finding, 0, "'%s' fails '%s': %s", quote(comparison->a->target).text,
	              quote(limit->text).text, out.text);
	return true;
}
