/* SPDX-License-Identifier: MIT */
/* load_hold -- connections that do nothing: opened, held, asked once each, closed (--hold).
 *
 *   opening    at most HOLD_AT_ONCE connect at a time
 *   held       idle; those that end are counted
 *   asking     one line each, at most HOLD_AT_ONCE await their answer at a time
 *
 * What is kept of each is a few bytes, so hundreds of thousands are the server's burden and not ours.  On
 * loopback one address has ports for some 28 000 connections to one server, so they come from 127.0.0.1,
 * 127.0.0.2 ..., HOLD_PER_SOURCE from each, or as many as it has ports for.
 */
#pragma once

#include "app/load_targets.h"
#include "load/result.h"

enum { HOLD_AT_ONCE = 512, HOLD_PER_SOURCE = 20000 };

struct hold;

/* Everything is borrowed; targets take turns.  -ENOMEM, or what the loop says, with the reason. */
MUST_CHECK int hold_new(struct hold **out, const struct load_options *options,
                        const struct load_target *targets, size_t count, struct err *err);
void hold_free(struct hold *hold);

/* Each of these works until all have come so far or failed, or until stop's watch, which is borrowed and
 * may be NULL, is ready; and adds to *counts what came of it. */
void hold_open(struct hold *hold, struct watch *stop, struct load_hold *counts);
void hold_ask(struct hold *hold, struct watch *stop, struct load_hold *counts);
