// SPDX-License-Identifier: MIT
// cost: what a server spent between two moments, and how far the machine disturbed the run.
//
// utime and stime count in ticks of 10 ms; the scheduler's own account (schedstat) counts in
// nanoseconds, but is brought up to date only when a thread leaves its CPU. So cost_take first
// waits until a server that has nothing to do must have gone to sleep.
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct cost {
	int64_t cpu;         // server: time on a CPU, all threads
	int64_t wait;        // server: time ready to run, but waiting for a CPU
	int64_t own_wait;    // the same of this process
	int64_t preempted;   // server: involuntary context switches, all threads
	int64_t own_preempt; // the same of this process
	int64_t steal;       // machine: time the hypervisor gave to others, all CPUs
};

// Reads the accounts of process `pid` and of this one; 0, or negative errno.
int cost_take(pid_t pid, struct cost *out) __attribute__((warn_unused_result));

// What was spent between two takes.
struct cost cost_between(const struct cost *first, const struct cost *last);

// Resident memory of process `pid` in kB, or negative errno.
int64_t cost_resident_kb(pid_t pid) __attribute__((warn_unused_result));

// The monotonic clock.
int64_t now_mono(void);
