/* SPDX-License-Identifier: MIT */
/* json_reflection -- the fields of a record that come from a reflector (docs/json.md). */
#pragma once

#include "probe/reflection.h"
#include "probe/target.h"

struct json_t;

/* Of one reply. */
void json_put_reflected(struct json_t *record, const struct target *target,
                        const struct sample *sample);

/* Of one that was followed up. */
void json_put_followed(struct json_t *record, const struct followed *followed);

/* On which way probes were lost. */
void json_put_direction(struct json_t *record, const struct direction_counts *counts);

/* Of all. */
void json_put_reflection(struct json_t *record, struct reflection *reflection);
