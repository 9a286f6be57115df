/* SPDX-License-Identifier: MIT */
/* trial -- names to addresses, and which of several addresses answers: before a load begins, and so at
 * leisure. */
#pragma once

#include "base/err.h"
#include "net/resolver.h"
#include "probe/probe.h"

/* The addresses of a name, or of a literal; ports are 0.  Waits for them, some seconds at the most.
 * Negative errno with the reason. */
MUST_CHECK int trial_resolve(const char *host, int family, struct resolver_answer *out,
                             struct err *err);

/* Asks once, and waits for the answer up to the time-out of probe. */
bool trial_answers(const struct probe_ops *ops, const struct probe_options *probe,
                   const struct address *address);
