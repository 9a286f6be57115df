/* SPDX-License-Identifier: MIT */
/* option -- one table of options: parsing, --help and the manual read the same lines.
 *
 * A command describes its options once, as an array of struct option_spec over a
 * struct of values.  Options and words may be mixed, letters may be clustered
 * (-qn, -c3), values follow or are joined (--count 3, --count=3), and "--" ends
 * the options.  Every wrong line gives one sentence with the culprit in quotes.
 */
#pragma once

#include "base/err.h"

enum option_type {
	OPTION_FLAG,     /* bool */
	OPTION_INTEGER,  /* int64_t within [min, max] */
	OPTION_DURATION, /* int64_t nanoseconds within [min, max] */
	OPTION_TEXT,     /* const char *, borrowed from argv */
	OPTION_LIST,     /* struct option_list: may be given several times */
};

enum { OPTION_LIST_ROOM = 64 };

struct option_list {
	const char *items[OPTION_LIST_ROOM];
	size_t count;
};

struct option_spec {
	const char *name; /* the long name, without dashes */
	char letter;      /* 0 = no short name */
	enum option_type type;
	const char *argument; /* the value in --help, or its words: "text|json"; NULL: flag */
	const char *help;     /* one line */
	size_t offset;        /* of the value in the struct of values */
	int64_t min, max;
};

struct option_table {
	const struct option_spec *specs;
	size_t count;
};

/* Stores what argv[0..argc) says into values and moves the words that are no
 * options to the front of argv; returns how many, or -EINVAL with the reason. */
MUST_CHECK int option_parse(const struct option_table *table, void *values, int argc,
                            char **argv, struct err *err);

/* The same for one line of a file, which is split in place and borrowed: "NAME", "NAME VALUE" or
 * "NAME=VALUE", a long name without dashes; the value reaches to the end of the line. */
MUST_CHECK int option_read_line(const struct option_table *table, void *values, char *line,
                                struct err *err);

/* One bit for each option of type OPTION_LIST that was given; and these lists emptied again. */
uint64_t option_lists_given(const struct option_table *table, const void *values);
void option_empty_lists(const struct option_table *table, void *values, uint64_t lists);

/* True when two structs of values say different things for an option. */
bool option_differs(const struct option_spec *spec, const void *values, const void *others);

struct option_line {
	char text[160];
};

/* An option's line in --help. */
struct option_line option_help(const struct option_spec *spec);
