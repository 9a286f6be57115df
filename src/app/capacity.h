/* SPDX-License-Identifier: MIT */
/* capacity -- how many connections a server has room for. */
#pragma once

#include "app/serve_options.h"

/* Whether one of the endpoints is of that kind. */
bool capacity_serves(const struct serve_options *options, const char *kind);

/* Connections that are asked for, else as many as the descriptor limit, which is raised as far as it may be,
 * leaves room for beside what so many workers need themselves. */
uint32_t capacity_connections(const struct serve_options *options, size_t workers);
