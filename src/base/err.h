/* SPDX-License-Identifier: MIT */
/* err -- why something failed, as one sentence for a person.
 *
 * Functions return a negative errno; where a person should read the reason,
 * they also fill a struct err: lower case, the culprit in quotes, no full stop,
 * no newline.  Only app prints it, once.
 */
#pragma once

#include "base/base.h"

struct err {
	char text[768];
};

/* Writes the sentence (err may be NULL) and returns code, a negative errno. */
int err_set(struct err *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* What an errno (negative or positive) means, in lower case: "no route to host". */
struct err err_reason(int code);
