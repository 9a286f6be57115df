/* SPDX-License-Identifier: MIT */
/* commands -- those of sounder that have options: what manual pages and completions are made from.
 *
 * A new command is its option table and one line of commands.c.
 */
#pragma once

#include "base/option.h"

enum { COMMAND_KINDS = 16 };

/* What a shell can propose in place of a word. */
enum offer {
	OFFER_NOTHING,
	OFFER_WORDS, /* those of the option's argument: "text|json" */
	OFFER_FILES,
	OFFER_HOSTS,
	OFFER_INTERFACES,
	OFFER_KINDS,
	OFFER_ENDPOINTS, /* KIND:// for each kind, and hosts */
};

/* The kinds that a command knows. */
struct command_kinds {
	const char *names[COMMAND_KINDS];
	size_t count;
};

struct command {
	const char *name;
	const char *what; /* one line */
	enum offer words; /* what stands where no option does */
	const struct option_table *(*options)(void);
	struct command_kinds (*kinds)(void); /* NULL: it has none */
};

struct commands {
	const struct command *all;
	size_t count;
};

struct commands commands(void);

/* The kinds that are served. */
struct command_kinds command_served(void);

/* The command of that name, NULL when there is none. */
const struct command *command_find(const char *name);

/* Whose kinds the value of an option names: a load is accompanied by what ping can ask. */
const struct command *command_meant(const struct command *command,
                                    const struct option_spec *spec);

/* What the value of an option may be, by the word that its table has for it. */
enum offer offer_of(const struct option_spec *spec);
