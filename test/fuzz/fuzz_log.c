/* SPDX-License-Identifier: MIT */
/* A stranger's word in a log: the line stays one line, short and whole, and the word within its
 * quotes. */
#include "base/log.h"
#include "fuzz/fuzz.h"

/* Where a quoted text ends, from its first quote on. */
static const char *end_of_quotes(const char *text)
{
	must(*text == '"');
	for (text++; *text != '"'; text++) {
		must(*text != '\0');
		if (*text == '\\') {
			text++;
			must(*text == '"' || *text == '\\');
		}
	}
	return text + 1;
}

static void check_line(struct log_line line)
{
	size_t length = strlen(line.text);

	must(length > 0 && length <= LOG_LINE_MAX && line.text[length - 1] == '\n');
	line.text[length - 1] = '\0';
	must_be_printable(line.text);
}

static void check_text(const struct log_event *message, const struct log_event *field)
{
	struct log_line line = log_as_text(message, 0);

	check_line(line);
	must(strcmp(end_of_quotes(strstr(line.text, " msg=") + 5), " after=1\n") == 0);
	line = log_as_text(field, 0);
	check_line(line);
	const char *word = strstr(line.text, " word=") + 6;
	const char *rest = *word == '"' ? end_of_quotes(word) : strchr(word, ' ');

	must(rest && strcmp(rest, " after=1\n") == 0);
}

static void check_json(const struct log_event *message, const struct log_event *field)
{
	struct log_line line = log_as_json(message, 0);

	check_line(line);
	must(strcmp(end_of_quotes(strstr(line.text, ",\"msg\":") + 7), ",\"after\":1}\n") == 0);
	line = log_as_json(field, 0);
	check_line(line);
	must(strcmp(end_of_quotes(strstr(line.text, ",\"word\":") + 8), ",\"after\":1}\n") ==
	     0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *word = string_of(data, size);
	const struct log_field fields[] = { { "word", word, 0 }, { "after", NULL, 1 }, { 0 } };
	const struct log_event message = { LOG_LEVEL_INFO, word, fields + 1 };
	const struct log_event field = { LOG_LEVEL_INFO, "m", fields };

	check_text(&message, &field);
	check_json(&message, &field);
	free(word);
	return 0;
}
