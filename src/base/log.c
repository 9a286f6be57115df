/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { TAIL = 2 }; /* "}" and the newline always find room */

struct writer {
	struct log_line line;
	size_t used;
	bool full; /* something found no room */
};

static void put_bytes(struct writer *writer, const char *bytes, size_t length)
{
	if (writer->full || length > LOG_LINE_MAX - TAIL - writer->used) {
		writer->full = true;
		return;
	}
	memcpy(writer->line.text + writer->used, bytes, length);
	writer->used += length;
}

static void put(struct writer *writer, const char *text)
{
	put_bytes(writer, text, strlen(text));
}

static void put_number(struct writer *writer, int64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRId64, number);

	put_bytes(writer, digits, (size_t)length);
}

/* Within quotes, as JSON (RFC 8259 section 7) and logfmt have them alike. */
static void put_quoted(struct writer *writer, const char *text)
{
	size_t left = strnlen(text, LOG_TEXT_MAX + 1), cut = left > LOG_TEXT_MAX;

	put(writer, "\"");
	for (left -= cut; left > 0;) {
		struct shown shown = text_shown(text, left);

		if (shown.text[0] == '"' || shown.text[0] == '\\')
			put(writer, "\\");
		put_bytes(writer, shown.text, shown.length);
		text += shown.raw;
		left -= shown.raw;
	}
	put(writer, cut ? "...\"" : "\"");
}

/* A word of logfmt that needs no quotes. */
static bool is_plain(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                             "0123456789-._/:@%+*[]");

	return length > 0 && length <= LOG_TEXT_MAX && text[length] == '\0';
}

static const char *level_name(enum log_level level)
{
	static const char *const names[] = {
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_WARNING] = "warning",
		[LOG_LEVEL_ERROR] = "error",
	};

	return names[level];
}

/* Days since 1970 as a date of the Gregorian calendar: years begin in March, so that the leap day
 * comes last, and 400 of them have as many days as any other 400. */
static void put_date(struct writer *writer, int64_t days)
{
	int64_t shifted = days + 719468; /* since 0000-03-01 */
	int64_t era = shifted / 146097, day = shifted % 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153; /* 0 = March */
	char text[64];
	int length =
		snprintf(text, sizeof(text), "%04" PRId64 "-%02" PRId64 "-%02" PRId64,
	                 era * 400 + year + (month >= 10), month < 10 ? month + 3 : month - 9,
	                 of_year - (153 * month + 2) / 5 + 1);

	put_bytes(writer, text, (size_t)length);
}

/* RFC 3339, in UTC, to the microsecond; before 1970 it is 1970. */
static void put_instant(struct writer *writer, int64_t unix_ns)
{
	int64_t us = span_max(unix_ns, 0) / 1000, seconds = us / 1000000;
	int64_t of_day = seconds % 86400;
	char text[64];

	put_date(writer, seconds / 86400);
	int length = snprintf(text, sizeof(text),
	                      "T%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%06" PRId64 "Z",
	                      of_day / 3600, of_day / 60 % 60, of_day % 60, us % 1000000);
	put_bytes(writer, text, (size_t)length);
}

static void put_text_field(struct writer *writer, const struct log_field *field)
{
	put(writer, " ");
	put(writer, field->key);
	put(writer, "=");
	if (!field->text)
		put_number(writer, field->number);
	else if (is_plain(field->text))
		put(writer, field->text);
	else
		put_quoted(writer, field->text);
}

static void put_json_field(struct writer *writer, const struct log_field *field)
{
	put(writer, ",\"");
	put(writer, field->key);
	put(writer, "\":");
	if (field->text)
		put_quoted(writer, field->text);
	else
		put_number(writer, field->number);
}

static void put_fields(struct writer *writer, const struct log_field *field,
                       void (*put_field)(struct writer *, const struct log_field *))
{
	for (; field && field->key; field++) {
		size_t before = writer->used;

		put_field(writer, field);
		if (writer->full)
			writer->used = before;
		writer->full = false;
	}
}

static struct log_line end_line(struct writer *writer, const char *tail)
{
	memcpy(writer->line.text + writer->used, tail, strlen(tail) + 1);
	return writer->line;
}

struct log_line log_as_text(const struct log_event *event, int64_t unix_ns)
{
	struct writer writer = { 0 };

	put(&writer, "t=");
	put_instant(&writer, unix_ns);
	put(&writer, " level=");
	put(&writer, level_name(event->level));
	put(&writer, " msg=");
	put_quoted(&writer, event->message);
	put_fields(&writer, event->fields, put_text_field);
	return end_line(&writer, "\n");
}

struct log_line log_as_json(const struct log_event *event, int64_t unix_ns)
{
	struct writer writer = { 0 };

	put(&writer, "{\"t\":");
	put_number(&writer, unix_ns);
	put(&writer, ",\"level\":\"");
	put(&writer, level_name(event->level));
	put(&writer, "\",\"msg\":");
	put_quoted(&writer, event->message);
	put_fields(&writer, event->fields, put_json_field);
	return end_line(&writer, "}\n");
}
