/* SPDX-License-Identifier: MIT */
#include "service/guard.h"
#include "unit.h"

/* As the promise has them, written once more on purpose. */
static const uint16_t listed[] = {
	0,   7,   9,   13,  17,  19,  37,  53,  67,   69,   111,  123,  137,  138,  161,   162,
	177, 389, 427, 500, 517, 518, 520, 862, 1701, 1900, 3702, 4500, 5353, 5355, 11211,
};

static size_t count_silent(const struct guard *guard)
{
	size_t count = 0;

	for (unsigned port = 0; port <= UINT16_MAX; port++)
		count += guard_is_silent(guard, (uint16_t)port);
	return count;
}

TEST(the_listed_ports_are_silent_and_no_other)
{
	struct guard guard;

	guard_init(&guard);
	for (size_t i = 0; i < COUNT(listed); i++)
		assert_true(guard_is_silent(&guard, listed[i]));
	assert_int_equal(count_silent(&guard), COUNT(listed));
}

TEST(a_port_is_silenced_and_allowed_without_its_neighbours)
{
	struct guard guard;

	guard_init(&guard);
	for (unsigned port = 60000; port <= UINT16_MAX; port++) {
		guard_silence(&guard, (uint16_t)port);
		assert_true(guard_is_silent(&guard, (uint16_t)port));
		assert_int_equal(count_silent(&guard), COUNT(listed) + 1);
		guard_allow(&guard, (uint16_t)port);
		assert_int_equal(count_silent(&guard), COUNT(listed));
		port += 97;
	}
	guard_allow(&guard, 53);
	assert_false(guard_is_silent(&guard, 53));
}

TEST(a_copy_says_what_the_other_says)
{
	static struct guard guard, wanted; /* too large for a stack */

	guard_init(&guard);
	guard_init(&wanted);
	guard_allow(&wanted, 53);
	guard_silence(&wanted, 8888);
	guard_copy(&guard, &wanted);
	assert_false(guard_is_silent(&guard, 53));
	assert_true(guard_is_silent(&guard, 8888));
	assert_int_equal(count_silent(&guard), count_silent(&wanted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_listed_ports_are_silent_and_no_other),
		cmocka_unit_test(a_port_is_silenced_and_allowed_without_its_neighbours),
		cmocka_unit_test(a_copy_says_what_the_other_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
