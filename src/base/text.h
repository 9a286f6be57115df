/* SPDX-License-Identifier: MIT */
/* text -- words from strangers, made safe to show; spans, made easy to read.
 *
 * Whatever comes from a command line or a network passes quote() before it
 * reaches a terminal, a log or a peer: control and bidirectional characters and
 * bytes that are not UTF-8 become \xNN, and long words are cut.
 */
#pragma once

#include "base/base.h"

enum {
	QUOTE_BYTES = 64, /* of the raw word that are shown */
	QUOTE_ROOM = QUOTE_BYTES * 4 + 4,
};

/* A to Z made small, in every locale alike. */
static inline char char_lower(char c)
{
	if (c < 'A' || c > 'Z')
		return c;
	return "abcdefghijklmnopqrstuvwxyz"[c - 'A'];
}

/* A character as it may be shown. */
struct shown {
	char text[5];
	uint8_t length;
	uint8_t raw; /* bytes of the word that it stands for */
};

/* The first character of a word of which length > 0 bytes are left. */
struct shown text_shown(const char *raw, size_t length);

struct quoted {
	char text[QUOTE_ROOM];
};

/* The word as it may be shown, at most QUOTE_BYTES of it ("..." follows when cut). */
struct quoted quote(const char *raw);
struct quoted quote_bytes(const char *raw, size_t length);

struct span_text {
	char text[32];
};

/* 1500000000 -> "1.5s", 200000 -> "200us": exact, in the largest unit that is not below 1. */
struct span_text span_text(int64_t span);

/* The words of a line, in place: without a comment, which begins at a '#' that is first or behind a
 * blank, and without blanks around them. */
char *text_words(char *line);

/* The candidate (a NULL-terminated list) that word was probably meant to be, or NULL. */
const char *text_nearest(const char *word, const char *const *candidates);
