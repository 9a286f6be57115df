/* SPDX-License-Identifier: MIT */
/* join -- answers that wait a moment for the kernel to say when their probe left.
 *
 *   REPLY k --> [ k: until +10 ms ] <-- LEFT k      told with the stamp,
 *                                                   or without it when the moment is over
 *
 * Answers are told in the order in which they arrived, so behind one that waits the others wait, too.
 * Where eight in a row had no stamp the channel's are waited for no more.
 */
#pragma once

#include "core/sample.h"
#include "net/address.h"

enum { JOIN_ROOM = 64 };

struct session;
struct target;
struct channel;
struct flight;

struct joining {
	struct channel *channel; /* NULL: told already, or its channel is no more */
	uint64_t key;
	struct mono until; /* 0 = waits for nobody but those in front */
	int64_t hardware;
	struct far far;
	struct address from; /* who answered */
	struct sample sample;
};

struct join {
	struct joining *ring; /* JOIN_ROOM of them */
	size_t first, count;
};

MUST_CHECK int join_init(struct join *join);
void join_done(struct join *join);

/* The probe was answered: tells it now, or once its stamp has come.  hardware: when the answer
 * arrived, by the network card's clock; 0 = unknown. */
void join_answer(struct session *session, struct channel *channel, const struct flight *flight,
                 uint64_t key, int64_t hardware, struct sample *sample);

/* The stamp of this probe has come. */
void join_left(struct session *session, const struct channel *channel, uint64_t key,
               const struct flight *flight);

/* Tells those whose moment is over. */
void join_expire(struct session *session);

/* When the next one's is; MONO_NEVER. */
struct mono join_next(const struct session *session);

/* The channel is being closed, a target removed: nobody will hear of their probes again. */
void join_close(struct session *session, const struct channel *channel);
void join_forget(struct session *session, uint32_t target);

/* Tells all, as they are. */
void join_flush(struct session *session);
