/* SPDX-License-Identifier: MIT */
/* settle -- giving a probe its fate: exactly one of answered, lost, refused, unsent.
 *
 * The one place where tallies are counted and samples are made.
 */
#pragma once

#include "probe/session.h"

/* The target at that index; NULL when it was removed. */
struct target *settle_target(const struct session *session, uint32_t index);

/* Whose probe an open flight is: a target that is removed takes its flights along. */
struct target *settle_owner(const struct session *session, const struct flight *flight);

/* The record of a probe that left, as far as it is known without an answer. */
struct sample settle_sample(const struct session *session, const struct target *target,
                            const struct flight *flight, enum fate fate);

/* All its probes have left: ends it once all of them have their fate. */
void settle_finish(struct session *session, struct target *target);

/* A reply to what was asked behind the last probe (probe/closing): what it says of those before. */
void settle_closing(const struct session *session, struct target *target,
                    const struct sample *sample);

/* Puts in what is known of its departure by now, and takes out what cannot be true.  hardware: when
 * the answer arrived, by the network card's clock; 0 = unknown. */
void settle_departed(struct sample *sample, const struct channel *channel,
                     const struct flight *flight, int64_t hardware);

/* The fate of a probe in flight is known; it is told later (probe/join). */
void settle_fate(struct session *session, struct target *target, struct flight *flight,
                 enum fate fate);

/* Tells what became of a probe, and ends the wait for it. */
void settle_answered(struct session *session, struct target *target,
                     const struct sample *sample);

/* The fate of a probe in flight is known, and told at once. */
void settle_flight(struct session *session, struct target *target, struct flight *flight,
                   const struct sample *sample);

/* One more thing that came for a probe which has its fate already. */
void settle_afterwards(struct session *session, struct target *target,
                       const struct sample *sample);

/* The probe that was due never left; or it was refused before it could. */
void settle_unsent(struct session *session, struct target *target, int error);
void settle_refused_unsent(struct session *session, struct target *target,
                           struct channel *channel, int error);

/* Every probe in flight on the channel gets this fate: the channel is no more. */
void settle_abandoned(struct session *session, struct channel *channel, enum fate fate,
                      int error);

/* The same for those of one target on a channel that it shares, and leaves. */
void settle_abandoned_by(struct session *session, struct target *target);
