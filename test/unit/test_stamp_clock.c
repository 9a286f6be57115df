/* SPDX-License-Identifier: MIT */
#include "service/stamp_clock.h"
#include "unit.h"

static struct stamp_error claimed(const struct stamp_clock *clock, enum stamp_format format,
                                  bool read_late)
{
	struct stamp_error error;

	assert_int_equal(
		stamp_error_decode(stamp_clock_error(clock, format, read_late), &error), 0);
	assert_int_equal(error.format, format);
	return error;
}

TEST(it_claims_what_the_kernel_does_and_no_less)
{
	struct stamp_clock clock = { 0 };

	for (int synchronised = 0; synchronised < 2; synchronised++) {
		const struct synchrony synchrony = { .synchronised = synchronised,
			                             .maximum_error = 3 * NS_PER_MS };

		stamp_clock_set(&clock, &synchrony);
		for (int format = STAMP_NTP; format <= STAMP_PTP; format++) {
			struct stamp_error error =
				claimed(&clock, (enum stamp_format)format, false);

			assert_int_equal(error.synchronised, synchronised);
			assert_in_range(error.error, 3 * NS_PER_MS, 4 * NS_PER_MS);
			error = claimed(&clock, (enum stamp_format)format, true);
			assert_in_range(error.error, 13 * NS_PER_MS, 14 * NS_PER_MS);
		}
	}
}

TEST(the_kernel_is_asked_once_a_second)
{
	const struct synchrony other = { .maximum_error = 123 * NS_PER_SEC };
	struct mono now = { NS_PER_SEC };
	struct stamp_clock clock = { 0 };

	stamp_clock_turn(&clock, now);
	stamp_clock_set(&clock, &other);
	stamp_clock_turn(&clock, mono_add(now, NS_PER_SEC - 1));
	assert_true(claimed(&clock, STAMP_NTP, false).error >= 123 * NS_PER_SEC);
	stamp_clock_turn(&clock, mono_add(now, NS_PER_SEC));
	assert_true(claimed(&clock, STAMP_NTP, false).error < 123 * NS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_claims_what_the_kernel_does_and_no_less),
		cmocka_unit_test(the_kernel_is_asked_once_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
