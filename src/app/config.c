/* SPDX-License-Identifier: MIT */
#include "app/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* What only a person can want, or what a file cannot say of itself. */
static bool belongs_to_command_line(const char *line)
{
	static const char *const names[] = { "config", "help", "version" };
	size_t length = strcspn(line, " \t=");

	for (size_t i = 0; i < COUNT(names); i++)
		if (strlen(names[i]) == length && strncmp(names[i], line, length) == 0)
			return true;
	return false;
}

static int parse_line(char *line, size_t length, const struct option_table *table, void *values,
                      struct err *err)
{
	if (memchr(line, '\0', length))
		return err_set(err, -EINVAL, "'%s' is no line of text",
		               quote_bytes(line, length).text);
	line[length] = '\0';
	char *words = text_words(line);

	if (*words == '\0')
		return 0;
	if (belongs_to_command_line(words))
		return err_set(err, -EINVAL, "'%s' belongs on the command line",
		               quote(words).text);
	return option_read_line(table, values, words, err);
}

int config_parse(const char *path, char *text, size_t length, const struct option_table *table,
                 void *values, struct err *err)
{
	char *line = text, *end = text + length;

	for (size_t number = 1; line < end; number++) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		char *next = newline ? newline + 1 : end;
		char *stop = newline ? newline : end;
		struct err why = { 0 };

		if (stop > line && stop[-1] == '\r')
			stop--;
		int result = parse_line(line, (size_t)(stop - line), table, values, &why);

		if (result < 0)
			return err_set(err, result, "%s:%zu: %s", quote(path).text, number,
			               why.text);
		line = next;
	}
	return 0;
}

/* Reads until the end, or until there is no room. */
static int read_text(int fd, char *text, size_t room, size_t *length)
{
	ssize_t got;

	*length = 0;
	do {
		got = read(fd, text + *length, room - *length);
		if (got > 0)
			*length += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? -errno : 0;
}

int config_read(const char *path, const struct option_table *table, void *values, char **text,
                struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not to wait for a pipe */
	size_t length = 0;

	*text = NULL;
	if (fd < 0)
		return err_set(err, -errno, "cannot open '%s': %s", quote(path).text,
		               err_reason(errno).text);
	*text = malloc(CONFIG_FILE_MAX + 2);
	int result = *text ? read_text(fd, *text, CONFIG_FILE_MAX + 1, &length) : -ENOMEM;

	(void)close(fd);
	if (result < 0)
		return err_set(err, result, "cannot read '%s': %s", quote(path).text,
		               err_reason(result).text);
	if (length > CONFIG_FILE_MAX)
		return err_set(err, -EINVAL, "'%s' is longer than %d bytes", quote(path).text,
		               CONFIG_FILE_MAX);
	return config_parse(path, *text, length, table, values, err);
}

struct config_directory config_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct config_directory out = { "." };

	if (slash)
		memcpy(out.path, path, size_min((size_t)(slash + 1 - path), PATH_MAX - 1));
	return out;
}
