/* SPDX-License-Identifier: MIT */
#include "app/target_file.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *skip_blanks(char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

static size_t without_end(const char *line, size_t length)
{
	if (length > 0 && line[length - 1] == '\n')
		length--;
	if (length > 0 && line[length - 1] == '\r')
		length--;
	return length;
}

int target_line_read(char *line, size_t length, struct target_line *out, struct err *err)
{
	length = without_end(line, length);
	if (length > TARGET_LINE_MAX)
		return err_set(err, -EINVAL, "'%s' is longer than %d bytes",
		               quote_bytes(line, length).text, TARGET_LINE_MAX);
	if (memchr(line, '\0', length))
		return err_set(err, -EINVAL, "'%s' is no line of text",
		               quote_bytes(line, length).text);
	line[length] = '\0';
	char *word = text_words(line);
	char *word_end = word + strcspn(word, " \t");
	char *label = skip_blanks(word_end);

	*word_end = '\0';
	*out = (struct target_line){
		.word = *word ? word : NULL,
		.label = *label ? label : NULL,
	};
	return 0;
}

/* Where one stands in a file. */
struct reading {
	const char *path;
	target_file_take *take;
	void *state;
	size_t number; /* of the line */
	struct err *err;
};

static int take_line(struct reading *reading, char *text, size_t length)
{
	struct target_line line = { 0 };
	struct err why = { 0 };
	int result = target_line_read(text, length, &line, &why);

	if (result == 0 && line.word)
		result = reading->take(reading->state, &line, &why);
	if (result < 0)
		return err_set(reading->err, result, "%s:%zu: %s", quote(reading->path).text,
		               reading->number, why.text);
	return 0;
}

/* Reads to the end of the line, or as far as there is room: whatever is longer is none.  Nothing is
 * left to be read when 0 is returned. */
static size_t read_line(FILE *file, char *line, size_t room)
{
	size_t length = 0;

	while (length < room) {
		int c = getc(file);

		if (c == EOF)
			break;
		line[length++] = (char)c;
		if (c == '\n')
			break;
	}
	return length;
}

static int take_lines(struct reading *reading, FILE *file)
{
	char line[TARGET_LINE_MAX + 4] = { 0 }; /* one byte too many, CRLF, and the NUL */
	int result = 0;
	size_t length;

	while (result == 0 && (length = read_line(file, line, sizeof(line) - 1)) > 0) {
		reading->number++;
		result = take_line(reading, line, length);
	}
	if (result == 0 && ferror(file))
		result = err_set(reading->err, -errno, "cannot read '%s': %s",
		                 quote(reading->path).text, err_reason(errno).text);
	return result;
}

int target_file_read(const char *path, target_file_take *take, void *state, struct err *err)
{
	struct reading reading = { .path = path, .take = take, .state = state, .err = err };
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "re");

	if (!file)
		return err_set(err, -errno, "cannot open '%s': %s", quote(path).text,
		               err_reason(errno).text);
	int result = take_lines(&reading, file);

	if (!standard)
		(void)fclose(file);
	return result;
}
