/* SPDX-License-Identifier: MIT */
/* load_options -- what the command line of `sounder load` asks for, checked and complete. */
#pragma once

#include "app/ask_options.h"
#include "base/option.h"
#include "load/driver.h"
#include "report/verdict.h"

enum { LOAD_SIZES_MAX = 16 };

struct load_options {
	struct ask_options ask;

	/* As given; -1 or NULL where not. */
	int64_t connections, depth, rate, duration, warmup, threads, timeout, seed;
	int64_t hold, server_pid;
	const char *sizes, *ramp, *find, *with_ping, *output, *hgrm;
	struct option_list fail_if;
	bool poisson, reconnect, json, quiet, verbose, version, help;

	/* What follows from it. */
	bool runs;                 /* a load: not idle connections alone */
	double ramp_from, ramp_to; /* a second; where ramp is given */
	size_t size_count;         /* of probe; >= 1 */
	struct probe_options probe[LOAD_SIZES_MAX];
	struct verdict wish;                       /* of find */
	struct verdict verdicts[OPTION_LIST_ROOM]; /* one for each of fail_if */
};

const struct option_table *load_option_table(void);

/* Reads the command line; returns how many words of argv name targets.  -EINVAL with the reason.
 * load_options_done() may follow all the same. */
MUST_CHECK int load_options_read(struct load_options *options, int argc, char **argv,
                                 struct err *err);
void load_options_done(struct load_options *options);

/* Whether these targets can be asked in this way.  -EINVAL with the reason. */
MUST_CHECK int load_options_check(const struct load_options *options,
                                  const struct probe_ops *ops, struct err *err);

/* All threads together, of whom the targets, which are borrowed as the options are.  The loop and the
 * start are left open. */
struct load_plan load_options_plan(const struct load_options *options,
                                   const struct load_target *targets, size_t count);
