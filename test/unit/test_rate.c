/* SPDX-License-Identifier: MIT */

#include <arpa/inet.h>

#include "service/rate.h"
#include "unit.h"

enum { PER_SECOND = 1000 };

static const struct mono start = { 1000 * NS_PER_SEC };

static struct address at(const char *literal)
{
	struct address address;

	assert_int_equal(address_parse(literal, &address), 0);
	return address;
}

/* How many of count datagrams, spread over a span from now on, are answered. */
static int answered(struct rate *rate, const char *from, struct mono now, int count,
                    int64_t span)
{
	struct address address = at(from);
	int allowed = 0;

	for (int i = 0; i < count; i++)
		allowed += rate_allows(rate, &address, mono_add(now, span * i / count));
	return allowed;
}

static struct rate *limited(void)
{
	struct rate *rate = NULL;

	assert_int_equal(rate_new(&rate, PER_SECOND), 0);
	return rate;
}

TEST(at_its_rate_a_source_loses_nothing)
{
	struct rate *rate = limited();

	assert_int_equal(answered(rate, "192.0.2.1", start, 10 * PER_SECOND, 10 * NS_PER_SEC),
	                 10 * PER_SECOND);
	assert_int_equal(answered(rate, "2001:db8::1", start, 10 * PER_SECOND, 10 * NS_PER_SEC),
	                 10 * PER_SECOND);
	rate_free(rate);
}

TEST(a_burst_of_a_second_passes)
{
	struct rate *rate = limited();

	assert_int_equal(answered(rate, "192.0.2.1", start, PER_SECOND, 0), PER_SECOND);
	rate_free(rate);
}

TEST(beyond_its_rate_one_in_four_leaks)
{
	struct rate *rate = limited();
	int allowed = answered(rate, "192.0.2.1", start, 101 * PER_SECOND, 0);

	assert_in_range(allowed, PER_SECOND + 23 * PER_SECOND, PER_SECOND + 27 * PER_SECOND);
	rate_free(rate);
}

TEST(a_flood_is_one_prefix_s_and_harms_no_other)
{
	struct rate *rate = limited();

	(void)answered(rate, "192.0.2.1", start, 100 * PER_SECOND, 0);
	assert_true(answered(rate, "192.0.2.77", start, 1000, 0) < 500); /* the same /24 */
	assert_int_equal(answered(rate, "192.0.3.1", start, PER_SECOND, 0), PER_SECOND);
	(void)answered(rate, "2001:db8::1", start, 100 * PER_SECOND, 0);
	assert_true(answered(rate, "2001:db8::ffff", start, 1000, 0) < 500);
	assert_int_equal(answered(rate, "2001:db8:0:1::1", start, PER_SECOND, 0), PER_SECOND);
	rate_free(rate);
}

TEST(after_a_second_of_silence_all_is_forgiven)
{
	struct rate *rate = limited();
	struct mono later = mono_add(start, NS_PER_SEC);

	(void)answered(rate, "192.0.2.1", start, 100 * PER_SECOND, 0);
	assert_int_equal(answered(rate, "192.0.2.1", later, PER_SECOND, 0), PER_SECOND);
	rate_free(rate);
}

TEST(sources_without_number_silence_nobody)
{
	struct rate *rate = limited();
	struct address forged = at("10.0.0.1");

	for (uint32_t i = 0; i < 100000; i++) {
		forged.v4.sin_addr.s_addr = htonl(0x0a000001 + (i << 8));
		(void)rate_allows(rate, &forged, start);
	}
	assert_true(answered(rate, "192.0.2.1", start, PER_SECOND / 2, NS_PER_SEC) >=
	            PER_SECOND / 2);
	rate_free(rate);
}

TEST(loopback_has_no_limit)
{
	struct rate *rate = limited();

	assert_int_equal(answered(rate, "127.0.0.1", start, 10 * PER_SECOND, 0),
	                 10 * PER_SECOND);
	assert_int_equal(answered(rate, "::1", start, 10 * PER_SECOND, 0), 10 * PER_SECOND);
	rate_free(rate);
}

TEST(it_can_be_changed_taken_away_and_given_again)
{
	struct rate *rate = limited();

	rate_set(rate, 0);
	assert_int_equal(answered(rate, "192.0.2.1", start, 10 * PER_SECOND, 0),
	                 10 * PER_SECOND);
	rate_set(rate, PER_SECOND);
	assert_true(answered(rate, "192.0.2.1", start, 10 * PER_SECOND, 0) < 5 * PER_SECOND);
	rate_set(rate, INT64_C(20) * PER_SECOND);
	assert_int_equal(answered(rate, "198.51.100.1", start, PER_SECOND, 0), PER_SECOND);
	rate_free(rate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_its_rate_a_source_loses_nothing),
		cmocka_unit_test(a_burst_of_a_second_passes),
		cmocka_unit_test(beyond_its_rate_one_in_four_leaks),
		cmocka_unit_test(a_flood_is_one_prefix_s_and_harms_no_other),
		cmocka_unit_test(after_a_second_of_silence_all_is_forgiven),
		cmocka_unit_test(sources_without_number_silence_nobody),
		cmocka_unit_test(loopback_has_no_limit),
		cmocka_unit_test(it_can_be_changed_taken_away_and_given_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
