/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tongues.h"

void put_escaped(const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			(void)putchar('\\');
		(void)putchar(*text);
	}
}

void put_kinds(const struct command *command, const char *end)
{
	struct command_kinds kinds = { 0 };

	if (command->kinds)
		kinds = command->kinds();
	for (size_t i = 0; i < kinds.count; i++)
		(void)printf("%s%s%s", i > 0 ? " " : "", kinds.names[i], end);
}

void put_words(const char *words)
{
	for (; *words; words++)
		(void)putchar(*words == '|' ? ' ' : *words);
}
