/* SPDX-License-Identifier: MIT */
#include "app/environment.h"

#include <stdlib.h>
#include <string.h>

struct variable environment_take(const char *name)
{
	struct variable taken = { 0 };
	const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): no thread yet */

	if (value && strlen(value) < sizeof(taken.value)) {
		memcpy(taken.value, value, strlen(value) + 1);
		taken.given = true;
	}
	(void)unsetenv(name); /* NOLINT(concurrency-mt-unsafe): no thread yet */
	return taken;
}
