/* SPDX-License-Identifier: MIT */
#include "base/option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"

enum { NAMES_MAX = 64 };

/* Where the parser stands in argv. */
struct reader {
	char **argv;
	int argc, at;
	struct err *err;
};

static const struct option_spec *find_letter(const struct option_table *table, char letter)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->specs[i].letter == letter && letter != '\0')
			return &table->specs[i];
	return NULL;
}

static const struct option_spec *find_name(const struct option_table *table, const char *name,
                                           size_t length)
{
	for (size_t i = 0; i < table->count; i++)
		if (strlen(table->specs[i].name) == length &&
		    strncmp(table->specs[i].name, name, length) == 0)
			return &table->specs[i];
	return NULL;
}

static int unknown_name(const struct option_table *table, const char *name, size_t length,
                        struct err *err)
{
	const char *names[NAMES_MAX + 1] = { 0 };
	struct quoted shown = quote_bytes(name, length);

	for (size_t i = 0; i < table->count && i < NAMES_MAX; i++)
		names[i] = table->specs[i].name;
	const char *nearest = text_nearest(shown.text, names);

	if (nearest)
		return err_set(err, -EINVAL, "unknown option '--%s' (did you mean '--%s'?)",
		               shown.text, nearest);
	return err_set(err, -EINVAL, "unknown option '--%s' (see --help)", shown.text);
}

static int out_of_range(const struct option_spec *spec, const char *text, struct err *err)
{
	if (spec->type == OPTION_DURATION)
		return err_set(err, -EINVAL, "'%s' is out of range for --%s (%s to %s)",
		               quote(text).text, spec->name, span_text(spec->min).text,
		               span_text(spec->max).text);
	return err_set(err, -EINVAL,
	               "'%s' is out of range for --%s (%" PRId64 " to %" PRId64 ")",
	               quote(text).text, spec->name, spec->min, spec->max);
}

static int store_number(const struct option_spec *spec, int64_t *value, const char *text,
                        struct err *err)
{
	int64_t number = 0;
	bool span = spec->type == OPTION_DURATION;
	int result = span ? parse_duration(text, spec->max, &number)
	                  : parse_integer(text, spec->min, spec->max, &number);

	if (result == -EINVAL)
		return err_set(
			err, -EINVAL, "'%s' is not %s, which --%s needs", quote(text).text,
			span ? "a duration such as 1, 0.2, 200ms or 1m" : "a whole number",
			spec->name);
	if (result == -ERANGE || number < spec->min)
		return out_of_range(spec, text, err);
	*value = number;
	return 0;
}

static int store(const struct option_spec *spec, void *values, const char *text,
                 struct err *err)
{
	void *value = (char *)values + spec->offset;
	struct option_list *list = value;

	switch (spec->type) {
	case OPTION_FLAG:
		*(bool *)value = true;
		return 0;
	case OPTION_INTEGER:
	case OPTION_DURATION:
		return store_number(spec, value, text, err);
	case OPTION_TEXT:
		*(const char **)value = text;
		return 0;
	case OPTION_LIST:
		if (list->count == OPTION_LIST_ROOM)
			return err_set(err, -EINVAL, "'%s' is one --%s too many (at most %d)",
			               quote(text).text, spec->name, OPTION_LIST_ROOM);
		list->items[list->count++] = text;
		return 0;
	}
	return -EINVAL;
}

/* The value that follows in argv, for an option that was given without one. */
static const char *next_value(struct reader *reader)
{
	return reader->at < reader->argc ? reader->argv[reader->at++] : NULL;
}

static int parse_long(const struct option_table *table, void *values, const char *word,
                      struct reader *reader)
{
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);
	const struct option_spec *spec = find_name(table, word, length);
	const char *value = NULL;

	if (!spec)
		return unknown_name(table, word, length, reader->err);
	if (spec->type == OPTION_FLAG && equals)
		return err_set(reader->err, -EINVAL, "option '--%s' takes no value",
		               spec->name);
	if (spec->type != OPTION_FLAG) {
		value = equals ? equals + 1 : next_value(reader);
		if (!value)
			return err_set(reader->err, -EINVAL, "option '--%s' needs a value (%s)",
			               spec->name, spec->argument);
	}
	return store(spec, values, value, reader->err);
}

static int parse_cluster(const struct option_table *table, void *values, const char *letters,
                         struct reader *reader)
{
	for (; *letters; letters++) {
		const struct option_spec *spec = find_letter(table, *letters);
		const char *value = NULL;

		if (!spec)
			return err_set(reader->err, -EINVAL,
			               "unknown option '-%s' (see --help)",
			               quote_bytes(letters, 1).text);
		if (spec->type != OPTION_FLAG) {
			value = letters[1] ? letters + 1 : next_value(reader);
			if (!value)
				return err_set(reader->err, -EINVAL,
				               "option '-%c' needs a value (%s)", *letters,
				               spec->argument);
		}
		int result = store(spec, values, value, reader->err);

		if (result < 0 || value)
			return result;
	}
	return 0;
}

int option_parse(const struct option_table *table, void *values, int argc, char **argv,
                 struct err *err)
{
	struct reader reader = { .argv = argv, .argc = argc, .err = err };
	int words = 0;

	while (reader.at < argc) {
		char *word = argv[reader.at++];
		int result = 0;

		if (strcmp(word, "--") == 0) {
			while (reader.at < argc)
				argv[words++] = argv[reader.at++];
		} else if (word[0] == '-' && word[1] == '-') {
			result = parse_long(table, values, word + 2, &reader);
		} else if (word[0] == '-' && word[1] != '\0') {
			result = parse_cluster(table, values, word + 1, &reader);
		} else {
			argv[words++] = word;
		}
		if (result < 0)
			return result;
	}
	return words;
}

/* The value behind the name, in place: behind blanks, one '=', and blanks. */
static char *split_value(char *line)
{
	char *value = line + strcspn(line, " \t=");
	bool equals = false;

	while (*value == ' ' || *value == '\t' || (*value == '=' && !equals)) {
		equals |= *value == '=';
		*value++ = '\0';
	}
	return *value || equals ? value : NULL;
}

int option_read_line(const struct option_table *table, void *values, char *line,
                     struct err *err)
{
	char *value = split_value(line);
	const struct option_spec *spec = find_name(table, line, strlen(line));

	if (!spec)
		return unknown_name(table, line, strlen(line), err);
	if (spec->type == OPTION_FLAG && value)
		return err_set(err, -EINVAL, "option '--%s' takes no value ('%s')", spec->name,
		               quote(value).text);
	if (spec->type != OPTION_FLAG && !value)
		return err_set(err, -EINVAL, "option '--%s' needs a value (%s)", spec->name,
		               spec->argument);
	return store(spec, values, value, err);
}

static const void *value_of(const struct option_spec *spec, const void *values)
{
	return (const char *)values + spec->offset;
}

uint64_t option_lists_given(const struct option_table *table, const void *values)
{
	uint64_t lists = 0;

	for (size_t i = 0; i < table->count && i < NAMES_MAX; i++) {
		if (table->specs[i].type != OPTION_LIST)
			continue;
		const struct option_list *list = value_of(&table->specs[i], values);

		if (list->count > 0)
			lists |= UINT64_C(1) << i;
	}
	return lists;
}

void option_empty_lists(const struct option_table *table, void *values, uint64_t lists)
{
	for (size_t i = 0; i < table->count && i < NAMES_MAX; i++) {
		if (table->specs[i].type != OPTION_LIST || !(lists >> i & 1))
			continue;
		struct option_list *list = (void *)((char *)values + table->specs[i].offset);

		list->count = 0;
	}
}

static bool texts_differ(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) != 0 : a != b;
}

static bool lists_differ(const struct option_list *a, const struct option_list *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (texts_differ(a->items[i], b->items[i]))
			return true;
	return a->count != b->count;
}

bool option_differs(const struct option_spec *spec, const void *values, const void *others)
{
	const void *a = value_of(spec, values), *b = value_of(spec, others);

	switch (spec->type) {
	case OPTION_FLAG:
		return *(const bool *)a != *(const bool *)b;
	case OPTION_INTEGER:
	case OPTION_DURATION:
		return *(const int64_t *)a != *(const int64_t *)b;
	case OPTION_TEXT:
		return texts_differ(*(const char *const *)a, *(const char *const *)b);
	case OPTION_LIST:
		return lists_differ(a, b);
	}
	return true;
}

struct option_line option_help(const struct option_spec *spec)
{
	struct option_line line = { 0 };
	char name[48] = { 0 }, letter[8] = "    ";

	if (spec->letter)
		(void)snprintf(letter, sizeof(letter), "-%c, ", spec->letter);
	(void)snprintf(name, sizeof(name), "--%.24s%s%.16s", spec->name,
	               spec->argument ? " " : "", spec->argument ? spec->argument : "");
	(void)snprintf(line.text, sizeof(line.text), "  %s%-22s %.100s", letter, name,
	               spec->help);
	return line;
}
