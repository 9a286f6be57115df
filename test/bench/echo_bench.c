// SPDX-License-Identifier: MIT
// echo_bench: the measuring client of scripts/bench. It loads an echo server, or starts commands,
// and prints what it saw as blank-separated NAME=VALUE, one line a run; scripts/bench makes the
// comparisons. Spans are nanoseconds.

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "message.h"
#include "modes.h"

static const char usage[] =
	"usage: echo_bench tcp|hold|udp|stamp --port N --pid N [--host ADDRESS] [--connections N]\n"
	"                  [--in-flight N] [--size BYTES] [--warm-up N] [--rounds N] [--hold-ms N]\n"
	"                  [--say LINE --hear LINE] [--sealed 0|1] [--spin 0|1]\n"
	"       echo_bench spawn [--runs N] -- COMMAND [ARG...] [-- COMMAND [ARG...]]...\n"
	"  tcp    round trips over many connections: latency, server's CPU\n"
	"  hold   opens connections, lets them idle, then asks each once: server's memory\n"
	"  udp    round trips by datagram: latency, server's CPU\n"
	"  stamp  round trips by STAMP requests, sealed or not: latency, reflector's CPU\n"
	"  spawn  runs commands in turn: wall clock and CPU of each\n";

struct mode {
	const char *name;
	bool asks; // needs a server
	int (*run)(const struct setup *setup);
};

static const struct mode modes[] = {
	{ "tcp", true, tcp_run },     { "hold", true, hold_run },    { "udp", true, udp_run },
	{ "stamp", true, stamp_run }, { "spawn", false, spawn_run },
};

// Options that are whole numbers, each with its bounds and its place in the setup.
static const struct number {
	const char *name;
	size_t offset;
	uint64_t min;
	uint64_t max;
} numbers[] = {
	{ "port", offsetof(struct setup, port), 1, 65535 },
	{ "pid", offsetof(struct setup, pid), 1, INT32_MAX },
	{ "connections", offsetof(struct setup, connections), 1, 1000000 },
	{ "in-flight", offsetof(struct setup, in_flight), 1, 1000000 },
	{ "size", offsetof(struct setup, size), MESSAGE_MIN, MESSAGE_MAX },
	{ "warm-up", offsetof(struct setup, warm_up), 0, 1000000000 },
	{ "rounds", offsetof(struct setup, rounds), 1, 1000000000 },
	{ "hold-ms", offsetof(struct setup, hold_ms), 0, 3600000 },
	{ "runs", offsetof(struct setup, runs), 1, 1000000 },
	{ "sealed", offsetof(struct setup, sealed), 0, 1 },
	{ "spin", offsetof(struct setup, spin), 0, 1 },
};

static bool number_take(struct setup *setup, const struct number *number, const char *text)
{
	char *end = NULL;

	errno = 0;
	uint64_t value = strtoull(text, &end, 10);
	if (errno || end == text || *end || value < number->min || value > number->max) {
		fprintf(stderr,
		        "echo_bench: --%s takes a number from %" PRIu64 " to %" PRIu64
		        ", not '%s'\n",
		        number->name, number->min, number->max, text);
		return false;
	}
	memcpy((char *)setup + number->offset, &value, sizeof value);
	return true;
}

static bool line_take(const char **line, const char *name, const char *text)
{
	if (strlen(text) > MESSAGE_MAX - 3) {
		fprintf(stderr, "echo_bench: --%s takes a line of at most %d bytes\n", name,
		        MESSAGE_MAX - 3);
		return false;
	}
	*line = text;
	return true;
}

static bool option_take(struct setup *setup, const char *name, const char *text)
{
	if (strcmp(name, "say") == 0)
		return line_take(&setup->form.line, name, text);
	if (strcmp(name, "hear") == 0)
		return line_take(&setup->form.answer, name, text);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		if (strcmp(name, numbers[i].name) == 0)
			return number_take(setup, &numbers[i], text);
	}
	if (strcmp(name, "host") != 0) {
		fprintf(stderr, "echo_bench: unknown option '--%s'\n", name);
		return false;
	}
	if (inet_pton(AF_INET, text, &setup->server.sin_addr) == 1)
		return true;
	fprintf(stderr, "echo_bench: --host takes an IPv4 address, not '%s'\n", text);
	return false;
}

// Takes pairs of --NAME VALUE as far as they go; `--` and what follows is left.
static bool setup_parse(struct setup *setup, char **argv)
{
	for (; argv[0] && strncmp(argv[0], "--", 2) == 0 && argv[0][2]; argv += 2) {
		if (!argv[1]) {
			fprintf(stderr, "echo_bench: %s takes a value\n", argv[0]);
			return false;
		}
		if (!option_take(setup, argv[0] + 2, argv[1]))
			return false;
	}
	setup->commands = argv;
	setup->server.sin_port = htons((uint16_t)setup->port);
	return true;
}

// Thousands of connections need as many descriptors as this process may have.
static void descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static const struct mode *mode_find(const char *name)
{
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct setup setup = {
		.server = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
		.connections = 64,
		.in_flight = 64,
		.size = 64,
		.warm_up = 10000,
		.rounds = 100000,
		.hold_ms = 1000,
		.runs = 100,
	};
	const struct mode *mode = argc > 1 ? mode_find(argv[1]) : NULL;

	if (!mode || !setup_parse(&setup, argv + 2) || !setup.form.line != !setup.form.answer ||
	    (mode->asks && (setup.port == 0 || setup.pid == 0 || *setup.commands))) {
		fputs(usage, stderr);
		return 2;
	}
	descriptors_raise();
	int result = mode->run(&setup);
	if (result < 0) {
		fprintf(stderr, "echo_bench: %s: %s\n", mode->name, strerrordesc_np(-result));
		return 1;
	}
	return 0;
}
