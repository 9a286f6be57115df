/* SPDX-License-Identifier: MIT */
#include "app/result_file.h"

#include <errno.h>
#include <string.h>

#include "app/line_file.h"
#include "base/text.h"

struct reading {
	const char *path;
	struct harvest *harvest;
	struct err *cut;
};

static bool is_blank(const struct line *line)
{
	for (size_t i = 0; i < line->length; i++)
		if (!strchr(" \t\r\n", line->text[i]) || line->text[i] == '\0')
			return false;
	return true;
}

static int take_record(const struct reading *reading, const struct line *line, struct err *err)
{
	struct results_record record;
	bool json_is_broken = false;
	int result = results_read(line->text, line->length, &record, &json_is_broken, err);

	if (result < 0 && json_is_broken && line->text[line->length - 1] != '\n') {
		(void)err_set(reading->cut, 0, "%s:%zu: the last line was cut off",
		              quote(reading->path).text, line->number);
		return 0;
	}
	if (result < 0)
		return result;
	result = harvest_take(reading->harvest, &record, err);
	results_done(&record);
	return result;
}

static int take_line(void *state, const struct line *line, struct err *err)
{
	if (line->length == RESULT_LINE_MAX && line->text[line->length - 1] != '\n')
		return err_set(err, -EBADMSG, "this line is too long for a record");
	return is_blank(line) ? 0 : take_record(state, line, err);
}

int result_file_read(const char *path, struct harvest *harvest, struct err *cut,
                     struct err *err)
{
	struct reading reading = { path, harvest, cut };
	int result = line_file_read(path, RESULT_LINE_MAX, take_line, &reading, err);

	harvest_end(harvest);
	if (result == 0 && harvest->count == 0)
		return err_set(
			err, -EBADMSG,
			"'%s' holds no results (of 'sounder ping -J' or 'sounder load -J')",
			quote(path).text);
	return result;
}
