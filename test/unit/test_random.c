/* SPDX-License-Identifier: MIT */
#include "core/random.h"
#include "unit.h"

enum { DRAWS = 10000 };

TEST(the_same_seed_gives_the_same_numbers)
{
	struct random a, b;

	random_seed(&a, 7);
	random_seed(&b, 7);
	for (int i = 0; i < DRAWS; i++)
		assert_int_equal(random_next(&a), random_next(&b));
}

TEST(another_seed_gives_others)
{
	struct random a, b;
	int same = 0;

	random_seed(&a, 7);
	random_seed(&b, 8);
	for (int i = 0; i < DRAWS; i++)
		same += random_next(&a) == random_next(&b);
	assert_int_equal(same, 0);
}

TEST(a_seeded_sequence_is_split_mix)
{
	struct random random;

	/* The first numbers of the reference implementation for this seed. */
	random_seed(&random, 1234567);
	assert_int_equal(random_next(&random), UINT64_C(6457827717110365317));
	assert_int_equal(random_next(&random), UINT64_C(3203168211198807973));
	assert_int_equal(random_next(&random), UINT64_C(9817491932198370423));
}

/* Every bit is set about half of the time: over 10 000 draws within 6 standard deviations. */
static void assert_even(struct random *random)
{
	int ones[64] = { 0 };

	for (int i = 0; i < DRAWS; i++) {
		uint64_t value = random_next(random);

		for (int bit = 0; bit < 64; bit++)
			ones[bit] += (int)(value >> bit & 1);
	}
	for (int bit = 0; bit < 64; bit++)
		assert_in_range(ones[bit], DRAWS / 2 - 300, DRAWS / 2 + 300);
}

TEST(every_bit_is_as_often_set_as_not)
{
	struct random kernel, seeded;

	random_init(&kernel);
	random_seed(&seeded, 9);
	assert_even(&kernel);
	assert_even(&seeded);
}

TEST(the_kernels_numbers_do_not_repeat)
{
	struct random a, b;
	uint64_t last = 0;

	random_init(&a);
	random_init(&b);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t value = random_next(&a);

		assert_true(value != last && value != random_next(&b));
		last = value;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_gives_the_same_numbers),
		cmocka_unit_test(another_seed_gives_others),
		cmocka_unit_test(a_seeded_sequence_is_split_mix),
		cmocka_unit_test(every_bit_is_as_often_set_as_not),
		cmocka_unit_test(the_kernels_numbers_do_not_repeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
