/* SPDX-License-Identifier: MIT */
#include "app/load_outputs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app/common.h"
#include "app/record_file.h"
#include "base/text.h"
#include "report/hgrm.h"
#include "report/load_text.h"
#include "report/times.h"

/* A person who redirected the text watches stderr. */
static FILE *find_terminal(const struct load_outputs *outputs)
{
	if (outputs->options->quiet)
		return NULL;
	if (outputs->texts && isatty(STDOUT_FILENO))
		return stdout;
	return isatty(STDERR_FILENO) ? stderr : NULL;
}

/* NULL is stdout. */
static bool is_same(const char *path, const char *other)
{
	return path && other ? strcmp(path, other) == 0 : path == other;
}

static bool has_records(const struct load_options *options)
{
	return options->json || options->output;
}

/* Each is a format of its own. */
static int check_paths(const struct load_options *options, struct err *err)
{
	if (!has_records(options) || !options->hgrm ||
	    !is_same(record_path(options->output), record_path(options->hgrm)))
		return 0;
	return err_set(err, -EINVAL, "'--hgrm %s' is where the JSON goes: give it another file",
	               quote(options->hgrm).text);
}

int load_outputs_open(struct load_outputs *outputs, const struct load_options *options,
                      struct err *err)
{
	const char *path = record_path(options->output);
	int result = check_paths(options, err);

	*outputs = (struct load_outputs){
		.options = options,
		.texts = !has_records(options) || path,
		.records.fd = -1,
		.hgrm.fd = -1,
	};
	outputs->terminal = find_terminal(outputs);
	if (result == 0 && has_records(options))
		result = record_file_open(&outputs->records, path, err);
	if (result == 0 && options->hgrm)
		result = record_file_open(&outputs->hgrm, record_path(options->hgrm), err);
	return result;
}

void load_outputs_done(struct load_outputs *outputs)
{
	record_file_close(&outputs->records);
	record_file_close(&outputs->hgrm);
}

static void erase(struct load_outputs *outputs)
{
	if (outputs->standing)
		load_progress_erase(outputs->terminal);
	outputs->standing = false;
}

/* What a reader takes at once is given away. */
static void drain(struct load_outputs *outputs)
{
	if (outputs->records.fd < 0)
		return;
	output_drain(&outputs->records);
	if (outputs->records.error < 0 && !outputs->broken) {
		erase(outputs);
		(void)record_file_broken(&outputs->records, "load",
		                         record_path(outputs->options->output));
		outputs->broken = true;
	}
}

void load_outputs_begin(struct load_outputs *outputs, const struct load_result *result)
{
	if (outputs->texts)
		load_text_begin(stdout, result);
	if (outputs->texts && outputs->options->find)
		load_find_print(stdout, outputs->options->find);
	if (outputs->records.fd >= 0)
		load_json_start(&outputs->records, result);
	drain(outputs);
}

void load_outputs_progress(struct load_outputs *outputs, const struct load_result *result,
                           const struct load_progress *progress)
{
	if (outputs->terminal) {
		load_progress_print(outputs->terminal, progress);
		outputs->standing = true;
	}
	if (outputs->records.fd >= 0 && !outputs->options->quiet)
		load_json_progress(&outputs->records, result, progress);
	drain(outputs);
}

void load_outputs_step(struct load_outputs *outputs, const struct load_step *step)
{
	erase(outputs);
	if (outputs->texts && !outputs->options->quiet)
		load_step_print(stdout, step);
	if (outputs->records.fd >= 0)
		load_step_json(&outputs->records, step);
	drain(outputs);
}

void load_outputs_found(struct load_outputs *outputs, const struct load_search *search,
                        const char *target, bool hindered)
{
	const char *wish = outputs->options->find;

	erase(outputs);
	if (outputs->texts)
		load_found_print(stdout, search, wish, hindered);
	if (outputs->records.fd >= 0)
		load_found_json(&outputs->records, search, target, wish, hindered);
}

/* All that is kept; whoever was found broken before was told of before. */
static void finish(struct load_outputs *outputs, struct output *output, const char *path)
{
	if (output->fd < 0 || output_finish(output) == 0 || outputs->broken)
		return;
	(void)record_file_broken(output, "load", record_path(path));
	outputs->broken = true;
}

bool load_outputs_end(struct load_outputs *outputs, const struct load_result *result,
                      const struct load_ping *ping)
{
	const struct load_options *options = outputs->options;

	erase(outputs);
	if (outputs->texts)
		load_text_end(stdout, result, ping);
	if (outputs->records.fd >= 0)
		load_json_summary(&outputs->records, result, ping);
	finish(outputs, &outputs->records, options->output);
	if (outputs->hgrm.fd >= 0)
		hgrm_write(&outputs->hgrm, times_told(&result->tally));
	finish(outputs, &outputs->hgrm, options->hgrm);
	return !outputs->broken;
}
