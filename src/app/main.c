/* SPDX-License-Identifier: MIT */
/* sounder -- the front door: a table of commands.
 *
 * ping lives here, because a person starts it a thousand times a day, and load, which asks by what ping
 * asks by; the others are executables of their own, found beside this one or in libexecdir. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/common.h"
#include "app/load.h"
#include "app/ping.h"
#include "base/text.h"

static const char usage[] =
	"sounder -- how far away is a host, over the protocol its traffic uses?\n"
	"\n"
	"  sounder ping example.com           ICMP\n"
	"  sounder ping tcp://example.com     TCP handshake\n"
	"  sounder load tcp-echo://example.com\n"
	"                                     many requests at a time\n"
	"  sounder serve                      answer: pong, TCP echo, UDP echo, STAMP\n"
	"  sounder compare a.ndjson b.ndjson  is it slower than it was?\n"
	"\n"
	"commands:\n"
	"  ping     ask, and tell round trips, loss and jitter\n"
	"  load     ask as much as a server takes, and tell what becomes of it\n"
	"  serve    answer\n"
	"  compare  hold two runs against each other\n"
	"\n"
	"'sounder COMMAND --help' tells more; --version, --help.\n";

/* Becomes the command's own executable; returns only when there is none. */
static int become(int argc, char **argv)
{
	static const char *const places[] = { "", "/" SOUNDER_HELPERS };
	char self[PATH_MAX / 2] = { 0 };
	char path[PATH_MAX];
	struct err err;

	(void)argc;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) {
		(void)err_set(&err, -errno, "cannot find where sounder is installed: %s",
		              err_reason(errno).text);
		return app_fail(argv[0], &err);
	}
	const char *command = argv[0];
	int reason = ENOENT;
	char *slash = strrchr(self, '/');

	if (slash)
		*slash = '\0';

	for (size_t i = 0; i < COUNT(places); i++) {
		(void)snprintf(path, sizeof(path), "%s%s/sounder-%s", self, places[i], command);
		(void)execv(path, argv);
		if (errno != ENOENT)
			reason = errno; /* it is there, but */
	}
	(void)err_set(&err, -reason, "cannot start 'sounder-%s': %s", command,
	              err_reason(reason).text);
	return app_fail(command, &err);
}

static int run_command(int argc, char **argv);

/* `sounder help COMMAND` is `sounder COMMAND --help`. */
static int print_help(int argc, char **argv)
{
	char option[] = "--help";

	if (argc > 1) {
		char *asked[] = { argv[1], option, NULL };

		return run_command(2, asked);
	}
	(void)fputs(usage, stdout);
	return EXIT_ANSWERED;
}

static int print_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	app_print_version();
	return EXIT_ANSWERED;
}

struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the command */
};

static const struct command commands[] = {
	{ "ping", ping_main },   { "load", load_main },        { "serve", become },
	{ "compare", become },   { "help", print_help },       { "--help", print_help },
	{ "-h", print_help },    { "version", print_version }, { "--version", print_version },
	{ "-V", print_version },
};

static int unknown(const char *word)
{
	const char *names[COUNT(commands) + 1] = { 0 };
	struct err err;

	for (size_t i = 0; i < COUNT(commands); i++)
		names[i] = commands[i].name;
	const char *nearest = text_nearest(word, names);

	const char *noun = word[0] == '-' ? "option" : "command";

	if (nearest)
		(void)err_set(&err, -EINVAL, "unknown %s '%s' (did you mean '%s'?)", noun,
		              quote(word).text, nearest);
	else
		(void)err_set(&err, -EINVAL, "unknown %s '%s' (see 'sounder --help')", noun,
		              quote(word).text);
	return app_fail(NULL, &err);
}

static int run_command(int argc, char **argv)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return commands[i].run(argc, argv);
	return unknown(argv[0]);
}

int main(int argc, char **argv)
{
	struct err err;

	app_keep_descriptors();
	if (argc < 2) {
		(void)err_set(&err, -EINVAL, "no command given (see 'sounder --help')");
		return app_fail(NULL, &err);
	}
	return app_finish(NULL, run_command(argc - 1, argv + 1));
}
