/* SPDX-License-Identifier: MIT */
/* Files of options: what is taken is within its limits and within the text, and what is not names the file,
 * a line that is there, and the reason. */
#include <errno.h>
#include <stdio.h>

#include "app/config.h"
#include "fuzz/fuzz.h"

enum { COUNT_MAX = 1000 };

static const int64_t hour = INT64_C(3600000000000);

struct values {
	bool quiet, verbose;
	int64_t count, interval;
	const char *host;
	struct option_list listens;
};

#define AT(member) offsetof(struct values, member)

static const struct option_spec specs[] = {
	{ "quiet", 'q', OPTION_FLAG, NULL, "say less", AT(quiet), 0, 0 },
	{ "verbose", 'v', OPTION_FLAG, NULL, "say more", AT(verbose), 0, 0 },
	{ "count", 'c', OPTION_INTEGER, "N", "how many", AT(count), 1, COUNT_MAX },
	{ "interval", 'i', OPTION_DURATION, "DUR", "how often", AT(interval), 1000, hour },
	{ "host", '\0', OPTION_TEXT, "HOST", "who", AT(host), 0, 0 },
	{ "listen", '\0', OPTION_LIST, "WHERE", "whom", AT(listens), 0, 0 },
};

static const struct option_table table = { specs, COUNT(specs) };

static void check_text(const char *value, const char *text, size_t size)
{
	must(value >= text && value + strlen(value) <= text + size);
	must(!strchr(value, '\n'));
}

static void check_values(const struct values *values, const char *text, size_t size)
{
	must(values->count >= 1 && values->count <= COUNT_MAX);
	must(values->interval >= 1000 && values->interval <= hour);
	if (values->host)
		check_text(values->host, text, size);
	must(values->listens.count <= OPTION_LIST_ROOM);
	for (size_t i = 0; i < values->listens.count; i++)
		check_text(values->listens.items[i], text, size);
}

/* Read once more, the same is said; without its lists, others differ in no more than those. */
static void check_again(const char *text, size_t size, struct values *values)
{
	char *copy = string_of((const uint8_t *)text, size);
	struct values again = { .count = 1, .interval = hour };
	struct err err = { 0 };
	uint64_t given = option_lists_given(&table, values);

	int result = config_parse("a file", copy, size, &table, &again, &err);

	must(result <= 0);
	for (size_t i = 0; i < table.count; i++)
		must(!option_differs(&table.specs[i], values, &again));
	option_empty_lists(&table, &again, UINT64_MAX);
	must(option_lists_given(&table, &again) == 0);
	for (size_t i = 0; i < table.count; i++)
		must(option_differs(&table.specs[i], values, &again) == (given >> i & 1));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = string_of(data, size); /* NULs and all */
	char *kept = string_of(data, size);
	struct values values = { .count = 1, .interval = hour };
	struct err err = { 0 };
	int result = config_parse("a file", text, size, &table, &values, &err);

	check_values(&values, text, size);
	check_again(kept, size, &values);
	if (result < 0) {
		must(result == -EINVAL);
		must_be_a_sentence(&err);
		must(strncmp(err.text, "a file:", 7) == 0);
		must(err.text[7] >= '1' && err.text[7] <= '9');
	}
	free(kept);
	free(text);
	return 0;
}
