/* SPDX-License-Identifier: MIT */
/* window -- a bit for each of the newest WINDOW_BITS numbers of a sequence without end.
 *
 * The bit of a number is that of all others which differ by a multiple of WINDOW_BITS: whoever moves on
 * clears what comes into the window.
 */
#pragma once

#include "base/base.h"

enum { WINDOW_BITS = 1 << 16, WINDOW_WORDS = WINDOW_BITS / 64 };

bool window_has(const uint64_t *window, uint64_t number);
void window_set(uint64_t *window, uint64_t number);

/* Of the numbers from, from + 1 ... to - 1: how many are set; sets none of them. */
uint64_t window_count(const uint64_t *window, uint64_t from, uint64_t to);
void window_clear(uint64_t *window, uint64_t from, uint64_t to);
