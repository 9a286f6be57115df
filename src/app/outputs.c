/* SPDX-License-Identifier: MIT */
#include "app/outputs.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

#include "app/record_file.h"

enum { KIB = 1024 };

static bool wants_records(const struct ping_options *options)
{
	return options->json || options->csv || options->output;
}

int outputs_open(struct outputs *outputs, const struct ping_options *options, size_t targets,
                 struct err *err)
{
	*outputs = (struct outputs){
		.options = options,
		.targets = targets,
		.texts = !wants_records(options) || record_path(options->output),
		.many = targets > MANY_TARGETS || options->targets,
		.records.fd = -1,
	};
	int result = 0;

	if (wants_records(options))
		result = record_file_open(&outputs->records, record_path(options->output), err);
	if (result == 0 && outputs->texts && options->verbose &&
	    anatomy_init(&outputs->anatomy, stdout) < 0)
		result = err_set(err, -ENOMEM, "out of memory");
	return result;
}

void outputs_done(struct outputs *outputs)
{
	table_done(&outputs->table);
	anatomy_done(&outputs->anatomy);
	record_file_close(&outputs->records);
}

/* Where there is no text, a signal that asks how things stand is answered all the same. */
static void attach_standing(struct outputs *outputs, struct session *session)
{
	outputs->text = (struct text){ .aside = stderr };
	session_add_sink(session, &standing_sink, &outputs->text);
}

static void attach_texts(struct outputs *outputs, struct session *session)
{
	const struct ping_options *options = outputs->options;

	outputs->text = (struct text){
		.out = stdout,
		.aside = stderr,
		.probe = &session->options.probe,
		.timeout_given = options->timeout > 0,
		.quiet = options->quiet || options->flood,
		.epoch = options->epoch,
		.outstanding = options->outstanding,
		.verbose = options->verbose,
		.many = outputs->targets > 1,
		.terse = outputs->many,
	};
	session_add_sink(session, &text_sink, &outputs->text);
	if (outputs->many) {
		outputs->table = (struct table){
			.out = stdout,
			.probe = &session->options.probe,
			.targets = outputs->targets,
			.verbose = options->verbose,
		};
		session_add_sink(session, &table_sink, &outputs->table);
	}
	if (options->verbose)
		session_add_sink(session, &anatomy_sink, &outputs->anatomy);
}

static void attach_records(struct outputs *outputs, struct session *session)
{
	const struct ping_options *options = outputs->options;

	if (options->csv) {
		outputs->csv = (struct csv){ .output = &outputs->records };
		csv_head(&outputs->csv);
		session_add_sink(session, &csv_sink, &outputs->csv);
		return;
	}
	outputs->json = (struct json){
		.output = &outputs->records,
		.probe = &session->options.probe,
		.quiet = options->quiet,
		.outstanding = options->outstanding,
	};
	session_add_sink(session, &json_sink, &outputs->json);
}

void outputs_attach(struct outputs *outputs, struct session *session)
{
	if (outputs->texts)
		attach_texts(outputs, session);
	else
		attach_standing(outputs, session);
	if (outputs->records.fd >= 0)
		attach_records(outputs, session);
}

static void say_broken(struct outputs *outputs)
{
	if (!outputs->broken)
		(void)record_file_broken(&outputs->records, "ping",
		                         record_path(outputs->options->output));
	outputs->broken = true;
}

bool outputs_flush(struct outputs *outputs)
{
	if (outputs->texts && __fpending(stdout) > 0 && loop_may_write(STDOUT_FILENO))
		(void)fflush(stdout);
	if (outputs->records.fd < 0)
		return true;
	output_drain(&outputs->records);
	if (outputs->records.error < 0)
		say_broken(outputs);
	return outputs->texts || !outputs->broken;
}

void outputs_report(const struct outputs *outputs, struct session *session)
{
	if (outputs->many)
		table_standing(stderr, session);
	else
		session_report(session);
}

static void print_memory(const struct outputs *outputs, const struct session *session)
{
	(void)printf("memory: %zu target%s take%s at most %zu KiB\n", outputs->targets,
	             outputs->targets == 1 ? "" : "s", outputs->targets == 1 ? "s" : "",
	             (session_memory(session) + KIB - 1) / KIB);
}

bool outputs_conclude(struct outputs *outputs, struct session *session)
{
	session_conclude(session);
	if (outputs->texts && outputs->options->verbose)
		print_memory(outputs, session);
	if (outputs->records.fd >= 0 && output_finish(&outputs->records) < 0)
		say_broken(outputs);
	return !outputs->broken;
}
