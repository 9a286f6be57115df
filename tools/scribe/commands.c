/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include <string.h>

#include "app/compare_options.h"
#include "app/load_options.h"
#include "app/ping_options.h"
#include "app/serve_options.h"
#include "probe/kinds.h"

static struct command_kinds probed(void)
{
	struct command_kinds found = { 0 };

	for (const struct probe_ops *const *ops = kinds(); *ops; ops++)
		if (found.count < COMMAND_KINDS)
			found.names[found.count++] = (*ops)->name;
	return found;
}

static struct command_kinds loaded(void)
{
	return (struct command_kinds){ { "tcp-echo", "udp-echo", "pong", "stamp", "line" }, 5 };
}

static const struct command all[] = {
	{ "ping", "ask, and tell round trips, loss and jitter", OFFER_ENDPOINTS,
	  ping_option_table, probed },
	{ "load", "ask as much as a server takes, and tell what becomes of it", OFFER_ENDPOINTS,
	  load_option_table, loaded },
	{ "serve", "answer", OFFER_ENDPOINTS, serve_option_table, command_served },
	{ "compare", "hold two runs against each other", OFFER_FILES, compare_option_table,
	  NULL },
};

struct commands commands(void)
{
	return (struct commands){ all, COUNT(all) };
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COUNT(all); i++)
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	return NULL;
}

const struct command *command_meant(const struct command *command,
                                    const struct option_spec *spec)
{
	return strcmp(spec->name, "with-ping") == 0 ? command_find("ping") : command;
}

enum offer offer_of(const struct option_spec *spec)
{
	static const struct {
		const char *argument;
		enum offer offer;
	} known[] = {
		{ "FILE", OFFER_FILES },         { "PATH", OFFER_FILES },
		{ "HOST", OFFER_HOSTS },         { "ADDRESS", OFFER_HOSTS },
		{ "IF|ADDR", OFFER_INTERFACES }, { "KIND", OFFER_KINDS },
		{ "ENDPOINT", OFFER_ENDPOINTS },
	};

	if (!spec->argument)
		return OFFER_NOTHING;
	for (size_t i = 0; i < COUNT(known); i++)
		if (strcmp(known[i].argument, spec->argument) == 0)
			return known[i].offer;
	/* Small letters are the very words. */
	return strpbrk(spec->argument, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") ? OFFER_NOTHING
	                                                             : OFFER_WORDS;
}
