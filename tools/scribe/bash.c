/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tongues.h"

void bash_commands(void)
{
	struct commands list = commands();

	(void)fputs("\tnames='", stdout);
	for (size_t i = 0; i < list.count; i++)
		(void)printf("%s%s", i > 0 ? " " : "", list.all[i].name);
	(void)puts("'");
}

/* The names of all options of a command. */
void bash_options(void)
{
	struct commands list = commands();

	for (size_t i = 0; i < list.count; i++) {
		const struct option_table *table = list.all[i].options();

		(void)printf("\t%s) _sounder_offer", list.all[i].name);
		for (size_t j = 0; j < table->count; j++) {
			(void)printf(" --%s", table->specs[j].name);
			if (table->specs[j].letter)
				(void)printf(" -%c", table->specs[j].letter);
		}
		(void)puts(" ;;");
	}
}

static void put_offer(const struct command *command, enum offer offer, const char *words)
{
	switch (offer) {
	case OFFER_NOTHING:
		(void)fputs(" :", stdout);
		return;
	case OFFER_WORDS:
		(void)fputs(" _sounder_offer ", stdout);
		put_words(words);
		return;
	case OFFER_FILES:
		(void)fputs(" _sounder_files", stdout);
		return;
	case OFFER_HOSTS:
		(void)fputs(" _sounder_hosts", stdout);
		return;
	case OFFER_INTERFACES:
		(void)fputs(" _sounder_interfaces", stdout);
		return;
	case OFFER_KINDS:
		(void)fputs(" _sounder_offer ", stdout);
		put_kinds(command, "");
		return;
	case OFFER_ENDPOINTS:
		(void)fputs(" _sounder_endpoints ", stdout);
		put_kinds(command, "://");
		return;
	}
}

static void put_value(const struct command *command, const struct option_spec *spec)
{
	(void)printf("\t'%s --%s'", command->name, spec->name);
	if (spec->letter)
		(void)printf(" | '%s -%c'", command->name, spec->letter);
	(void)putchar(')');
	put_offer(command_meant(command, spec), offer_of(spec), spec->argument);
	(void)puts(" ;;");
}

/* What each option that takes a value takes. */
void bash_values(void)
{
	struct commands list = commands();

	for (size_t i = 0; i < list.count; i++) {
		const struct option_table *table = list.all[i].options();

		for (size_t j = 0; j < table->count; j++)
			if (table->specs[j].argument)
				put_value(&list.all[i], &table->specs[j]);
	}
}

void bash_words(void)
{
	struct commands list = commands();

	for (size_t i = 0; i < list.count; i++) {
		(void)printf("\t%s)", list.all[i].name);
		put_offer(&list.all[i], list.all[i].words, "");
		(void)puts(" ;;");
	}
}
