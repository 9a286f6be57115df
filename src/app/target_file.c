/* SPDX-License-Identifier: MIT */
#include "app/target_file.h"

#include <errno.h>
#include <string.h>

#include "app/line_file.h"
#include "base/text.h"

enum {
	LINE_ROOM = TARGET_LINE_MAX + 3
}; /* bytes: CRLF, and one too many, by which it is too long */

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

struct reading {
	target_file_take *take;
	void *state;
};

static int take_line(void *state, const struct line *line, struct err *err)
{
	const struct reading *reading = state;
	struct target_line target = { 0 };
	int result = target_line_read(line->text, line->length, &target, err);

	return result == 0 && target.word ? reading->take(reading->state, &target, err)
	                                  : result;
}

int target_file_read(const char *path, target_file_take *take, void *state, struct err *err)
{
	struct reading reading = { take, state };

	return line_file_read(path, LINE_ROOM, take_line, &reading, err);
}
