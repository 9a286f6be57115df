/* SPDX-License-Identifier: MIT */
#include "app/result_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Where one stands in a file. */
struct reading {
	const char *path;
	struct harvest *harvest;
	size_t number; /* of the line */
	struct err *cut, *err;
};

static int refuse(const struct reading *reading, int code, const char *why)
{
	return err_set(reading->err, code, "%s:%zu: %s", quote(reading->path).text,
	               reading->number, why);
}

static bool is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!strchr(" \t\r\n", line[i]) || line[i] == '\0')
			return false;
	return true;
}

static int take_line(const struct reading *reading, const char *line, size_t length)
{
	struct results_record record;
	bool json_is_broken = false;
	struct err why = { 0 };

	if (is_blank(line, length))
		return 0;
	int result = results_read(line, length, &record, &json_is_broken, &why);

	if (result < 0 && json_is_broken && line[length - 1] != '\n') {
		(void)err_set(reading->cut, 0, "%s:%zu: the last line was cut off",
		              quote(reading->path).text, reading->number);
		return 0;
	}
	if (result < 0)
		return refuse(reading, result, why.text);
	result = harvest_take(reading->harvest, &record, &why);
	results_done(&record);
	return result < 0 ? refuse(reading, result, why.text) : 0;
}

/* Reads to the end of the line, or as far as there is room; 0 at the end. */
static size_t read_line(FILE *file, char *line, size_t room)
{
	size_t length = 0;
	int c = 0;

	while (length < room && c != '\n' && (c = getc(file)) != EOF)
		line[length++] = (char)c;
	return length;
}

static int take_lines(struct reading *reading, FILE *file)
{
	char *line = malloc(RESULT_LINE_MAX);
	int result = 0;
	size_t length;

	if (!line)
		return err_set(reading->err, -ENOMEM, "out of memory");
	while (result == 0 && (length = read_line(file, line, RESULT_LINE_MAX)) > 0) {
		reading->number++;
		if (length == RESULT_LINE_MAX && line[length - 1] != '\n')
			result =
				refuse(reading, -EBADMSG, "this line is too long for a record");
		else
			result = take_line(reading, line, length);
	}
	if (result == 0 && ferror(file))
		result = err_set(reading->err, -errno, "cannot read '%s': %s",
		                 quote(reading->path).text, err_reason(errno).text);
	free(line);
	return result;
}

int result_file_read(const char *path, struct harvest *harvest, struct err *cut,
                     struct err *err)
{
	struct reading reading = { path, harvest, 0, cut, err };
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "re");

	if (!file)
		return err_set(err, -errno, "cannot open '%s': %s", quote(path).text,
		               err_reason(errno).text);
	int result = take_lines(&reading, file);

	if (!standard)
		(void)fclose(file);
	harvest_end(harvest);
	if (result == 0 && harvest->count == 0)
		return err_set(
			err, -EBADMSG,
			"'%s' holds no results (of 'sounder ping -J' or 'sounder load -J')",
			quote(path).text);
	return result;
}
