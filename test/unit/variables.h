/* SPDX-License-Identifier: MIT */
/* variables -- the environment of a test, which has one thread. */
#pragma once

#include <stdlib.h>

#include "unit.h"

static inline void set_variable(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0); /* NOLINT(concurrency-mt-unsafe) */
}

static inline bool is_set(const char *name)
{
	return getenv(name) != NULL; /* NOLINT(concurrency-mt-unsafe) */
}
