/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "core/random.h"
#include "load/search.h"
#include "unit.h"

/* A server that keeps the promise up to its knee; noise is the share of steps that fail below it. */
struct server {
	double knee, noise;
	struct random random;
};

static bool holds(struct server *server, double rate)
{
	double chance = (double)(random_next(&server->random) >> 11) * 0x1p-53;

	return rate <= server->knee && chance >= server->noise;
}

static struct load_search look_for(struct server *server, double from)
{
	struct load_search search;

	random_seed(&server->random, 1);
	load_search_begin(&search, from, 1, 1e7);
	while (!search.finished)
		load_search_tell(&search, holds(server, search.rate));
	return search;
}

TEST(the_knee_is_found_within_two_per_cent_in_few_steps)
{
	for (int i = 0; i < 48; i++) {
		double knee = 1.3 * pow(1.37, i);
		struct server server = { .knee = knee };
		struct load_search search = look_for(&server, 100);

		assert_true(search.held <= knee);
		assert_true(search.held * SEARCH_PRECISION >= knee * (1 - 1e-9));
		assert_in_range(search.steps, 1, 30);
	}
}

TEST(usual_servers_take_some_twenty_steps)
{
	for (int i = 0; i < 60; i++) {
		struct server server = { .knee = 100 * pow(1.1, i) };

		assert_in_range(look_for(&server, 100).steps, 1, 23);
	}
}

TEST(a_step_that_fails_by_chance_does_not_mislead_it)
{
	unsigned misled = 0, runs = 170;

	for (unsigned i = 0; i < runs; i++) {
		struct server server = { .knee = 200 * pow(1.05, i), .noise = 0.05 };

		misled += look_for(&server, 100).held < server.knee / 1.1;
	}
	/* Twice in a row is one of 400 steps, of which each run has some ten below the knee. */
	assert_true(misled * 10 < runs);
}

TEST(a_first_rate_that_is_too_high_is_halved)
{
	struct server server = { .knee = 37 };
	struct load_search search = look_for(&server, 5000);

	assert_true(search.held > 37 / 1.05 && search.held <= 37);
}

TEST(what_nothing_keeps_is_found_to_be_nothing)
{
	struct server server = { .knee = 0 };
	struct load_search search = look_for(&server, 100);

	assert_true(search.finished);
	assert_true(search.held == 0);
	assert_true(search.failed <= 1);
}

TEST(what_never_fails_ends_at_the_most)
{
	struct server server = { .knee = 1e9 };
	struct load_search search = look_for(&server, 100);

	assert_true(search.held >= 1e7);
	assert_true(search.failed == 0);
}

TEST(a_failure_is_tried_again_at_the_same_rate)
{
	struct load_search search;

	load_search_begin(&search, 100, 1, 1e7);
	load_search_tell(&search, true);
	double tried = search.rate;

	load_search_tell(&search, false);
	assert_true(search.confirming);
	assert_true(fabs(search.rate - tried) < 1e-9);
	assert_true(search.failed == 0);
	load_search_tell(&search, true);
	assert_false(search.confirming);
	assert_true(fabs(search.held - tried) < 1e-9);
}

TEST(it_ends_whatever_it_is_told)
{
	struct load_search search;
	struct random random;
	unsigned steps = 0;

	random_seed(&random, 7);
	load_search_begin(&search, 100, 1, 1e7);
	for (; !search.finished; steps++)
		load_search_tell(&search, random_next(&random) & 1);
	assert_in_range(steps, 1, SEARCH_STEPS_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_knee_is_found_within_two_per_cent_in_few_steps),
		cmocka_unit_test(usual_servers_take_some_twenty_steps),
		cmocka_unit_test(a_step_that_fails_by_chance_does_not_mislead_it),
		cmocka_unit_test(a_first_rate_that_is_too_high_is_halved),
		cmocka_unit_test(what_nothing_keeps_is_found_to_be_nothing),
		cmocka_unit_test(what_never_fails_ends_at_the_most),
		cmocka_unit_test(a_failure_is_tried_again_at_the_same_rate),
		cmocka_unit_test(it_ends_whatever_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
