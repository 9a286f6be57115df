// SPDX-License-Identifier: MIT
// samples: every span that was measured, kept whole, so that percentiles are exact.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct samples {
	int64_t *spans;
	size_t count;
	size_t room;
};

// Makes room for `room` spans; 0, or -ENOMEM.
int samples_init(struct samples *samples, size_t room) __attribute__((warn_unused_result));
void samples_done(struct samples *samples);

// Keeps one span; one beyond the room is not kept (the caller asked for too little room).
void samples_add(struct samples *samples, int64_t span);

// Sorts what was kept. Must come before samples_quantile.
void samples_sort(struct samples *samples);

// The nearest-rank quantile, 0 < part <= 1; 0 when there is no sample.
int64_t samples_quantile(const struct samples *samples, double part);
