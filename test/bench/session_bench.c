/* SPDX-License-Identifier: MIT */
/* session_bench -- what a session itself spends on a probe: no system call, no sink, an answer at
 * once.
 *
 * usage: session_bench TARGETS PROBES RUNS     (probes of all targets together, in each run)
 *
 * Prints a line of JSON for each run and kind of stamps: processor time per probe, in ns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/brisk.h"

static int64_t processor_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

static int add_targets(struct brisk *brisk, uint32_t targets, int64_t interval)
{
	int result = 0;

	/* Evenly over the interval, as a person's list of targets is asked. */
	for (uint32_t i = 0; i < targets && result >= 0; i++)
		result = brisk_add(brisk, i, interval / targets * i);
	return result;
}

/* ns per probe; negative errno. */
static double run(uint32_t targets, uint64_t probes, bool stamped)
{
	struct brisk brisk;
	struct session_options options = {
		.probe = { .size = 56, .interval = NS_PER_SEC, .timeout = NS_PER_SEC },
		.loop = &brisk.loop,
		.seeded = true, /* drawing nonces from the kernel is a system call */
		.thrift = targets == 1 ? STATS_AMPLE : STATS_FRUGAL,
	};
	int64_t began;
	int result = brisk_init(&brisk, targets + 1);

	if (result < 0)
		return result;
	brisk.stamped = stamped;
	brisk.delay = 50 * NS_PER_US;
	result = session_new(&brisk.session, &options);
	if (result == 0)
		result = add_targets(&brisk, targets, options.probe.interval);
	if (result < 0)
		return result;
	brisk_run(&brisk, 2 * (uint64_t)targets); /* what is done once is done */
	began = processor_time();
	brisk_run(&brisk, 2 * (uint64_t)targets + probes);
	double spent = (double)(processor_time() - began);

	session_free(brisk.session);
	brisk_done(&brisk);
	return spent / (double)probes;
}

int main(int count, char **arguments)
{
	if (count != 4) {
		fputs("usage: session_bench TARGETS PROBES RUNS\n", stderr);
		return 2;
	}
	uint32_t targets = (uint32_t)strtoul(arguments[1], NULL, 10);
	uint64_t probes = strtoull(arguments[2], NULL, 10);
	unsigned long runs = strtoul(arguments[3], NULL, 10);

	for (unsigned long i = 0; i < 2 * runs; i++) {
		double spent = run(targets, probes, i % 2);

		if (spent < 0)
			return 1;
		printf("{\"stamps\": \"%s\", \"ns\": %.1f}\n", i % 2 ? "kernel" : "user",
		       spent);
	}
	return 0;
}
