/* SPDX-License-Identifier: MIT */
/* load_threads -- one load, shared by several threads: connections and rate are divided among them, and
 * what comes of it is added up. */
#pragma once

#include "load/result.h"

struct load_threads;

/* plan is of all together, its start ignored; news is woken when one has opened its connections, handed
 * something over, or ended; both are borrowed.  1 <= count <= plan->connections.  Negative errno with the
 * reason. */
MUST_CHECK int load_threads_new(struct load_threads **out, const struct load_plan *plan,
                                size_t count, const struct watch *news, struct err *err);

/* Stops and waits for those that still run. */
void load_threads_free(struct load_threads *threads);

/* They open their connections.  Negative errno with the reason. */
MUST_CHECK int load_threads_open(struct load_threads *threads, struct err *err);

/* True when all connections are open that can be had soon. */
bool load_threads_are_open(const struct load_threads *threads);

/* They begin to ask at that instant; stop to ask; have all ended. */
void load_threads_set_start(struct load_threads *threads, struct mono start);
void load_threads_stop(struct load_threads *threads);
bool load_threads_finished(const struct load_threads *threads);

/* Asks for what was counted lately; takes it, when all have handed it over: adds it to *out. */
void load_threads_ask(struct load_threads *threads);
bool load_threads_take(struct load_threads *threads, struct load_tally *out);

struct load_room load_threads_room(const struct load_threads *threads);

/* Once all have ended: fills in tally (to which it adds), fairness, generator, room.  -ENOMEM. */
MUST_CHECK int load_threads_collect(struct load_threads *threads, struct load_result *result);
