/* SPDX-License-Identifier: MIT */
#include "report/limit.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "core/clock.h"

#define DAY (86400 * NS_PER_SEC)
#define PER_CENT INT64_C(1000000) /* digits of a per cent that are understood */
#define PER_CENT_MAX (1000000 * PER_CENT)

static const char *const metrics[LIMIT_METRICS] = {
	"p50", "p90", "p99", "p99.9", "avg", "loss"
};

const char *limit_metric(size_t metric)
{
	return metrics[metric];
}

static size_t find_metric(const char *name, size_t length)
{
	size_t i = 0;

	while (i < LIMIT_METRICS &&
	       (strlen(metrics[i]) != length || strncmp(metrics[i], name, length) != 0))
		i++;
	return i;
}

static int read_value(const char *text, struct limit *limit)
{
	bool percent = *text && text[strlen(text) - 1] == '%';
	bool loss = limit->metric == LIMIT_LOSS;
	int64_t value = 0;
	int result = percent || loss ? parse_decimal(text, "%", PER_CENT, PER_CENT_MAX, &value)
	                             : parse_duration(text, DAY, &value);

	limit->relative = percent && !loss;
	limit->value = percent ? (double)value / (double)PER_CENT / 100 : (double)value;
	return result;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Without the blanks at its end. */
static size_t trimmed_length(const char *text)
{
	size_t length = strlen(text);

	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return length;
}

int limit_parse(const char *text, struct limit *out, struct err *err)
{
	const char *name = skip_blanks(text);
	size_t length = strcspn(name, " \t+");
	const char *rest = skip_blanks(name + length);
	struct limit limit = { .text = text, .metric = find_metric(name, length) };
	char value[32] = { 0 };

	if (limit.metric == LIMIT_METRICS)
		return err_set(err, -EINVAL,
		               "unknown metric '%s' (p50, p90, p99, p99.9, avg or loss)",
		               quote_bytes(name, length).text);
	if (*rest != '+')
		return err_set(err, -EINVAL,
		               "'%s' allows nothing (as 'p99 +5%%' or 'p50 +1ms' do)",
		               quote(text).text);
	rest = skip_blanks(rest + 1);
	length = trimmed_length(rest);
	if (length < sizeof(value)) /* what is longer is no number anyway */
		memcpy(value, rest, length);
	if (read_value(value, &limit) < 0)
		return err_set(err, -EINVAL, "'%s' is not %s, by which '%s' may grow",
		               quote_bytes(rest, length).text,
		               limit.metric == LIMIT_LOSS
		                       ? "percentage points such as 1%"
		                       : "a share such as 5% or a duration such as 1ms",
		               limit_metric(limit.metric));
	*out = limit;
	return 0;
}

bool limit_is_broken(const struct limit *limit, const struct shift *shift)
{
	double bound = limit->relative ? limit->value * shift->a : limit->value;

	return shift->bounded && shift->low > 0 && shift->b - shift->a > bound;
}
