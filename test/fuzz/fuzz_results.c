/* SPDX-License-Identifier: MIT */
/* Result files, line by line: whatever stands there is taken in or refused by a sentence, and what was taken can
 * be compared. */
#include <errno.h>

#include "fuzz/fuzz.h"
#include "report/comparison.h"

enum { RESAMPLES_FEW = 100 };

static void take_line(struct harvest *harvest, const char *line, size_t length)
{
	struct results_record record;
	struct err err = { 0 };
	bool json_is_broken;
	int result = results_read(line, length, &record, &json_is_broken, &err);

	if (result == 0) {
		must(!json_is_broken);
		must(record.type == RESULTS_OTHER || record.target);
		result = harvest_take(harvest, &record, &err);
		results_done(&record);
	}
	must(result == 0 || result == -EBADMSG);
	if (result < 0)
		must_be_a_sentence(&err);
}

static void check(const struct crop *crop)
{
	struct shift_result result;
	struct shift losses = shift_compare_losses(&crop->losses, &crop->losses);

	must(crop->losses.lost <= crop->losses.settled);
	must(!shift_is_real(&losses));
	must(shift_compare(&crop->course, &crop->course, 1, RESAMPLES_FEW, &result) == 0);
	for (size_t j = 0; j < SHIFTS; j++)
		must(!result.shifts[j].bounded ||
		     result.shifts[j].low <= result.shifts[j].high);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct harvest harvest = { 0 };
	char *text = (char *)copy_of(data, size);

	for (size_t first = 0; first < size;) {
		const char *end = memchr(text + first, '\n', size - first);
		size_t length = end ? (size_t)(end - text) + 1 - first : size - first;

		take_line(&harvest, text + first, length);
		first += length;
	}
	harvest_end(&harvest);
	for (size_t i = 0; i < harvest.count; i++)
		check(&harvest.crops[i]);
	harvest_done(&harvest);
	free(text);
	return 0;
}
