/* SPDX-License-Identifier: MIT */
/* loads -- a load that never was, with figures that are known. */
#pragma once

#include "load/result.h"
#include "reports.h"

struct unit_load {
	struct load_target target;
	struct load_plan plan;
	struct load_result result;
};

/* 1000 answers in 10 s: corrected 1 to 1000 ms, uncorrected 1 ms, lag 1 to 1000 us. */
static inline void unit_load_fill(struct load_tally *tally)
{
	for (int64_t i = 1; i <= 1000; i++) {
		load_times_add(&tally->corrected, i * NS_PER_MS);
		load_times_add(&tally->uncorrected, NS_PER_MS);
		load_times_add(&tally->lag, i * NS_PER_US);
	}
	tally->counts.sent = tally->counts.answered = 1000;
	tally->counts.bytes_out = tally->counts.bytes_in = 56000;
}

static inline void unit_load_init(struct unit_load *load)
{
	*load = (struct unit_load){ .target = { .ops = &unit_ops } };
	assert_int_equal(address_parse("192.0.2.7", &load->target.address), 0);
	address_set_port(&load->target.address, 8888);
	load->plan = (struct load_plan){
		.targets = &load->target,
		.target_count = 1,
		.connections = 4,
		.depth = 16,
		.pace = LOAD_CONSTANT,
		.rate_from = 100,
		.rate_to = 100,
		.warmup = NS_PER_SEC,
		.duration = 10 * NS_PER_SEC,
		.probe = &unit_options,
		.probe_count = 1,
	};
	load->result = (struct load_result){
		.target = "udp-echo://192.0.2.7:8888",
		.plan = &load->plan,
		.threads = 2,
		.fairness = { .jain = 0.99875, .slowest = 240, .fastest = 260 },
		.generator = { .cpu = 0.31, .cpu_time = 6 * NS_PER_SEC, .preempted = -1 },
		.room = { .entries = 64, .bytes = 6144 },
		.measured = 10 * NS_PER_SEC,
		.began = { INT64_C(1700000000000000000) },
	};
	assert_int_equal(load_tally_init(&load->result.tally), 0);
}

static inline void unit_load_done(struct unit_load *load)
{
	load_tally_done(&load->result.tally);
}
