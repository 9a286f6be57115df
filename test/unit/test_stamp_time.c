/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/random.h"
#include "unit.h"
#include "wire/stamp_time.h"

#define NOW ((struct wall){ INT64_C(1764342000123456789) })
/* 2036-02-07 06:28:16 UTC: the seconds of era 0 are used up. */
#define ERA_1 INT64_C(2085978496)
#define HALF_ERA (INT64_C(1) << 31)

static struct wall decoded(uint64_t time, enum stamp_format format, struct wall near)
{
	struct wall wall = { 42 };

	assert_int_equal(stamp_time_decode(time, format, near, &wall), 0);
	return wall;
}

static struct wall at(int64_t seconds, int64_t ns)
{
	return (struct wall){ seconds * NS_PER_SEC + ns };
}

TEST(ntp_counts_seconds_from_1900_and_parts_of_2_to_the_32)
{
	/* 1970-01-01 is 70 years with 17 leap days after 1900-01-01. */
	assert_int_equal(stamp_time_encode(at(0, 0), STAMP_NTP), UINT64_C(2208988800) << 32);
	assert_int_equal(stamp_time_encode(at(1, 500000000), STAMP_NTP),
	                 UINT64_C(2208988801) << 32 | 0x80000000);
	assert_int_equal(stamp_time_encode(at(1, 250000000), STAMP_NTP),
	                 UINT64_C(2208988801) << 32 | 0x40000000);
	/* 4.29 parts a nanosecond. */
	assert_int_equal(stamp_time_encode(at(0, 1), STAMP_NTP),
	                 UINT64_C(2208988800) << 32 | 4);
	assert_int_equal(stamp_time_encode(at(0, 999999999), STAMP_NTP),
	                 UINT64_C(2208988800) << 32 | 0xfffffffc);
}

TEST(ptp_counts_seconds_from_1970_and_nanoseconds)
{
	assert_int_equal(stamp_time_encode(at(0, 0), STAMP_PTP), 0);
	assert_int_equal(stamp_time_encode(at(1764342000, 123456789), STAMP_PTP),
	                 UINT64_C(1764342000) << 32 | 123456789);
}

TEST(what_is_written_and_read_is_the_same_to_the_nanosecond)
{
	struct random random;

	random_seed(&random, 1);
	for (int i = 0; i < 200000; i++) {
		struct wall wall = { (int64_t)(random_next(&random) >> 1) % (NOW.ns * 2) };
		struct wall near = { wall.ns + (int64_t)(random_next(&random) % 1000000000) };

		for (int f = STAMP_NTP; f <= STAMP_PTP; f++) {
			enum stamp_format format = (enum stamp_format)f;

			assert_int_equal(
				decoded(stamp_time_encode(wall, format), format, near).ns,
				wall.ns);
		}
	}
	for (int64_t ns = NS_PER_SEC - 5000; ns < NS_PER_SEC; ns++)
		assert_int_equal(
			decoded(stamp_time_encode(at(7, ns), STAMP_NTP), STAMP_NTP, NOW).ns,
			at(7, ns).ns);
}

TEST(every_fraction_is_read_to_its_nearest_nanosecond)
{
	uint64_t second = UINT64_C(2208988800) << 32;

	assert_int_equal(decoded(second | 2, STAMP_NTP, at(1, 0)).ns, 0); /* 0.466 ns */
	assert_int_equal(decoded(second | 3, STAMP_NTP, at(1, 0)).ns, 1); /* 0.698 ns */
	assert_int_equal(decoded(second | 0xfffffffd, STAMP_NTP, at(1, 0)).ns, 999999999);
	assert_int_equal(decoded(second | 0xffffffff, STAMP_NTP, at(1, 0)).ns, NS_PER_SEC);
}

TEST(the_era_is_that_of_whoever_reads_on_both_sides_of_2036)
{
	uint64_t last = UINT64_C(0xffffffff) << 32, first = 0;

	assert_int_equal(stamp_time_encode(at(ERA_1 - 1, 0), STAMP_NTP), last);
	assert_int_equal(stamp_time_encode(at(ERA_1, 0), STAMP_NTP), first);
	/* A peer is on the other side of the wrap already, or still. */
	assert_int_equal(decoded(first, STAMP_NTP, at(ERA_1 - 1, 999999999)).ns,
	                 at(ERA_1, 0).ns);
	assert_int_equal(decoded(last, STAMP_NTP, at(ERA_1, 0)).ns, at(ERA_1 - 1, 0).ns);
	/* And far from it on either side. */
	assert_int_equal(decoded(first, STAMP_NTP, at(ERA_1 + HALF_ERA - 1, 0)).ns,
	                 at(ERA_1, 0).ns);
	assert_int_equal(decoded(last, STAMP_NTP, at(ERA_1 - HALF_ERA, 0)).ns,
	                 at(ERA_1 - 1, 0).ns);
}

TEST(ptp_wraps_in_2106_and_is_read_across_it)
{
	int64_t wrap = INT64_C(1) << 32;

	assert_int_equal(stamp_time_encode(at(wrap, 5), STAMP_PTP), 5);
	assert_int_equal(decoded(5, STAMP_PTP, at(wrap - 1, 0)).ns, at(wrap, 5).ns);
	assert_int_equal(decoded(UINT64_C(0xffffffff) << 32, STAMP_PTP, at(wrap, 0)).ns,
	                 at(wrap - 1, 0).ns);
}

TEST(what_is_read_is_never_further_than_half_an_era_from_what_is_known)
{
	struct random random;

	random_seed(&random, 2);
	for (int i = 0; i < 100000; i++) {
		struct wall near = { (int64_t)(random_next(&random) >> 1) % (NOW.ns * 2) };
		int64_t away = decoded(random_next(&random), STAMP_NTP, near).ns - near.ns;

		assert_true(away >= -(HALF_ERA + 1) * NS_PER_SEC);
		assert_true(away <= (HALF_ERA + 1) * NS_PER_SEC);
	}
}

TEST(before_1970_seconds_are_whole_too)
{
	struct wall wall = { -1 };

	assert_int_equal(stamp_time_encode(wall, STAMP_PTP),
	                 UINT64_C(0xffffffff) << 32 | 999999999);
	assert_int_equal(decoded(stamp_time_encode(wall, STAMP_NTP), STAMP_NTP, at(0, 0)).ns,
	                 -1);
}

TEST(nanoseconds_that_make_a_second_are_no_part_of_one)
{
	struct wall wall = { 42 };

	assert_int_equal(stamp_time_decode(999999999, STAMP_PTP, at(0, 0), &wall), 0);
	assert_int_equal(wall.ns, 999999999);
	assert_int_equal(stamp_time_decode(1000000000, STAMP_PTP, at(0, 0), &wall), -EBADMSG);
	assert_int_equal(stamp_time_decode(0xffffffff, STAMP_PTP, at(0, 0), &wall), -EBADMSG);
	assert_int_equal(wall.ns, 999999999);
	/* In NTP they are 0.23 s. */
	assert_int_equal(stamp_time_decode(1000000000, STAMP_NTP, at(0, 0), &wall), 0);
}

static uint16_t field_of(int64_t error)
{
	return stamp_error_encode(&(struct stamp_error){ .error = error });
}

TEST(an_error_estimate_has_its_bits_where_the_rfc_has_them)
{
	struct stamp_error error = { .error = 0 };

	assert_int_equal(stamp_error_encode(&error), 0x0001);
	error.synchronised = true;
	assert_int_equal(stamp_error_encode(&error), 0x8001);
	error.format = STAMP_PTP;
	assert_int_equal(stamp_error_encode(&error), 0xc001);
	error.synchronised = false;
	assert_int_equal(stamp_error_encode(&error), 0x4001);
}

TEST(an_error_estimate_is_a_multiplier_and_a_power_of_two)
{
	assert_int_equal(field_of(1), 0x0005);  /* 4.29 units, rounded up */
	assert_int_equal(field_of(59), 0x00fe); /* 253.4 units */
	assert_int_equal(field_of(60), 0x0181); /* 257.7 units: 129 of two */
	/* 1 s is 2^32 units: 128 * 2^25. */
	assert_int_equal(field_of(NS_PER_SEC), 0x1980);
	assert_int_equal(field_of(16 * NS_PER_SEC), 0x1d80);
	assert_int_equal(field_of(-5), 0x0001);
}

static int64_t error_in(uint16_t field)
{
	struct stamp_error error = { 0 };

	assert_int_equal(stamp_error_decode(field, &error), 0);
	return error.error;
}

TEST(what_is_read_of_an_error_is_its_value_rounded_up)
{
	assert_int_equal(error_in(0x0001), 1);
	assert_int_equal(error_in(0x00ff), 60); /* 59.4 ns */
	assert_int_equal(error_in(0x1980), NS_PER_SEC);
	assert_int_equal(error_in(0x2001), NS_PER_SEC);
	assert_int_equal(error_in(0x20ff), 255 * NS_PER_SEC);
	/* More than 292 years is for ever. */
	assert_int_equal(error_in(0x3fff), INT64_MAX);
	assert_true(error_in(0x3f01) < INT64_MAX);
}

static void assert_never_smaller(int64_t error)
{
	int64_t again = error_in(field_of(error));

	assert_true(again >= error);
	/* Eight bits are kept, so less than 1/128 is added, and the rounding to whole ns. */
	assert_true(again - error <= error / 128 + 2);
}

TEST(an_error_that_was_written_is_never_read_smaller)
{
	struct random random;

	random_seed(&random, 3);
	for (int64_t error = 0; error < 100000; error++)
		assert_never_smaller(error);
	for (int i = 0; i < 200000; i++)
		assert_never_smaller(
			(int64_t)(random_next(&random) >> (1 + random_next(&random) % 62)));
	assert_never_smaller(INT64_C(9223372036) * NS_PER_SEC);
	assert_never_smaller(HALF_ERA * NS_PER_SEC);
	assert_never_smaller(HALF_ERA * NS_PER_SEC - 1);
	assert_never_smaller(HALF_ERA * NS_PER_SEC + 1);
	assert_int_equal(error_in(field_of(INT64_MAX)), INT64_MAX);
}

TEST(a_multiplier_of_zero_tells_no_error_but_the_two_bits)
{
	struct stamp_error error = { .error = 42 };

	assert_int_equal(stamp_error_decode(0xd900, &error), -EBADMSG);
	assert_true(error.synchronised);
	assert_int_equal(error.format, STAMP_PTP);
	assert_int_equal(error.error, INT64_MAX);
	assert_int_equal(stamp_error_decode(0x0000, &error), -EBADMSG);
	assert_false(error.synchronised);
	assert_int_equal(error.format, STAMP_NTP);
}

TEST(every_other_field_has_a_meaning)
{
	for (unsigned field = 0; field <= 0xffff; field++) {
		struct stamp_error error;
		int result = stamp_error_decode((uint16_t)field, &error);

		assert_int_equal(result, field & 0xff ? 0 : -EBADMSG);
		assert_int_equal(error.synchronised, field >> 15);
		assert_int_equal(error.format, field >> 14 & 1);
		assert_true(error.error > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ntp_counts_seconds_from_1900_and_parts_of_2_to_the_32),
		cmocka_unit_test(ptp_counts_seconds_from_1970_and_nanoseconds),
		cmocka_unit_test(what_is_written_and_read_is_the_same_to_the_nanosecond),
		cmocka_unit_test(every_fraction_is_read_to_its_nearest_nanosecond),
		cmocka_unit_test(the_era_is_that_of_whoever_reads_on_both_sides_of_2036),
		cmocka_unit_test(ptp_wraps_in_2106_and_is_read_across_it),
		cmocka_unit_test(
			what_is_read_is_never_further_than_half_an_era_from_what_is_known),
		cmocka_unit_test(before_1970_seconds_are_whole_too),
		cmocka_unit_test(nanoseconds_that_make_a_second_are_no_part_of_one),
		cmocka_unit_test(an_error_estimate_has_its_bits_where_the_rfc_has_them),
		cmocka_unit_test(an_error_estimate_is_a_multiplier_and_a_power_of_two),
		cmocka_unit_test(what_is_read_of_an_error_is_its_value_rounded_up),
		cmocka_unit_test(an_error_that_was_written_is_never_read_smaller),
		cmocka_unit_test(a_multiplier_of_zero_tells_no_error_but_the_two_bits),
		cmocka_unit_test(every_other_field_has_a_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
