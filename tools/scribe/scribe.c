/* SPDX-License-Identifier: MIT */
/* scribe -- writes what the option tables know into manual pages and completions, when sounder is built.
 *
 *   scribe scdoc|bash|zsh|fish <template >result
 *   scribe roff <page >page
 *
 * A line "#@WHAT" of a template, or "#@WHAT COMMAND", becomes what the tables say; all others stay as they
 * are.  roff mends what scdoc makes: paragraphs that have nothing in them, which mandoc complains of, hyphens where
 * there were minuses, which nobody could paste into a shell, and examples so far to the right that output as it is
 * does not fit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tongues.h"

enum { LINE_ROOM = 4096 };

struct directive {
	const char *tongue, *what;
	void (*of_one)(const struct command *command);
	void (*of_all)(void);
};

static const struct directive directives[] = {
	{ "scdoc", "options", scdoc_options, NULL },
	{ "bash", "commands", NULL, bash_commands },
	{ "bash", "options", NULL, bash_options },
	{ "bash", "values", NULL, bash_values },
	{ "bash", "words", NULL, bash_words },
	{ "zsh", "commands", NULL, zsh_commands },
	{ "zsh", "options", NULL, zsh_options },
	{ "fish", "commands", NULL, fish_commands },
	{ "fish", "options", NULL, fish_options },
};

static int fail(const char *what, const char *culprit)
{
	(void)fprintf(stderr, "scribe: %s '%s'\n", what, culprit);
	return -1;
}

static const struct directive *find(const char *tongue, const char *what)
{
	for (size_t i = 0; i < COUNT(directives); i++)
		if (strcmp(directives[i].tongue, tongue) == 0 &&
		    strcmp(directives[i].what, what) == 0)
			return &directives[i];
	return NULL;
}

/* Puts what a line asks for in its place; what is the line without its mark and its end. */
static int follow(const char *tongue, char *what)
{
	char *name = strchr(what, ' ');

	if (name)
		*name++ = '\0';
	const struct directive *directive = find(tongue, what);
	const struct command *command = name ? command_find(name) : NULL;

	if (!directive)
		return fail("nothing is known of", what);
	if (name && !command)
		return fail("no such command:", name);
	if (command ? !directive->of_one : !directive->of_all)
		return fail("of one command, or of all:", what);
	if (command)
		directive->of_one(command);
	else
		directive->of_all();
	return 0;
}

static int fill(const char *tongue)
{
	char line[LINE_ROOM];

	while (fgets(line, sizeof(line), stdin)) {
		if (strncmp(line, "#@", 2) != 0) {
			(void)fputs(line, stdout);
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		if (follow(tongue, line + 2) < 0)
			return -1;
	}
	return 0;
}

static bool begins(const char *line, const char *request)
{
	return strncmp(line, request, strlen(request)) == 0;
}

/* What is no text is for roff alone: requests, and the moves before and behind a bullet. */
static void put_roff(const char *line)
{
	bool text = !begins(line, ".") && !begins(line, "\\h'");

	for (; *line; line++)
		(void)fputs(*line == '-' && text ? "\\-" : (const char[]){ *line, '\0' },
		            stdout);
}

/* Where in a page a line stands. */
struct place {
	bool wanted; /* a paragraph was asked for */
	bool headed; /* the line before is a heading */
	bool edge;   /* the line before begins, or ends, what is shown as it is */
	bool shown;  /* this is within it */
};

/* True of a line that stays. */
static bool read_line(struct place *place, const char *line)
{
	bool heading = begins(line, ".SH") || begins(line, ".SS");
	bool indent = begins(line, ".RS") || begins(line, ".RE");
	bool dropped = indent && place->edge;

	if (strcmp(line, ".P\n") == 0)
		place->wanted = true;
	if (strcmp(line, ".P\n") == 0 || (line[0] == '\n' && !place->shown))
		return false;
	if (place->wanted && !place->headed && !heading && !indent)
		(void)puts(".P");
	place->wanted = place->wanted && indent;
	place->headed = heading;
	place->edge = begins(line, ".nf") || begins(line, ".fi");
	place->shown = begins(line, ".nf") || (place->shown && !begins(line, ".fi"));
	return !dropped;
}

/* A paragraph begins where there is something to be set apart, and text behind it; what is shown as it
 * is needs all of a line. */
static int mend(void)
{
	char line[LINE_ROOM];
	struct place place = { .headed = true };

	while (fgets(line, sizeof(line), stdin))
		if (read_line(&place, line))
			put_roff(line);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		(void)fputs("usage: scribe scdoc|bash|zsh|fish|roff <template >result\n",
		            stderr);
		return EXIT_FAILURE;
	}
	int result = strcmp(argv[1], "roff") == 0 ? mend() : fill(argv[1]);

	if (result < 0 || ferror(stdin) || fflush(stdout) != 0 || ferror(stdout))
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
