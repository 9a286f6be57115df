/* SPDX-License-Identifier: MIT */
/* load_find -- the highest rate that keeps a promise (--find): one short load after another, as
 * load/search says. */
#pragma once

#include "app/load_run.h"

/* plan is what all steps have in common; its rate is where to begin.  *result, which was
 * prepared, becomes that of the highest rate that held, or of the last step where none did; its plan is
 * *plan.  Negative errno with the reason. */
MUST_CHECK int load_find(struct load_run *run, struct load_plan *plan, struct prober *prober,
                         struct load_result *result, struct err *err);
