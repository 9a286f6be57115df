/* SPDX-License-Identifier: MIT */
/* sounder-compare -- whether one run is slower than another, and loses more: two files of records are read,
 * and each target that is in both is held against itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/common.h"
#include "app/compare_options.h"
#include "app/result_file.h"
#include "base/text.h"
#include "report/comparison_json.h"
#include "report/comparison_text.h"

enum { NAMES_SHOWN = 3 };

static const char usage[] =
	"usage: sounder compare [OPTIONS] A B\n"
	"\n"
	"  sounder ping -c 1000 -i 10ms -o a.ndjson example.com     before\n"
	"  sounder ping -c 1000 -i 10ms -o b.ndjson example.com     after\n"
	"  sounder compare a.ndjson b.ndjson\n"
	"  sounder compare a.ndjson b.ndjson --fail-if 'p99 +5%' --fail-if 'loss +1%'\n"
	"  sounder load -J TARGET | sounder compare a.ndjson -\n"
	"\n"
	"A and B are files of records by ping or load (-J); - is stdin.  LIMIT is p50, p90, p99,\n"
	"p99.9 or avg and +PERCENT% or +DURATION, or loss and +POINTS%; it is violated when B is\n"
	"worse by more than that and the difference is significant, or cannot be told at all.\n"
	"Exit: 0 within the limits, 1 one is violated, 2 trouble.\n";

struct comparing {
	const struct compare_options *options;
	struct harvest a, b;
	struct output records;
	bool broken; /* a limit is */
	size_t done; /* comparisons */
};

/* --- telling --- */

/* On stderr, beside what is printed or written for programs. */
static void tell(const struct err *what)
{
	if (what->text[0])
		(void)fprintf(stderr, "sounder: compare: %s\n", what->text);
}

/* Targets that the other file does not have. */
static void tell_lonely(const char *path, const struct harvest *of, const struct harvest *other)
{
	struct err what = { 0 };
	char names[NAMES_SHOWN * QUOTE_ROOM + 64] = { 0 };
	size_t count = 0, used = 0;

	for (size_t i = 0; i < of->count; i++) {
		if (harvest_find(other, of->crops[i].target))
			continue;
		if (count++ < NAMES_SHOWN)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s'%s'",
			                         used > 0 ? ", " : "",
			                         quote(of->crops[i].target).text);
	}
	if (count > NAMES_SHOWN)
		(void)err_set(&what, 0, "only '%s' has %s and %zu more", quote(path).text,
		              names, count - NAMES_SHOWN);
	else if (count > 0)
		(void)err_set(&what, 0, "only '%s' has %s", quote(path).text, names);
	tell(&what);
}

static void tell_broken(struct comparing *comparing, const struct comparison *comparison)
{
	const struct compare_options *options = comparing->options;

	for (size_t i = 0; i < options->fail_if.count; i++) {
		struct err finding = { 0 };

		if (!comparison_breaks(comparison, &options->limits[i], &finding))
			continue;
		comparing->broken = true;
		tell(&finding);
	}
}

/* --- comparing --- */

static int compare_one(struct comparing *comparing, const struct crop *a, const struct crop *b,
                       struct err *err)
{
	const struct compare_options *options = comparing->options;
	uint64_t seed = (uint64_t)options->seed;
	struct comparison comparison;

	if (comparison_make(&comparison, a, b, seed) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	if (options->json) {
		comparison_json(&comparing->records, &comparison, seed, options->limits,
		                options->fail_if.count);
	} else {
		if (comparing->done > 0)
			(void)putchar('\n');
		comparison_text(stdout, &comparison);
	}
	comparing->done++;
	tell_broken(comparing, &comparison);
	return 0;
}

/* With a single target in each, they are compared whatever their names. */
static int compare_all(struct comparing *comparing, struct err *err)
{
	const struct harvest *a = &comparing->a, *b = &comparing->b;
	int result = 0;

	if (a->count == 1 && b->count == 1)
		return compare_one(comparing, &a->crops[0], &b->crops[0], err);
	tell_lonely(comparing->options->a, a, b);
	tell_lonely(comparing->options->b, b, a);
	for (size_t i = 0; i < a->count && result == 0; i++) {
		const struct crop *other = harvest_find(b, a->crops[i].target);

		if (other)
			result = compare_one(comparing, &a->crops[i], other, err);
	}
	if (result == 0 && comparing->done == 0)
		return err_set(err, -EINVAL, "'%s' and '%s' have no target in common",
		               quote(comparing->options->a).text,
		               quote(comparing->options->b).text);
	return result;
}

static int read_file(const char *path, struct harvest *harvest, struct err *err)
{
	struct err cut = { 0 };
	int result = result_file_read(path, harvest, &cut, err);

	if (result == 0)
		tell(&cut);
	return result;
}

static int compare(struct comparing *comparing, struct err *err)
{
	int result = output_init(&comparing->records, STDOUT_FILENO);

	if (result < 0)
		return err_set(err, result, "out of memory");
	result = read_file(comparing->options->a, &comparing->a, err);
	if (result == 0)
		result = read_file(comparing->options->b, &comparing->b, err);
	if (result == 0)
		result = compare_all(comparing, err);
	int written = output_finish(&comparing->records);

	if (result == 0 && written < 0)
		return err_set(err, written, "cannot write to 'stdout': %s",
		               err_reason(written).text);
	return result;
}

static int run(const struct compare_options *options)
{
	struct comparing comparing = { .options = options };
	struct err err = { 0 };
	int result = compare(&comparing, &err);

	harvest_done(&comparing.a);
	harvest_done(&comparing.b);
	output_done(&comparing.records);
	if (result < 0)
		return app_fail("compare", &err);
	return comparing.broken ? EXIT_UNANSWERED : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct compare_options options;
	struct err err = { 0 };
	int code = EXIT_SUCCESS;

	app_keep_descriptors();
	if (compare_options_read(&options, argc, argv, &err) < 0)
		return app_fail("compare", &err);
	if (options.help)
		app_print_help(usage, compare_option_table());
	else if (options.version)
		app_print_version();
	else
		code = run(&options);
	return app_finish("compare", code);
}
