/* SPDX-License-Identifier: MIT */
/* environment -- what whoever started us left there for this process alone.
 *
 * It is taken out, so that no child mistakes it for its own; before the first thread, because the
 * environment has no lock.
 */
#pragma once

#include "base/base.h"

enum { ENVIRONMENT_VALUE_MAX = 1023 };

struct variable {
	bool given; /* false also when it is longer than any that makes sense */
	char value[ENVIRONMENT_VALUE_MAX + 1];
};

/* The variable of that name, which is gone then. */
struct variable environment_take(const char *name);
