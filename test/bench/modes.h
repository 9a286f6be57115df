// SPDX-License-Identifier: MIT
// modes: what echo_bench can measure. Each prints its lines and answers 0, or negative errno.
#pragma once

#include <netinet/in.h>
#include <stdint.h>

#include "message.h"

struct setup {
	struct sockaddr_in server;
	uint64_t pid;
	uint64_t port;
	uint64_t connections;
	uint64_t in_flight;
	uint64_t size;
	uint64_t warm_up;
	uint64_t rounds;
	uint64_t hold_ms;
	uint64_t runs;
	uint64_t sealed;          // 1: authenticated STAMP
	uint64_t spin;            // 1: datagrams: looks for answers, and never sleeps
	struct message_form form; // of streams
	char **commands;          // what follows the options
};

// Round trips over `connections`, `in_flight` under way: latency, server's CPU.
int tcp_run(const struct setup *setup) __attribute__((warn_unused_result));

// Opens `connections`, lets them idle for `hold_ms`, then asks each once: server's memory.
int hold_run(const struct setup *setup) __attribute__((warn_unused_result));

// Round trips by datagram, `in_flight` under way: latency, server's CPU.
int udp_run(const struct setup *setup) __attribute__((warn_unused_result));

// The same by STAMP requests.
int stamp_run(const struct setup *setup) __attribute__((warn_unused_result));

// Starts the commands in turn, `runs` times each: wall clock and CPU of each.
int spawn_run(const struct setup *setup) __attribute__((warn_unused_result));
