/* SPDX-License-Identifier: MIT */
#include "app/compare_options.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

#define FIELD(member) offsetof(struct compare_options, member)

static const struct option_spec specs[] = {
	{ "fail-if", 0, OPTION_LIST, "LIMIT", "exit with 1 when B is worse by more: 'p99 +5%'",
	  FIELD(fail_if), 0, 0 },
	{ "seed", 0, OPTION_INTEGER, "N", "of the resampling (1); the same gives the same",
	  FIELD(seed), 0, INT64_MAX },
	{ "json", 'J', OPTION_FLAG, NULL, "a record for each target (NDJSON)", FIELD(json), 0,
	  0 },
	{ "version", 'V', OPTION_FLAG, NULL, "print the version", FIELD(version), 0, 0 },
	{ "help", 'h', OPTION_FLAG, NULL, "print this", FIELD(help), 0, 0 },
};

static const struct option_table table = { specs, COUNT(specs) };

const struct option_table *compare_option_table(void)
{
	return &table;
}

static int read_files(struct compare_options *out, char *const *words, int count,
                      struct err *err)
{
	if (count < 2)
		return err_set(err, -EINVAL,
		               "two files are to be compared (sounder compare A B)");
	if (count > 2)
		return err_set(err, -EINVAL, "'%s' is one file too many (sounder compare A B)",
		               quote(words[2]).text);
	out->a = words[0];
	out->b = words[1];
	if (strcmp(out->a, "-") == 0 && strcmp(out->b, "-") == 0)
		return err_set(err, -EINVAL, "only one of the files can be '-'");
	return 0;
}

int compare_options_read(struct compare_options *out, int argc, char **argv, struct err *err)
{
	*out = (struct compare_options){ .seed = 1 };
	int count = option_parse(&table, out, argc - 1, argv + 1, err);
	int result = count < 0 ? count : 0;

	if (result < 0 || out->help || out->version)
		return result;
	for (size_t i = 0; i < out->fail_if.count && result == 0; i++)
		result = limit_parse(out->fail_if.items[i], &out->limits[i], err);
	return result < 0 ? result : read_files(out, argv + 1, count, err);
}
