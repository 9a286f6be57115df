/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdatomic.h>

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

static void *take_time(void *argument)
{
	const atomic_bool *enough = argument;

	while (!atomic_load(enough))
		;
	return NULL;
}

TEST(the_processor_time_of_a_thread_is_read_from_another_while_it_lives)
{
	atomic_bool enough = false;
	pthread_t thread;
	struct cpu_clock clock = { 0 };
	int64_t span = 0, last = 0;

	assert_int_equal(pthread_create(&thread, NULL, take_time, &enough), 0);
	assert_int_equal(cpu_clock_of(thread, &clock), 0);
	while (span < 2 * NS_PER_MS) {
		assert_int_equal(cpu_clock_read(clock, &span), 0);
		assert_true(span >= last);
		last = span;
	}
	atomic_store(&enough, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	while (cpu_clock_read(clock, &span) == 0) /* it ends a moment after it was joined */
		last = span;
	assert_int_equal(cpu_clock_read(clock, &span), -EINVAL);
	assert_int_equal(span, last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(monotonic_time_never_goes_back),
		cmocka_unit_test(a_known_instant_is_never_zero),
		cmocka_unit_test(never_is_later_than_any_instant),
		cmocka_unit_test(a_span_added_is_the_span_between),
		cmocka_unit_test(a_machine_is_not_suspended_for_less_than_nothing),
		cmocka_unit_test(
			the_processor_time_of_a_thread_is_read_from_another_while_it_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
