/* SPDX-License-Identifier: MIT */
#include <sys/timex.h>

#include "core/synchrony.h"
#include "unit.h"

TEST(a_disciplined_clock_is_synchronised)
{
	struct timex timex = {
		.status = STA_PLL | STA_NANO, .esterror = 12, .maxerror = 3456, .tai = 37
	};
	struct synchrony synchrony = synchrony_of(TIME_OK, &timex);

	assert_true(synchrony.synchronised);
	assert_int_equal(synchrony.error, 12000);
	assert_int_equal(synchrony.maximum_error, 3456000);
	assert_int_equal(synchrony.tai_offset, 37);
	/* A leap second ahead takes nothing from it. */
	assert_true(synchrony_of(TIME_INS, &timex).synchronised);
	assert_true(synchrony_of(TIME_WAIT, &timex).synchronised);
}

TEST(either_sign_of_the_kernel_s_is_enough_to_doubt_it)
{
	struct timex unsynced = { .status = STA_PLL | STA_UNSYNC };
	struct timex fine = { .status = STA_PLL };

	assert_false(synchrony_of(TIME_OK, &unsynced).synchronised);
	assert_false(synchrony_of(TIME_ERROR, &fine).synchronised);
}

TEST(a_kernel_that_does_not_tell_is_not_believed)
{
	struct timex timex = { .status = STA_PLL, .esterror = 1, .maxerror = 1, .tai = 37 };
	struct synchrony synchrony = synchrony_of(-1, &timex);

	assert_false(synchrony.synchronised);
	assert_int_equal(synchrony.error, INT64_C(16000000000));
	assert_int_equal(synchrony.maximum_error, INT64_C(16000000000));
	assert_int_equal(synchrony.tai_offset, 0);
}

TEST(this_kernel_tells_something_that_can_be)
{
	struct synchrony synchrony = synchrony_now();

	assert_true(synchrony.error >= 0);
	assert_true(synchrony.maximum_error >= 0);
	assert_in_range(synchrony.tai_offset, 0, 100);
	if (synchrony.synchronised)
		assert_true(synchrony.maximum_error <= INT64_C(16000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disciplined_clock_is_synchronised),
		cmocka_unit_test(either_sign_of_the_kernel_s_is_enough_to_doubt_it),
		cmocka_unit_test(a_kernel_that_does_not_tell_is_not_believed),
		cmocka_unit_test(this_kernel_tells_something_that_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
