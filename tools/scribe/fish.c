/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tongues.h"

static void put_quoted(const char *text)
{
	(void)putchar('\'');
	put_escaped(text, "\\'");
	(void)putchar('\'');
}

void fish_commands(void)
{
	struct commands list = commands();

	for (size_t i = 0; i < list.count; i++) {
		(void)printf(
			"complete -c sounder -n '__sounder_begins; or __sounder_is help' -a %s -d ",
			list.all[i].name);
		put_quoted(list.all[i].what);
		(void)putchar('\n');
	}
}

/* -x: a value, and no file; -r -F: a value that is a file. */
static void put_offer(const struct command *command, enum offer offer, const char *words)
{
	switch (offer) {
	case OFFER_NOTHING:
		(void)fputs(" -x", stdout);
		return;
	case OFFER_WORDS:
		(void)fputs(" -x -a '", stdout);
		put_words(words);
		break;
	case OFFER_FILES:
		(void)fputs(" -r -F", stdout);
		return;
	case OFFER_HOSTS:
		(void)fputs(" -x -a '(__fish_print_hostnames)", stdout);
		break;
	case OFFER_INTERFACES:
		(void)fputs(" -x -a '(__fish_print_interfaces)", stdout);
		break;
	case OFFER_KINDS:
		(void)fputs(" -x -a '", stdout);
		put_kinds(command, "");
		break;
	case OFFER_ENDPOINTS:
		(void)fputs(" -x -a '", stdout);
		put_kinds(command, "://");
		(void)fputs(" (__fish_print_hostnames)", stdout);
		break;
	}
	(void)putchar('\'');
}

static void put_option(const struct command *command, const struct option_spec *spec)
{
	(void)printf("complete -c sounder -n '__sounder_is %s'", command->name);
	if (spec->letter)
		(void)printf(" -s %c", spec->letter);
	(void)printf(" -l %s", spec->name);
	if (spec->argument)
		put_offer(command_meant(command, spec), offer_of(spec), spec->argument);
	(void)fputs(" -d ", stdout);
	put_quoted(spec->help);
	(void)putchar('\n');
}

void fish_options(void)
{
	struct commands list = commands();

	for (size_t i = 0; i < list.count; i++) {
		const struct command *command = &list.all[i];
		const struct option_table *table = command->options();

		for (size_t j = 0; j < table->count; j++)
			put_option(command, &table->specs[j]);
		(void)printf("complete -c sounder -n '__sounder_is %s'", command->name);
		put_offer(command, command->words, "");
		(void)putchar('\n');
	}
}
