/* SPDX-License-Identifier: MIT */
/* load_targets -- whom a load asks: names are looked up once, before it begins, and of several addresses
 * of a name the first that answers is asked. */
#pragma once

#include "app/load_options.h"
#include "app/ping_target.h"

enum { LOAD_TARGETS_MAX = 64 };

struct load_targets {
	struct ping_targets given;
	struct load_target items[LOAD_TARGETS_MAX]; /* once they were found */
	size_t count;
	char *names; /* joined by blanks */
};

/* Those that the words name; without any, the one that the options alone describe.  -EINVAL with the
 * reason; load_targets_done() may follow all the same. */
MUST_CHECK int load_targets_read(struct load_targets *targets,
                                 const struct load_options *options, int words, char **argv,
                                 struct err *err);

/* Looks them up.  Negative errno with the reason. */
MUST_CHECK int load_targets_find(struct load_targets *targets,
                                 const struct load_options *options, struct err *err);
void load_targets_done(struct load_targets *targets);
