/* SPDX-License-Identifier: MIT */
/* repeats -- the same bytes from the same source, over and over: a loop between two echoes.
 *
 *   source --> row [ what it sent last | how often in a row ]     of every REPEATS_ROW one is dropped
 *
 * An echo of somebody else sends back what it got, from whatever port, with a TTL that starts anew;
 * but such a loop dies of a single loss.  Who measures varies the payload, and then nothing is lost:
 * a row ends with the first datagram that differs in any byte.  Payloads are compared by digests
 * (core/digest).  The first 64 bytes decide in most cases; only where they are the same as before
 * is the rest read, at a small part of what the kernel spends on copying it.
 *
 * The table has a fixed size.  A newcomer takes the place of who has been silent longest of eight: a
 * row is lost only to a crowd that comes between two datagrams of it, and the loop is slow then.
 * Two payloads that alternate between the same two ends are no row; their rate is all that holds them.
 */
#pragma once

#include "net/address.h"

/* The last of so many alike gets no answer: a loop is 999 answers and 1000 questions long. */
enum { REPEATS_ROW = 1000 };

struct repeats;

/* -ENOMEM. */
MUST_CHECK int repeats_new(struct repeats **out);
void repeats_free(struct repeats *repeats);

/* Bytes of one table. */
size_t repeats_size(void);

/* One datagram more: true when it completes a row, which then begins anew. */
bool repeats_complete_row(struct repeats *repeats, const struct address *from,
                          const uint8_t *data, size_t length);
