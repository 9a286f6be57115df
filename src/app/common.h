/* SPDX-License-Identifier: MIT */
/* common -- what every command of sounder says in the same way. */
#pragma once

#include "base/err.h"
#include "base/option.h"

enum {
	EXIT_ANSWERED = 0,
	EXIT_UNANSWERED = 1,
	EXIT_TROUBLE = 2, /* usage, name resolution, permission, any other failure */
};

/* Occupies those of the descriptors 0, 1, 2 that are closed, so that nothing else is opened there and
 * taken for stdout or stderr; writing to them fails as before. */
void app_keep_descriptors(void);

/* Prints "sounder: COMMAND: SENTENCE" (command may be NULL) on stderr; returns EXIT_TROUBLE. */
int app_fail(const char *command, const struct err *err);

/* Makes sure that all that was printed has left; returns code, or EXIT_TROUBLE if it has not. */
int app_finish(const char *command, int code);

void app_print_version(void);

/* The usage with its examples, then the options. */
void app_print_help(const char *usage, const struct option_table *table);
