/* SPDX-License-Identifier: MIT */
/* memory -- what the program under test takes from the heap, and what becomes of it without.
 *
 * A test that links to it has its allocations counted, and may let them fail.
 */
#pragma once

#include "base/base.h"

struct memory {
	uint64_t taken; /* how often something was allocated, or made larger */
	int64_t held;   /* bytes: allocated and not freed */
	bool fails;     /* from now on nothing is to be had */
};

/* The one there is. */
struct memory *memory(void);
