/* SPDX-License-Identifier: MIT */
/* json_event -- the fields of a record about something that happened (docs/json.md). */
#pragma once

#include "probe/sink.h"
#include "probe/target.h"

struct json_t;

void json_put_event(struct json_t *record, const struct target *target,
                    const struct notice *notice);

/* Nothing where it is NULL. */
void json_put_address(struct json_t *record, const char *key, const struct address *address);
