/* SPDX-License-Identifier: MIT */
/* record -- one JSON object of the output for programs, field by field; by jansson, of which no
 * other room knows.
 *
 * Fields keep the order in which they are put.  A record that lacks memory lacks a field, or is not
 * written: nobody else has to look.
 */
#pragma once

#include "core/clock.h"
#include "report/output.h"

struct histogram;
struct json_t; /* jansson's */

/* With v, type, t, and target and label where they are not NULL. */
struct json_t *record_new(const char *type, struct wall wall, const char *name,
                          const char *label);

/* An object of its own, to be put into a record by record_add(), or into an array of it (made by
 * the first record_append()). */
struct json_t *record_part(void);
void record_add(struct json_t *record, const char *key, struct json_t *part);
void record_append(struct json_t *record, const char *key, struct json_t *part);

void record_integer(struct json_t *record, const char *key, int64_t value);
void record_count(struct json_t *record, const char *key, uint64_t count);
void record_counts(struct json_t *record, const char *key, const uint64_t *counts,
                   size_t length);

/* Nothing where the span is negative: it is not known. */
void record_span(struct json_t *record, const char *key, int64_t span);
void record_flag(struct json_t *record, const char *key, bool value);
void record_real(struct json_t *record, const char *key, double value);

/* A word of our own; text from outside, which may be anything, or NULL. */
void record_word(struct json_t *record, const char *key, const char *word);
void record_text(struct json_t *record, const char *key, const char *text);

/* The buckets that hold something, as an object of the record. */
void record_histogram(struct json_t *record, const char *key,
                      const struct histogram *histogram);

/* True when there is room for a record of what happens all the time.  Records that found none are
 * told of before, by an event. */
bool record_begin(struct output *output, struct wall wall);

/* Makes room for one that must not be missing: waits for the reader. */
void record_await(struct output *output, struct wall wall);

/* Writes the record as one line, and frees it. */
void record_write(struct json_t *record, struct output *output);
