/* SPDX-License-Identifier: MIT */
/* Command lines, their words separated by LF: what is taken is within its limits, and every word
 * that is no option is still there.  Each word is read as a number and a duration, too. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/option.h"
#include "base/parse.h"
#include "base/text.h"
#include "fuzz/fuzz.h"

enum { WORDS_MAX = 100, COUNT_MAX = 1000000 };

static const int64_t hour = INT64_C(3600000000000);

struct values {
	bool quiet, numeric;
	int64_t count, interval;
	const char *host;
	struct option_list allowed;
};

#define AT(member) offsetof(struct values, member)

static const struct option_spec specs[] = {
	{ "quiet", 'q', OPTION_FLAG, NULL, "say less", AT(quiet), 0, 0 },
	{ "numeric", 'n', OPTION_FLAG, NULL, "no names", AT(numeric), 0, 0 },
	{ "count", 'c', OPTION_INTEGER, "N", "how many", AT(count), 1, COUNT_MAX },
	{ "interval", 'i', OPTION_DURATION, "DUR", "how often", AT(interval), 1000, hour },
	{ "host", '\0', OPTION_TEXT, "HOST", "who", AT(host), 0, 0 },
	{ "allow", 'a', OPTION_LIST, "CIDR", "whom", AT(allowed), 0, 0 },
};

static const struct option_table table = { specs, COUNT(specs) };

static bool is_within(const char *word, const char *text, size_t size)
{
	return word >= text && word <= text + size;
}

static void check_values(const struct values *values, const char *text, size_t size)
{
	must(values->count >= 1 && values->count <= COUNT_MAX);
	must(values->interval >= 1000 && values->interval <= hour);
	must(!values->host || is_within(values->host, text, size));
	must(values->allowed.count <= OPTION_LIST_ROOM);
	for (size_t i = 0; i < values->allowed.count; i++)
		must(is_within(values->allowed.items[i], text, size));
}

static void check_line(char **argv, int argc, const char *text, size_t size)
{
	struct values values = { .count = 4, .interval = 1000000000 };
	struct err err = { 0 };
	int words = option_parse(&table, &values, argc, argv, &err);

	check_values(&values, text, size);
	must(words <= argc);
	for (int i = 0; i < words; i++)
		must(is_within(argv[i], text, size));
	if (words < 0) {
		must(words == -EINVAL);
		must_be_a_sentence(&err);
	}
}

/* A number that is understood can be written and is understood again, to the same. */
static void check_numbers(const char *word)
{
	char decimal[32];
	int64_t value = 0, again = 0;

	if (parse_integer(word, INT64_MIN, INT64_MAX, &value) == 0) {
		(void)snprintf(decimal, sizeof(decimal), "%" PRId64, value);
		must(parse_integer(decimal, value, value, &again) == 0 && again == value);
	}
	if (parse_duration(word, hour, &value) == 0) {
		must(value >= 0 && value <= hour);
		must(parse_duration(span_text(value).text, value, &again) == 0);
		must(again == value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = string_of(data, size), *rest = text;
	char *argv[WORDS_MAX];
	int argc = 0;

	while (rest && argc < WORDS_MAX) {
		argv[argc++] = rest;
		rest = strchr(rest, '\n');
		if (rest)
			*rest++ = '\0';
	}
	for (int i = 0; i < argc; i++)
		check_numbers(argv[i]);
	check_line(argv, argc, text, size);
	for (size_t i = 0; i < COUNT(specs); i++)
		must_be_printable(option_help(&specs[i]).text);
	free(text);
	return 0;
}
