/* SPDX-License-Identifier: MIT */
#include "app/journal.h"

#include <string.h>

#include "app/process.h"

static struct journal_kind *kind_of(struct journal *journal, enum log_level level,
                                    const char *message)
{
	size_t i = 0;

	while (i < journal->kind_count && strcmp(journal->kinds[i].message, message) != 0)
		i++;
	if (i == JOURNAL_KINDS)
		return &journal->kinds[i - 1]; /* the last one is shared */
	if (i == journal->kind_count)
		journal->kinds[journal->kind_count++] =
			(struct journal_kind){ .level = level, .message = message };
	return &journal->kinds[i];
}

static bool is_over(const struct journal_kind *kind, struct mono now)
{
	return !mono_known(kind->since) || mono_since(now, kind->since) >= JOURNAL_WINDOW;
}

/* One line, with how many before it were suppressed. */
static void write_line(const struct journal *journal, struct journal_kind *kind,
                       struct log_event event)
{
	struct log_field fields[JOURNAL_FIELDS_MAX + 2] = { 0 };
	size_t count = 0;

	for (; event.fields && event.fields[count].key && count < JOURNAL_FIELDS_MAX; count++)
		fields[count] = event.fields[count];
	if (kind->suppressed > 0)
		fields[count] = (struct log_field){ "suppressed", NULL, kind->suppressed };
	event.fields = fields;
	int64_t now = clock_wall().ns;
	struct log_line line =
		journal->json ? log_as_json(&event, now) : log_as_text(&event, now);

	kind->suppressed = process_put(journal->fd, line.text) ? 0 : kind->suppressed + 1;
}

void journal_tell(struct journal *journal, struct mono now, enum log_level level,
                  const char *message, const struct log_field *fields)
{
	struct journal_kind *kind = kind_of(journal, level, message);

	if (is_over(kind, now)) {
		kind->since = now;
		kind->told = 0;
	}
	if (kind->told == JOURNAL_BURST) {
		kind->suppressed++;
		return;
	}
	kind->told++;
	write_line(journal, kind, (struct log_event){ level, message, fields });
}

void journal_catch_up(struct journal *journal, struct mono now)
{
	for (size_t i = 0; i < journal->kind_count; i++) {
		struct journal_kind *kind = &journal->kinds[i];

		if (kind->suppressed == 0 || !is_over(kind, now))
			continue;
		kind->since = now;
		kind->told = 1;
		write_line(journal, kind,
		           (struct log_event){ kind->level, kind->message, NULL });
	}
}
