/* SPDX-License-Identifier: MIT */
/* ping_options -- what the command line of `sounder ping` asks for, checked and complete. */
#pragma once

#include "app/ask_options.h"
#include "base/option.h"
#include "probe/session.h"
#include "report/verdict.h"

struct ping_options {
	struct ask_options ask;

	/* As given; -1 or NULL where not. */
	int64_t count, interval, timeout, deadline, seed, report, resolve_every;
	const char *dscp, *pmtu, *targets, *output;
	struct option_list fail_if;
	bool numeric, quiet, epoch, outstanding, verbose, version, help;
	bool adaptive, flood, poisson, user_stamps, json, csv, no_tlvs, need_ssid, stamp_open;

	struct verdict verdicts[OPTION_LIST_ROOM]; /* one for each of fail_if */
};

const struct option_table *ping_option_table(void);

/* Reads the command line; returns how many words of argv name targets.  -EINVAL with the reason. */
MUST_CHECK int ping_options_read(struct ping_options *options, int argc, char **argv,
                                 struct err *err);

void ping_options_done(struct ping_options *options);

/* What is asked of a session with that many targets. */
struct session_options ping_options_session(const struct ping_options *options, size_t targets);
