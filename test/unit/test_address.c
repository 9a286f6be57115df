/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "loopback.h"

TEST(literals_survive_being_read_and_written)
{
	static const char *const literals[] = {
		"0.0.0.0",     "127.0.0.1",        "255.255.255.255", "::",     "::1",
		"2001:db8::1", "::ffff:192.0.2.1", "fe80::1%lo",      "ff02::1"
	};

	for (size_t i = 0; i < COUNT(literals); i++) {
		struct address address;

		assert_int_equal(address_parse(literals[i], &address), 0);
		assert_int_equal(address_port(&address), 0);
		assert_string_equal(address_text(&address).text, literals[i]);
	}
}

TEST(names_and_near_misses_are_no_literals)
{
	static const char *const wrong[] = {
		"",
		"localhost",
		"127.1",
		"0x7f000001",
		"127.0.0.01x",
		"127.0.0.256",
		"1.2.3",
		"[::1]",
		":",
		":::",
		"::1::",
		"12345::",
		" ::1",
		"::1 ",
		"127.0.0.1:80",
		"127.0.0.1%lo",
		"1.2.3.4.5",
		"%lo",
		"2001:0db8:0000:0000:0000:0000:0000:0000:0001:0001:0001:0001:0001",
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct address address = { .v4 = { .sin_port = 42 } };

		assert_int_equal(address_parse(wrong[i], &address), -EINVAL);
		assert_int_equal(address.v4.sin_port, 42);
	}
}

TEST(a_zone_must_name_an_interface)
{
	struct address address;

	assert_int_equal(address_parse("fe80::1%nosuch0", &address), -ENODEV);
	assert_int_equal(address_parse("fe80::1%", &address), -ENODEV);
	assert_int_equal(address_parse("fe80::1%lo:\x1b[2J", &address), -ENODEV);
	assert_int_equal(address_parse("fe80::1%lo", &address), 0);
	assert_int_equal(address.v6.sin6_scope_id, if_nametoindex("lo"));
}

TEST(ports_are_shown_with_brackets_where_needed)
{
	struct address v4 = address_of("192.0.2.1", 80), v6 = address_of("2001:db8::1", 65535);
	struct address zoned = address_of("fe80::1%lo", 1);

	assert_string_equal(address_text_port(&v4).text, "192.0.2.1:80");
	assert_string_equal(address_text_port(&v6).text, "[2001:db8::1]:65535");
	assert_string_equal(address_text_port(&zoned).text, "[fe80::1%lo]:1");
	assert_int_equal(address_port(&v4), 80);
	assert_int_equal(address_port(&v6), 65535);
}

TEST(the_longest_address_fits_its_text)
{
	struct address address =
		address_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0%lo", 65535);

	assert_string_equal(address_text_port(&address).text,
	                    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0%lo]:65535");
}

static bool same(const char *a, const char *b)
{
	struct address x = address_of(a, 1), y = address_of(b, 2);

	assert_int_equal(address_same_host(&x, &y), address_same_host(&y, &x));
	return address_same_host(&x, &y);
}

TEST(the_same_host_has_any_port)
{
	assert_true(same("127.0.0.1", "127.0.0.1"));
	assert_true(same("::1", "0:0:0:0:0:0:0:1"));
	assert_false(same("127.0.0.1", "127.0.0.2"));
	assert_false(same("::1", "::2"));
	assert_false(same("192.0.2.1", "::ffff:192.0.2.1"));
}

TEST(zones_count_only_where_both_have_one)
{
	struct address a = address_of("fe80::1", 0), b = a;

	a.v6.sin6_scope_id = 1;
	assert_true(address_same_host(&a, &b));
	b.v6.sin6_scope_id = 2;
	assert_false(address_same_host(&a, &b));
	b.v6.sin6_scope_id = 1;
	assert_true(address_same_host(&a, &b));
}

TEST(an_address_never_set_has_no_length)
{
	struct address none = { 0 };
	struct address v4 = address_any(AF_INET), v6 = address_any(AF_INET6);

	assert_int_equal(address_length(&none), 0);
	assert_int_equal(address_length(&v4), sizeof(struct sockaddr_in));
	assert_int_equal(address_length(&v6), sizeof(struct sockaddr_in6));
}

TEST(special_addresses_are_known_for_what_they_are)
{
	static const struct {
		const char *literal;
		bool any, multicast, loopback, link_local;
	} cases[] = {
		{ "0.0.0.0", true, false, false, false },
		{ "::", true, false, false, false },
		{ "224.0.0.1", false, true, false, false },
		{ "239.255.255.255", false, true, false, false },
		{ "223.255.255.255", false, false, false, false },
		{ "240.0.0.0", false, false, false, false },
		{ "ff02::1", false, true, false, false },
		{ "127.0.0.1", false, false, true, false },
		{ "127.255.255.254", false, false, true, false },
		{ "128.0.0.1", false, false, false, false },
		{ "::1", false, false, true, false },
		{ "fe80::1", false, false, false, true },
		{ "febf::1", false, false, false, true },
		{ "fec0::1", false, false, false, false },
		{ "169.254.0.1", false, false, false, false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address address = address_of(cases[i].literal, 0);

		assert_int_equal(address_is_any(&address), cases[i].any);
		assert_int_equal(address_is_multicast(&address), cases[i].multicast);
		assert_int_equal(address_is_loopback(&address), cases[i].loopback);
		assert_int_equal(address_is_link_local(&address), cases[i].link_local);
	}
}

TEST(the_loopback_address_is_our_own_and_a_documents_is_not)
{
	struct address own = address_of("127.0.0.1", 0), foreign = address_of("192.0.2.1", 0);
	struct address foreign_v6 = address_of("2001:db8::1", 0);

	assert_int_equal(address_is_own(&own), 1);
	assert_int_equal(address_is_own(&foreign), 0);
	assert_int_equal(address_is_own(&foreign_v6), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_survive_being_read_and_written),
		cmocka_unit_test(names_and_near_misses_are_no_literals),
		cmocka_unit_test(a_zone_must_name_an_interface),
		cmocka_unit_test(ports_are_shown_with_brackets_where_needed),
		cmocka_unit_test(the_longest_address_fits_its_text),
		cmocka_unit_test(the_same_host_has_any_port),
		cmocka_unit_test(zones_count_only_where_both_have_one),
		cmocka_unit_test(an_address_never_set_has_no_length),
		cmocka_unit_test(special_addresses_are_known_for_what_they_are),
		cmocka_unit_test(the_loopback_address_is_our_own_and_a_documents_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
