/* SPDX-License-Identifier: MIT */
/* load_steps -- how a search for the highest rate is told (--find): each step, then what was found. */
#pragma once

#include <stdio.h>

#include "base/err.h"
#include "load/result.h"
#include "load/search.h"
#include "report/output.h"

struct load_step {
	const char *target;               /* as it was given */
	const char *wish;                 /* the expression that is to hold */
	const struct load_search *search; /* before it is told how the step went */
	const struct load_result *result; /* of the step */
	bool held;
	const char *finding; /* why: "p99 is 0.8 ms" */
};

/* Before the first step. */
void load_find_print(FILE *out, const char *wish);

void load_step_print(FILE *out, const struct load_step *step);
void load_step_json(struct output *output, const struct load_step *step);

/* hindered: a step failed in which the generator was the bottleneck. */
void load_found_print(FILE *out, const struct load_search *search, const char *wish,
                      bool hindered);
void load_found_json(struct output *output, const struct load_search *search,
                     const char *target, const char *wish, bool hindered);
