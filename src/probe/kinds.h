/* SPDX-License-Identifier: MIT */
/* kinds -- the table of all ways of asking.  A new one is its own file and one line here. */
#pragma once

#include "probe/probe.h"

enum { KINDS = 7 };

/* The kind of that name, NULL when there is none. */
const struct probe_ops *kind_by_name(const char *name);

/* All of them, in the order in which a person should meet them; ended by NULL. */
const struct probe_ops *const *kinds(void);

struct kind_names {
	const char *names[KINDS + 1]; /* ended by NULL, as endpoint_parse() wants them */
};

struct kind_names kind_names(void);
