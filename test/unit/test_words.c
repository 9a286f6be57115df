/* SPDX-License-Identifier: MIT */
#include "report/words.h"
#include "reports.h"

TEST(a_share_has_three_digits_and_is_never_all_of_less_than_all)
{
	static const struct {
		double ratio;
		const char *text;
	} cases[] = {
		{ 0, "0%" },
		{ 0.25, "25%" },
		{ 1.0 / 3, "33.3%" },
		{ 1, "100%" },
		{ 0.0001, "0.01%" },
		{ 0.9999, "99.99%" },
		{ 0.999999, "99.9999%" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(share_text(cases[i].ratio).text, cases[i].text);
}

TEST(the_network_is_known_only_where_both_stamps_are_the_kernels)
{
	struct asked asked;

	asked_init(&asked, "x", NULL);
	struct sample sample = unit_sample(&asked, 1, FATE_ANSWERED, 7000);

	assert_int_equal(network_span(&sample), 7000);
	sample.tx = TAKEN_USER;
	assert_int_equal(network_span(&sample), -1);
	sample.tx = TAKEN_KERNEL;
	sample.left.ns = sample.arrived.ns = 0;
	sample.span = 6000;
	assert_int_equal(network_span(&sample), 6000);
	asked_done(&asked);
}

TEST(a_span_of_more_digits_than_anybody_wants_is_rounded)
{
	assert_string_equal(span_text_ms(5 * NS_PER_SEC + 1234).text, "5s");
	assert_string_equal(span_text_ms(1).text, "0s");
	assert_string_equal(span_text_ms(1500600 * NS_PER_US).text, "1.501s");
}

TEST(sizes_have_three_digits_and_the_unit_that_suits_them)
{
	assert_string_equal(size_text(0).text, "0 bytes");
	assert_string_equal(size_text(999).text, "999 bytes");
	assert_string_equal(size_text(1000).text, "0.977 KiB");
	assert_string_equal(size_text(1536).text, "1.5 KiB");
	assert_string_equal(size_text(1023.9 * 1024 * 1024).text, "1 GiB");
	assert_string_equal(size_text(2e15).text, "1.82e+03 TiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_has_three_digits_and_is_never_all_of_less_than_all),
		cmocka_unit_test(the_network_is_known_only_where_both_stamps_are_the_kernels),
		cmocka_unit_test(a_span_of_more_digits_than_anybody_wants_is_rounded),
		cmocka_unit_test(sizes_have_three_digits_and_the_unit_that_suits_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
