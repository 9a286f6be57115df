/* SPDX-License-Identifier: MIT */
#include "service/turns.h"
#include "unit.h"

TEST(a_turn_lies_between_the_edges_of_its_bucket)
{
	for (size_t i = 0; i < TURNS_EDGES; i++) {
		assert_int_equal(turns_bucket(turns_edge(i)), i);
		assert_int_equal(turns_bucket(turns_edge(i) + 1), i + 1);
	}
	assert_int_equal(turns_bucket(0), 0);
	assert_int_equal(turns_bucket(INT64_MAX), TURNS_EDGES);
}

TEST(the_edges_double_from_a_microsecond_to_a_second)
{
	assert_int_equal(turns_edge(0), 1024);
	for (size_t i = 1; i < TURNS_EDGES; i++)
		assert_int_equal(turns_edge(i), 2 * turns_edge(i - 1));
	assert_int_equal(turns_edge(TURNS_EDGES - 1), 1073741824);
}

TEST(a_turn_counts_once_and_for_as_long_as_it_took)
{
	struct turns turns = { 0 };
	struct mono start = { NS_PER_SEC };

	turns_begin(&turns, start);
	turns_end(&turns, mono_add(start, 3000));
	turns_begin(&turns, mono_add(start, 9000));
	turns_end(&turns, mono_add(start, 9000 + 5 * NS_PER_SEC));
	assert_int_equal(counter_read(&turns.within[turns_bucket(3000)]), 1);
	assert_int_equal(counter_read(&turns.within[TURNS_EDGES]), 1);
	assert_int_equal(counter_read(&turns.total), 3000 + 5 * NS_PER_SEC);
}

TEST(only_a_turn_under_way_has_an_age)
{
	struct turns turns = { 0 };
	struct mono start = { NS_PER_SEC };

	assert_int_equal(turns_age(&turns, start), 0);
	turns_begin(&turns, start);
	assert_int_equal(turns_age(&turns, mono_add(start, 700)), 700);
	turns_end(&turns, mono_add(start, 800));
	assert_int_equal(turns_age(&turns, mono_add(start, 900)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_lies_between_the_edges_of_its_bucket),
		cmocka_unit_test(the_edges_double_from_a_microsecond_to_a_second),
		cmocka_unit_test(a_turn_counts_once_and_for_as_long_as_it_took),
		cmocka_unit_test(only_a_turn_under_way_has_an_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
