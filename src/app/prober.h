/* SPDX-License-Identifier: MIT */
/* prober -- a gentle ping beside a load, in a thread of its own (--with-ping; report/load_ping).
 *
 * It is an ordinary session, on another socket than those of the load, every 50 ms: what it meets before
 * and during the load is what others on the same path meet.
 */
#pragma once

#include "app/load_targets.h"
#include "report/load_ping.h"

#define PROBER_IDLE (2 * NS_PER_SEC) /* how long it is to ask before the load */

struct prober;

/* options->with_ping says how: a kind, of the first target's host, or an endpoint of its own.  Everything is
 * borrowed.  Negative errno with the reason. */
MUST_CHECK int prober_new(struct prober **out, const struct load_options *options,
                          const struct load_targets *targets, struct err *err);
void prober_free(struct prober *prober);

/* Signals that are blocked stay so in it. */
MUST_CHECK int prober_start(struct prober *prober, struct err *err);

/* The load runs from now on, or does no more.  NULL may be told, too. */
void prober_loaded(struct prober *prober, struct mono from);
void prober_unloaded(struct prober *prober, struct mono until);

/* It asks no more, and ends when its last probes have their fates.  NULL may be told, too; has always ended. */
void prober_stop(struct prober *prober);
bool prober_has_ended(const struct prober *prober);

/* Waits for its end, which is at once whatever it still awaits; then what it met.  NULL of NULL. */
const struct load_ping *prober_finish(struct prober *prober);
