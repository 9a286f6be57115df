/* SPDX-License-Identifier: MIT */
#include "app/watchdog.h"
#include "unit.h"

#define PATIENCE (10 * NS_PER_SEC)

static const struct mono start = { 5 * NS_PER_SEC };

static struct mono at(int64_t span)
{
	return mono_add(start, span);
}

TEST(it_is_fed_at_half_of_the_patience_while_all_turn)
{
	uint64_t turns[] = { 7, 1, 3 };
	struct watchdog watchdog;

	watchdog_init(&watchdog, PATIENCE, start);
	for (int i = 1; i <= 10; i++) {
		assert_int_equal(watchdog.due.ns, at(i * PATIENCE / 2).ns);
		assert_false(watchdog_feeds(&watchdog, at(i * PATIENCE / 2 - 1), turns,
		                            COUNT(turns)));
		for (size_t w = 0; w < COUNT(turns); w++)
			turns[w]++;
		assert_true(
			watchdog_feeds(&watchdog, at(i * PATIENCE / 2), turns, COUNT(turns)));
	}
}

TEST(one_worker_that_hangs_starves_it_whichever_it_is)
{
	for (size_t hung = 0; hung < 3; hung++) {
		uint64_t turns[] = { 1, 1, 1 };
		struct watchdog watchdog;

		watchdog_init(&watchdog, PATIENCE, start);
		assert_true(watchdog_feeds(&watchdog, at(PATIENCE / 2), turns, COUNT(turns)));
		for (int i = 1; i < 100; i++) {
			for (size_t w = 0; w < COUNT(turns); w++)
				turns[w] += w != hung;
			assert_false(
				watchdog_feeds(&watchdog, watchdog.due, turns, COUNT(turns)));
		}
	}
}

TEST(a_worker_that_is_late_is_looked_at_again_within_the_patience)
{
	uint64_t turns[] = { 1, 1 };
	struct watchdog watchdog;

	watchdog_init(&watchdog, PATIENCE, start);
	assert_true(watchdog_feeds(&watchdog, at(PATIENCE / 2), turns, COUNT(turns)));
	turns[0]++;
	assert_false(watchdog_feeds(&watchdog, at(PATIENCE), turns, COUNT(turns)));
	assert_true(mono_before(watchdog.due, at(PATIENCE * 3 / 2)));
	turns[1]++;
	assert_true(watchdog_feeds(&watchdog, watchdog.due, turns, COUNT(turns)));
}

TEST(without_a_watchdog_nothing_is_ever_due)
{
	uint64_t turns[] = { 1 };
	struct watchdog watchdog;

	watchdog_init(&watchdog, 0, start);
	assert_int_equal(watchdog.due.ns, MONO_NEVER.ns);
	assert_false(watchdog_feeds(&watchdog, at(PATIENCE), turns, COUNT(turns)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_fed_at_half_of_the_patience_while_all_turn),
		cmocka_unit_test(one_worker_that_hangs_starves_it_whichever_it_is),
		cmocka_unit_test(a_worker_that_is_late_is_looked_at_again_within_the_patience),
		cmocka_unit_test(without_a_watchdog_nothing_is_ever_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
