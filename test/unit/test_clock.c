/* SPDX-License-Identifier: MIT */
#include "core/clock.h"
#include "unit.h"

TEST(monotonic_time_never_goes_back)
{
	struct mono last = clock_mono();

	for (int i = 0; i < 100000; i++) {
		struct mono now = clock_mono();

		assert_false(mono_before(now, last));
		last = now;
	}
}

TEST(a_known_instant_is_never_zero)
{
	assert_true(mono_known(clock_mono()));
	assert_true(clock_wall().ns > 0);
	assert_false(mono_known((struct mono){ 0 }));
}

TEST(never_is_later_than_any_instant)
{
	assert_true(mono_before(clock_mono(), MONO_NEVER));
	assert_int_equal(mono_earlier(clock_mono(), MONO_NEVER).ns < INT64_MAX, true);
	assert_int_equal(mono_earlier(MONO_NEVER, MONO_NEVER).ns, INT64_MAX);
}

TEST(a_span_added_is_the_span_between)
{
	struct mono start = { 5 * NS_PER_SEC };

	assert_int_equal(mono_since(mono_add(start, 123), start), 123);
	assert_true(mono_since(start, mono_add(start, 123)) == -123);
	assert_true(mono_before(start, mono_add(start, 1)));
	assert_false(mono_before(start, start));
}

TEST(a_machine_is_not_suspended_for_less_than_nothing)
{
	/* The two clocks are read one after the other, so a moment may lie between. */
	assert_true(clock_suspended() > -NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(monotonic_time_never_goes_back),
		cmocka_unit_test(a_known_instant_is_never_zero),
		cmocka_unit_test(never_is_later_than_any_instant),
		cmocka_unit_test(a_span_added_is_the_span_between),
		cmocka_unit_test(a_machine_is_not_suspended_for_less_than_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
