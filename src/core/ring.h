/* SPDX-License-Identifier: MIT */
/* ring -- a bounded queue of equal slots from one thread to one other, without a lock.
 *
 * The writer fills ring_free() and calls ring_push(); the reader uses ring_head() and calls
 * ring_pop().  Each side touches only its own index; the two meet by release and acquire.
 */
#pragma once

#include <stdatomic.h>

#include "base/base.h"

struct ring {
	uint8_t *slots;
	size_t slot_bytes, room;
	_Atomic size_t pushed, popped;
};

/* room slots of slot_bytes each.  -ENOMEM. */
MUST_CHECK int ring_init(struct ring *ring, size_t slot_bytes, size_t room);
void ring_done(struct ring *ring);

/* Writer: the slot to fill next, NULL when the ring is full; then ring_push() hands it over. */
void *ring_free(struct ring *ring);
void ring_push(struct ring *ring);

/* Reader: the oldest slot, NULL when the ring is empty; then ring_pop() gives it back. */
void *ring_head(struct ring *ring);
void ring_pop(struct ring *ring);
