/* SPDX-License-Identifier: MIT */
#include "report/comparison_text.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

static void print_side(FILE *out, const char *name, const struct crop *crop,
                       const struct shift_side *side)
{
	(void)fprintf(out, "%s: %s, %" PRIu64 " round trips", name, quote(crop->target).text,
	              side->values);
	if (side->values == 0)
		(void)fputs("\n", out);
	else if (side->ordered && side->block > 1)
		(void)fprintf(out, ", resampled in blocks of %zu\n", side->block);
	else
		(void)fprintf(out, ", resampled %s\n",
		              side->ordered ? "one by one" : "from a histogram");
}

static void print_metric(FILE *out, const struct comparison *comparison, size_t metric)
{
	const struct shift *shift = &comparison->metrics[metric];

	if (!shift->known) {
		(void)fprintf(out, "%-6s too few samples\n", limit_metric(metric));
		return;
	}
	(void)fprintf(out, "%-6s %14s %14s %16s", limit_metric(metric),
	              comparison_value(comparison, metric, shift->a, false).text,
	              comparison_value(comparison, metric, shift->b, false).text,
	              comparison_value(comparison, metric, shift->b - shift->a, true).text);
	if (shift->bounded)
		(void)fprintf(out, "   %s to %s%s\n",
		              comparison_value(comparison, metric, shift->low, true).text,
		              comparison_value(comparison, metric, shift->high, true).text,
		              shift_is_real(shift) ? "  *" : "");
	else
		(void)fputs("   too few samples\n", out);
}

void comparison_text(FILE *out, const struct comparison *comparison)
{
	print_side(out, "A", comparison->a, &comparison->side_a);
	print_side(out, "B", comparison->b, &comparison->side_b);
	if (comparison->a->uncorrected != comparison->b->uncorrected)
		(void)fputs("one of them is of a closed loop, which hides stalls\n", out);
	(void)fprintf(out, "%-6s %14s %14s %16s   %s\n", "", "A", "B", "difference",
	              "with 95 % confidence");
	for (size_t metric = 0; metric < LIMIT_METRICS; metric++)
		print_metric(out, comparison, metric);
	(void)fprintf(out, "%s\n", comparison_sentence(comparison).text);
}
