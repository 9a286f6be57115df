/* SPDX-License-Identifier: MIT */
#include "app/line_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Reads to the end of the line, or as far as there is room; 0 at the end of the file. */
static size_t read_line(FILE *file, char *text, size_t room)
{
	size_t length = 0;
	int c = 0;

	while (length < room && c != '\n' && (c = getc(file)) != EOF)
		text[length++] = (char)c;
	return length;
}

static int take_lines(const char *path, FILE *file, size_t room, line_file_take *take,
                      void *state, struct err *err)
{
	struct line line = { .text = malloc(room + 1) };
	struct err why = { 0 };
	int result = 0;

	if (!line.text)
		return err_set(err, -ENOMEM, "out of memory");
	while (result == 0 && (line.length = read_line(file, line.text, room)) > 0) {
		line.number++;
		result = take(state, &line, &why);
	}
	int failure = ferror(file) ? -errno : 0;

	free(line.text);
	if (result < 0)
		return err_set(err, result, "%s:%zu: %s", quote(path).text, line.number,
		               why.text);
	if (failure < 0)
		return err_set(err, failure, "cannot read '%s': %s", quote(path).text,
		               err_reason(failure).text);
	return 0;
}

int line_file_read(const char *path, size_t room, line_file_take *take, void *state,
                   struct err *err)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "re");

	if (!file)
		return err_set(err, -errno, "cannot open '%s': %s", quote(path).text,
		               err_reason(errno).text);
	int result = take_lines(path, file, room, take, state, err);

	if (!standard)
		(void)fclose(file);
	return result;
}
