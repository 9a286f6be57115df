/* SPDX-License-Identifier: MIT */
/* result -- all that is told of a load when it has ended: what the reports and `--fail-if` read. */
#pragma once

#include "load/driver.h"

/* How evenly the lanes were served. */
struct load_fairness {
	double jain; /* (sum x)^2 / (n sum x^2): 1 = all alike, 1/n = one alone; 0 of none */
	uint64_t slowest, fastest; /* answers */
};

/* What the generator itself cost: whether the figures are the server's. */
struct load_generator {
	double cpu;        /* busiest thread's share of one CPU, 0 to 1 */
	int64_t cpu_time;  /* ns of all threads */
	int64_t preempted; /* ns they were ready and did not run (schedstat); -1 = not known */
	bool bottleneck; /* cpu > 0.9, or more than 1 % of an open loop's requests were called over 1 ms late */
};

/* The server, by --server-pid. */
struct load_server {
	bool known;
	bool more;        /* processes than were added up */
	int64_t cpu_time; /* ns in the measured time: process, threads and children; -1 = not known */
	uint64_t rss, rss_before; /* bytes */
};

/* Idle connections (--hold). */
struct load_hold {
	uint64_t asked, opened, answered, failed;
	int64_t opening;                             /* ns until all were open */
	int64_t answering;                           /* ns until all had answered once */
	uint64_t server_rss_before, server_rss_held; /* bytes; 0 = not known */
};

struct load_result {
	const char *target;           /* as it was given; several: joined by blanks; borrowed */
	const struct load_plan *plan; /* of all threads together */
	size_t threads;
	struct load_tally tally;
	struct load_fairness fairness;
	struct load_generator generator;
	struct load_server server;
	struct load_hold hold; /* asked 0: none */
	struct load_room room;
	int64_t measured; /* ns that were measured */
	struct wall began;
};

/* values may be in any order. */
struct load_fairness load_fairness(const uint64_t *answers, size_t count);

/* Answers a second. */
double load_result_rate(const struct load_result *result);
