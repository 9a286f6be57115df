/* SPDX-License-Identifier: MIT */
/* compare_options -- what the command line of `compare` asks for. */
#pragma once

#include "base/option.h"
#include "report/limit.h"

struct compare_options {
	const char *a, *b; /* files; "-" is standard input */
	struct option_list fail_if;
	int64_t seed;
	bool json, version, help;

	struct limit limits[OPTION_LIST_ROOM]; /* as many as fail_if has */
};

const struct option_table *compare_option_table(void);

/* Understands argv[1..argc), which may be put in another order.  -EINVAL with the reason. */
MUST_CHECK int compare_options_read(struct compare_options *out, int argc, char **argv,
                                    struct err *err);
