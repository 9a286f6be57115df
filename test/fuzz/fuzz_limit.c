/* SPDX-License-Identifier: MIT */
/* Limits of compare: what is understood can be judged, and nothing is broken by what did not change. */
#include <errno.h>

#include "fuzz/fuzz.h"
#include "report/limit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct shift same = {
		.a = 1e6, .b = 1e6, .known = true, .bounded = true, .low = -1, .high = 1
	};
	char *text = string_of(data, size);
	struct limit limit = { 0 };
	struct err err = { 0 };
	int result = limit_parse(text, &limit, &err);

	if (result == 0) {
		must(limit.text == text && limit.metric < LIMIT_METRICS);
		must(limit.value >= 0 && limit.value < 1e15);
		must(!limit_is_broken(&limit, &same));
	} else {
		must(result == -EINVAL && !limit.text);
		must_be_a_sentence(&err);
	}
	free(text);
	return 0;
}
