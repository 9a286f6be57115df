/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tongues.h"

/* What scdoc would take for its own. */
#define SPECIAL "\\*_"

static void put_option(const struct option_spec *spec)
{
	if (spec->letter)
		(void)printf("*-%c*, ", spec->letter);
	(void)printf("*--%s*", spec->name);
	if (spec->argument) {
		(void)fputs(" _", stdout);
		put_escaped(spec->argument, SPECIAL);
		(void)putchar('_');
	}
	(void)fputs("\n\t", stdout);
	put_escaped(spec->help, SPECIAL);
	(void)fputs("\n\n", stdout);
}

void scdoc_options(const struct command *command)
{
	const struct option_table *table = command->options();

	for (size_t i = 0; i < table->count; i++)
		put_option(&table->specs[i]);
}
