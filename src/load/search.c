/* SPDX-License-Identifier: MIT */
#include "load/search.h"

#include <math.h>

void load_search_begin(struct load_search *search, double from, double least, double most)
{
	*search = (struct load_search){
		.rate = fmin(fmax(from, least), most),
		.least = least,
		.most = most,
	};
}

static double next_rate(const struct load_search *search)
{
	if (search->failed == 0)
		return fmin(2 * search->held, search->most);
	if (search->held == 0)
		return fmax(search->failed / 2, search->least);
	return sqrt(search->held * search->failed);
}

/* Nothing is left to try between what held and what failed, or beyond. */
static bool is_found(const struct load_search *search)
{
	if (search->steps == SEARCH_STEPS_MOST)
		return true;
	if (search->failed == 0)
		return search->held >= search->most;
	if (search->held == 0)
		return search->failed <= search->least;
	return search->failed <= search->held * SEARCH_PRECISION;
}

void load_search_tell(struct load_search *search, bool held)
{
	search->steps++;
	if (!held && !search->confirming) {
		search->confirming = true;
		search->finished = search->steps == SEARCH_STEPS_MOST;
		return;
	}
	search->confirming = false;
	if (held)
		search->held = search->rate;
	else
		search->failed = search->rate;
	search->finished = is_found(search);
	search->rate = next_rate(search);
}
