/* SPDX-License-Identifier: MIT */
/* base -- the few words of C that every other file may assume. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define MUST_CHECK __attribute__((warn_unused_result))

/* The struct in which a member is embedded. */
#define CONTAINER_OF(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline size_t size_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline int64_t span_min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t span_max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t count_least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t count_most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* a - b, or 0. */
static inline uint64_t count_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}
