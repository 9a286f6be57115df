/* SPDX-License-Identifier: MIT */
#include "core/random.h"
#include "core/window.h"
#include "unit.h"

TEST(what_is_set_is_found_counted_and_cleared)
{
	uint64_t window[WINDOW_WORDS] = { 0 };

	window_set(window, 5);
	window_set(window, 63);
	window_set(window, 64);
	window_set(window, 200);
	assert_true(window_has(window, 63));
	assert_false(window_has(window, 62));
	assert_int_equal(window_count(window, 0, 201), 4);
	assert_int_equal(window_count(window, 6, 200), 2);
	assert_int_equal(window_count(window, 64, 64), 0);
	window_clear(window, 63, 65);
	assert_int_equal(window_count(window, 0, 201), 2);
}

TEST(numbers_without_end_come_round)
{
	uint64_t window[WINDOW_WORDS] = { 0 };
	uint64_t far = UINT64_C(5) * WINDOW_BITS - 3;

	for (uint64_t i = far; i < far + 6; i += 2)
		window_set(window, i);
	assert_int_equal(window_count(window, far, far + 6), 3);
	assert_true(window_has(window, far + 4 - WINDOW_BITS));
	window_clear(window, far, far + 10 * (uint64_t)WINDOW_BITS);
	assert_int_equal(window_count(window, far, far + WINDOW_BITS), 0);
}

TEST(a_count_is_that_of_single_looks)
{
	uint64_t window[WINDOW_WORDS] = { 0 };
	struct random random;

	random_seed(&random, 1);
	for (int i = 0; i < 400; i++)
		window_set(window, random_next(&random) % 1000);
	for (int i = 0; i < 500; i++) {
		uint64_t from = random_next(&random) % 1000, expected = 0;
		uint64_t to = from + random_next(&random) % (1001 - from);

		for (uint64_t j = from; j < to; j++)
			expected += window_has(window, j);
		assert_int_equal(window_count(window, from, to), expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_set_is_found_counted_and_cleared),
		cmocka_unit_test(numbers_without_end_come_round),
		cmocka_unit_test(a_count_is_that_of_single_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
