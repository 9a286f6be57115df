/* SPDX-License-Identifier: MIT */
/* search -- the highest rate at which something still holds, found in few steps (--find).
 *
 *   rate  from  x2   x2   x2          bisected (by ratio) to SEARCH_PRECISION
 *         held  held held failed .... held failed held
 *                         failed      `-- a failure counts when it was confirmed once
 *
 * The search is told how each step went and says what to try next; it measures nothing itself.  What
 * fails at the first rate is looked for below it, by halves.  A step may fail by chance, where the
 * machine was busy: it is made once more, and only the second failure counts.
 */
#pragma once

#include "base/base.h"

#define SEARCH_PRECISION 1.02 /* the end: what failed is no more above what held than that */

enum { SEARCH_STEPS_MOST = 40 };

struct load_search {
	double rate;   /* to be tried next, a second */
	double held;   /* the highest that held; 0 = none did */
	double failed; /* the lowest whose failure was confirmed; 0 = none was */
	double least, most;
	unsigned steps; /* so far */
	bool confirming;
	bool finished;
};

/* Rates to be tried lie in [least, most], the first is `from` among them. */
void load_search_begin(struct load_search *search, double from, double least, double most);

/* How the step at search->rate went. */
void load_search_tell(struct load_search *search, bool held);
