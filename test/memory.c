/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <malloc.h>
#include <stdlib.h>

/* The linker (--wrap) sends all calls of malloc() to __wrap_malloc(), and those of __real_malloc()
 * to the library. */
void *real_malloc(size_t size) __asm__("__real_malloc");
void *real_calloc(size_t count, size_t size) __asm__("__real_calloc");
void *real_reallocarray(void *block, size_t count, size_t size) __asm__("__real_reallocarray");
void *real_realloc(void *block, size_t size) __asm__("__real_realloc");
void real_free(void *block) __asm__("__real_free");

void *watched_malloc(size_t size) __asm__("__wrap_malloc");
void *watched_calloc(size_t count, size_t size) __asm__("__wrap_calloc");
void *watched_reallocarray(void *block, size_t count,
                           size_t size) __asm__("__wrap_reallocarray");
void *watched_realloc(void *block, size_t size) __asm__("__wrap_realloc");
void watched_free(void *block) __asm__("__wrap_free");

struct memory *memory(void)
{
	static struct memory memory;

	return &memory;
}

static void *note(void *block, size_t before)
{
	memory()->taken++;
	memory()->held += (int64_t)malloc_usable_size(block) - (int64_t)before;
	return block;
}

void *watched_malloc(size_t size)
{
	return memory()->fails ? NULL : note(real_malloc(size), 0);
}

void *watched_calloc(size_t count, size_t size)
{
	return memory()->fails ? NULL : note(real_calloc(count, size), 0);
}

void *watched_reallocarray(void *block, size_t count, size_t size)
{
	size_t before = malloc_usable_size(block);

	return memory()->fails ? NULL : note(real_reallocarray(block, count, size), before);
}

void *watched_realloc(void *block, size_t size)
{
	size_t before = malloc_usable_size(block);

	return memory()->fails ? NULL : note(real_realloc(block, size), before);
}

void watched_free(void *block)
{
	memory()->held -= (int64_t)malloc_usable_size(block);
	real_free(block);
}
