/* SPDX-License-Identifier: MIT */
#include "wire/pong.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { EPOCH_DIGITS_MAX = 19 };

struct word {
	const char *text;
	size_t length;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct word trim(struct word word)
{
	while (word.length > 0 && is_blank(word.text[0])) {
		word.text++;
		word.length--;
	}
	while (word.length > 0 && is_blank(word.text[word.length - 1]))
		word.length--;
	return word;
}

/* Splits the first word off; what is left of line has no blanks around it. */
static struct word take_word(struct word *line)
{
	struct word first = *line;

	for (first.length = 0; first.length < line->length; first.length++)
		if (is_blank(first.text[first.length]))
			break;
	*line = trim((struct word){ line->text + first.length, line->length - first.length });
	return first;
}

static bool same(struct word word, const char *command)
{
	return word.length == strlen(command) &&
	       strncasecmp(word.text, command, word.length) == 0;
}

struct pong_request pong_read_request(const char *line, size_t length)
{
	struct word rest = trim((struct word){ line, length });
	struct word whole = rest;
	struct word first = take_word(&rest);

	if (whole.length == 0)
		return (struct pong_request){ .command = PONG_NOTHING };
	if (same(whole, "ping"))
		return (struct pong_request){ .command = PONG_PING };
	if (same(first, "ping"))
		return (struct pong_request){ PONG_PING_TARGET, rest.text, rest.length };
	if (same(whole, "help"))
		return (struct pong_request){ .command = PONG_HELP };
	if (same(whole, "quit"))
		return (struct pong_request){ .command = PONG_QUIT };
	return (struct pong_request){ PONG_UNKNOWN, whole.text, whole.length };
}

int pong_read_answer(const char *line, size_t length, uint64_t *epoch)
{
	struct word rest = trim((struct word){ line, length });
	struct word first = take_word(&rest);
	uint64_t value = 0;

	if (!same(first, "pong") || rest.length == 0 || rest.length > EPOCH_DIGITS_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < rest.length; i++) {
		if (rest.text[i] < '0' || rest.text[i] > '9')
			return -EBADMSG;
		value = value * 10 + (uint64_t)(rest.text[i] - '0');
	}
	*epoch = value;
	return 0;
}
