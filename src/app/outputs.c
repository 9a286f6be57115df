/* SPDX-License-Identifier: MIT */
#include "app/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

#include "app/common.h"
#include "base/text.h"

enum { KIB = 1024 };

static bool wants_records(const struct ping_options *options)
{
	return options->json || options->csv || options->output;
}

/* The file that records go to; NULL = stdout. */
static const char *path_of(const struct ping_options *options)
{
	return options->output && strcmp(options->output, "-") != 0 ? options->output : NULL;
}

static int open_records(struct outputs *outputs, struct err *err)
{
	const char *path = path_of(outputs->options);
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
	              : STDOUT_FILENO;

	if (fd < 0)
		return err_set(err, -errno, "cannot open '%s': %s", quote(path).text,
		               err_reason(errno).text);
	int result = output_init(&outputs->records, fd);

	return result < 0 ? err_set(err, result, "out of memory") : 0;
}

int outputs_open(struct outputs *outputs, const struct ping_options *options, size_t targets,
                 struct err *err)
{
	*outputs = (struct outputs){
		.options = options,
		.targets = targets,
		.texts = !wants_records(options) || path_of(options),
		.many = targets > MANY_TARGETS || options->targets,
		.records.fd = -1,
	};
	int result = 0;

	if (wants_records(options))
		result = open_records(outputs, err);
	if (result == 0 && outputs->texts && options->verbose &&
	    anatomy_init(&outputs->anatomy, stdout) < 0)
		result = err_set(err, -ENOMEM, "out of memory");
	return result;
}

void outputs_done(struct outputs *outputs)
{
	int fd = outputs->records.fd;

	table_done(&outputs->table);
	anatomy_done(&outputs->anatomy);
	output_done(&outputs->records);
	if (fd > STDERR_FILENO)
		(void)close(fd);
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
	const char *path = path_of(outputs->options);
	struct err err;

	if (outputs->broken)
		return;
	outputs->broken = true;
	(void)err_set(&err, outputs->records.error, "cannot write to '%s': %s",
	              quote(path ? path : "stdout").text,
	              err_reason(outputs->records.error).text);
	(void)app_fail("ping", &err);
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
