/* SPDX-License-Identifier: MIT */
/* comparison_json -- a comparison as a record for programs: `comparison` in docs/json.md. */
#pragma once

#include "report/comparison.h"
#include "report/output.h"

/* limits: all of them; those that are broken are told. */
void comparison_json(struct output *output, const struct comparison *comparison, uint64_t seed,
                     const struct limit *limits, size_t count);
