// SPDX-License-Identifier: MIT
// command: how long a command takes from start to end, by wall clock and in CPU time.
#pragma once

#include <stdint.h>

struct spawned {
	int64_t wall;
	int64_t cpu; // user and system, the start of the program included
	int status;  // exit code, or 128 + signal
};

// Runs a command with its output thrown away and waits for its end; 0, or negative errno.
int command_run(char *const *command, struct spawned *out) __attribute__((warn_unused_result));
