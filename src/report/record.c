/* SPDX-License-Identifier: MIT */
#include "report/record.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/histogram.h"

enum { VERSION = 1, LINE_BYTES = 2048 };

struct json_t *record_new(const char *type, struct wall wall, const char *name,
                          const char *label)
{
	json_t *record = json_object();

	record_integer(record, "v", VERSION);
	record_word(record, "type", type);
	record_integer(record, "t", wall.ns);
	record_text(record, "target", name);
	record_text(record, "label", label);
	return record;
}

struct json_t *record_part(void)
{
	return json_object();
}

void record_add(struct json_t *record, const char *key, struct json_t *part)
{
	(void)json_object_set_new_nocheck(record, key, part);
}

void record_append(struct json_t *record, const char *key, struct json_t *part)
{
	json_t *array = json_object_get(record, key);

	if (!array) {
		array = json_array();
		record_add(record, key, array);
	}
	(void)json_array_append_new(array, part);
}

void record_integer(struct json_t *record, const char *key, int64_t value)
{
	record_add(record, key, json_integer(value));
}

void record_count(struct json_t *record, const char *key, uint64_t count)
{
	record_integer(record, key, (int64_t)count);
}

void record_counts(struct json_t *record, const char *key, const uint64_t *counts,
                   size_t length)
{
	json_t *array = json_array();

	for (size_t i = 0; i < length; i++)
		(void)json_array_append_new(array, json_integer((json_int_t)counts[i]));
	record_add(record, key, array);
}

void record_span(struct json_t *record, const char *key, int64_t span)
{
	if (span >= 0)
		record_integer(record, key, span);
}

void record_flag(struct json_t *record, const char *key, bool value)
{
	record_add(record, key, json_boolean(value));
}

void record_real(struct json_t *record, const char *key, double value)
{
	record_add(record, key, json_real(value));
}

void record_word(struct json_t *record, const char *key, const char *word)
{
	record_add(record, key, json_string_nocheck(word));
}

/* Text in some other encoding than UTF-8: each byte beyond ASCII becomes a U+FFFD. */
static json_t *replaced(const char *text)
{
	static const char unknown[] = "\xef\xbf\xbd";
	size_t length = strlen(text), used = 0;
	char *out = malloc(length * 3 + 1);
	json_t *string;

	for (size_t i = 0; out && i < length; i++) {
		bool plain = ((unsigned char)text[i] & 0x80) == 0;
		size_t bytes = plain ? 1 : sizeof(unknown) - 1;

		memcpy(out + used, plain ? &text[i] : unknown, bytes);
		used += bytes;
	}
	string = out ? json_stringn(out, used) : NULL;
	free(out);
	return string;
}

void record_text(struct json_t *record, const char *key, const char *text)
{
	json_t *string = text ? json_string(text) : NULL;

	if (text && !string)
		string = replaced(text);
	if (string)
		record_add(record, key, string);
}

void record_histogram(struct json_t *record, const char *key, const struct histogram *histogram)
{
	struct histogram_range range = histogram_range(histogram);
	struct json_t *part = record_part();

	record_integer(part, "schema", histogram->schema);
	record_count(part, "zero", histogram->zero);
	record_integer(part, "offset", range.offset);
	record_counts(part, "counts", range.counts, range.length);
	record_add(record, key, part);
}

/* Records that found no room are told of by the next one that does. */
static void tell_missing(struct output *output, struct wall wall)
{
	struct json_t *record;

	if (output->missing == 0)
		return;
	record = record_new("event", wall, NULL, NULL);
	record_word(record, "event", "missing");
	record_count(record, "count", output->missing);
	output->missing = 0;
	record_write(record, output);
}

bool record_begin(struct output *output, struct wall wall)
{
	if (!output_begin(output))
		return false;
	tell_missing(output, wall);
	return true;
}

void record_await(struct output *output, struct wall wall)
{
	output_await(output);
	tell_missing(output, wall);
}

/* What is written with fewer digits than a double has is read as the same, and 0.95 stays 0.95. */
#define FORMAT (JSON_COMPACT | JSON_REAL_PRECISION(15))

void record_write(struct json_t *record, struct output *output)
{
	char line[LINE_BYTES];
	size_t length = json_dumpb(record, line, sizeof(line), FORMAT);
	char *longer = length > sizeof(line) ? json_dumps(record, FORMAT) : NULL;

	if (length <= sizeof(line) || longer)
		output_put(output, longer ? longer : line, length);
	if (length > 0)
		output_put(output, "\n", 1);
	free(longer);
	json_decref(record);
}
