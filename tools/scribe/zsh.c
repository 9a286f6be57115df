/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tongues.h"

/* Within quotes, where _arguments and _describe have marks of their own. */
static void put_quoted(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			(void)fputs("'\\''", stdout);
		else
			put_escaped((const char[]){ *text, '\0' }, "\\[]:");
	}
}

void zsh_commands(void)
{
	struct commands list = commands();

	for (size_t i = 0; i < list.count; i++) {
		(void)printf("\t\t'%s:", list.all[i].name);
		put_quoted(list.all[i].what);
		(void)puts("'");
	}
}

/* An action that begins with a blank takes its words as they are. */
static void put_offer(const struct command *command, enum offer offer, const char *words)
{
	switch (offer) {
	case OFFER_NOTHING:
		(void)putchar(' ');
		return;
	case OFFER_WORDS:
		(void)putchar('(');
		put_words(words);
		(void)putchar(')');
		return;
	case OFFER_FILES:
		(void)fputs("_files", stdout);
		return;
	case OFFER_HOSTS:
		(void)fputs("_hosts", stdout);
		return;
	case OFFER_INTERFACES:
		(void)fputs("_net_interfaces", stdout);
		return;
	case OFFER_KINDS:
		(void)putchar('(');
		put_kinds(command, "");
		(void)putchar(')');
		return;
	case OFFER_ENDPOINTS:
		(void)fputs(" _sounder_endpoints ", stdout);
		put_kinds(command, "://");
		return;
	}
}

/* One spelling of an option: its value follows, or is joined by what join says. */
static void put_spelling(const struct command *command, const struct option_spec *spec,
                         const char *spelling, const char *join)
{
	bool list = spec->type == OPTION_LIST;

	(void)fputs(" \\\n\t\t\t'", stdout);
	if (list)
		(void)putchar('*');
	else if (spec->letter)
		(void)printf("(-%c --%s)", spec->letter, spec->name);
	(void)printf("%s%s[", spelling, spec->argument ? join : "");
	put_quoted(spec->help);
	(void)putchar(']');
	if (spec->argument) {
		(void)putchar(':');
		put_quoted(spec->argument);
		(void)putchar(':');
		put_offer(command_meant(command, spec), offer_of(spec), spec->argument);
	}
	(void)putchar('\'');
}

static void put_option(const struct command *command, const struct option_spec *spec)
{
	char spelling[64];

	if (spec->letter) {
		(void)snprintf(spelling, sizeof(spelling), "-%c", spec->letter);
		put_spelling(command, spec, spelling, "+");
	}
	(void)snprintf(spelling, sizeof(spelling), "--%s", spec->name);
	put_spelling(command, spec, spelling, "=");
}

void zsh_options(void)
{
	struct commands list = commands();

	for (size_t i = 0; i < list.count; i++) {
		const struct command *command = &list.all[i];
		const struct option_table *table = command->options();

		(void)printf("\t%s)\n\t\t_arguments -s -S", command->name);
		for (size_t j = 0; j < table->count; j++)
			put_option(command, &table->specs[j]);
		(void)printf(" \\\n\t\t\t'*:%s:",
		             command->words == OFFER_FILES ? "file" : "endpoint");
		put_offer(command, command->words, "");
		(void)puts("' && result=0\n\t\t;;");
	}
}
