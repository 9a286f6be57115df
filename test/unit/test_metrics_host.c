/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "app/metrics_host.h"
#include "unit.h"

TEST(an_address_with_a_port_is_understood)
{
	struct address address;

	assert_int_equal(metrics_host_read("127.0.0.1:9464", &address, NULL), 0);
	assert_string_equal(address_text_port(&address).text, "127.0.0.1:9464");
	assert_int_equal(metrics_host_read("[::1]:0", &address, NULL), 0);
	assert_string_equal(address_text_port(&address).text, "[::1]:0");
}

TEST(anything_else_is_refused_by_one_sentence)
{
	static const char *const wrong[] = {
		"",           "9464",          ":9464",          "127.0.0.1",
		"[::1]",      "::1:9464",      "localhost:9464", "127.0.0.1:65536",
		"*:9464",     "127.0.0.1:",    "127.0.0.1:x",    "127.0.0.1:9464/metrics",
		"127.1:9464", "u@127.0.0.1:1", "http://[::1]:1",
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct address address;
		struct err err = { 0 };

		assert_int_equal(metrics_host_read(wrong[i], &address, &err), -EINVAL);
		assert_int_equal(err.text[0], '\'');
	}
}

TEST(who_names_this_host_and_port_means_us)
{
	static const char *const ours[] = { "localhost:9464", "LocalHost:9464",
		                            "127.0.0.1:9464", "127.1.2.3:9464", "[::1]:9464" };

	for (size_t i = 0; i < COUNT(ours); i++) {
		assert_true(metrics_host_is_loopback(ours[i], 9464));
		assert_false(metrics_host_is_loopback(ours[i], 9465));
	}
}

TEST(who_names_another_does_not)
{
	static const char *const others[] = {
		"",
		"localhost",
		"127.0.0.1",
		"evil.example:9464",
		"localhost.evil.example:9464",
		"127.0.0.1.evil.example:9464",
		"evil.example#127.0.0.1:9464",
		"evil.example/@127.0.0.1:9464",
		"evil@127.0.0.1:9464",
		"192.0.2.1:9464",
		"[2001:db8::1]:9464",
		"::1:9464",
		"0.0.0.0:9464",
		"127.0.0.1:9464 evil",
	};

	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(metrics_host_is_loopback(others[i], 9464));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_with_a_port_is_understood),
		cmocka_unit_test(anything_else_is_refused_by_one_sentence),
		cmocka_unit_test(who_names_this_host_and_port_means_us),
		cmocka_unit_test(who_names_another_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
