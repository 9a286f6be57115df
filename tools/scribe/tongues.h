/* SPDX-License-Identifier: MIT */
/* tongues -- how the options are written down for scdoc, bash, zsh and fish.
 *
 * Each prints to stdout what stands in place of a line "#@WHAT" of a template.
 */
#pragma once

#include "commands.h"

/* The text, with a backslash before each of its bytes that is special. */
void put_escaped(const char *text, const char *special);

/* Words between blanks: the kinds of a command, each with its end; those of "one|other". */
void put_kinds(const struct command *command, const char *end);
void put_words(const char *words);

void scdoc_options(const struct command *command);

void bash_commands(void);
void bash_options(void);
void bash_values(void);
void bash_words(void);

void zsh_commands(void);
void zsh_options(void);

void fish_commands(void);
void fish_options(void);
