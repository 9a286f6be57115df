/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "relay/policy.h"
#include "unit.h"

static struct address address_of(const char *literal)
{
	struct address address = { 0 };

	assert_int_equal(address_parse(literal, &address), 0);
	return address;
}

/* What the address is called when it is refused under a policy that allows some blocks, "" when
 * it may be asked. */
static const char *refused_as(const char *literal, const char *const *allowed)
{
	struct address address = address_of(literal);
	struct policy policy = { 0 };

	for (; allowed && *allowed; allowed++)
		assert_int_equal(policy_allow(&policy, *allowed, NULL), 0);
	const char *what = policy_refusal(&policy, &address);

	return what ? what : "";
}

/* "" = open to all. */
static const struct {
	const char *literal, *what;
} table[] = {
	/* The ends of each block of IPv4, and their neighbours. */
	{ "0.0.0.0", "this network" },
	{ "0.255.255.255", "this network" },
	{ "1.0.0.0", "" },
	{ "9.255.255.255", "" },
	{ "10.0.0.0", "private" },
	{ "10.255.255.255", "private" },
	{ "11.0.0.0", "" },
	{ "100.63.255.255", "" },
	{ "100.64.0.0", "carrier" },
	{ "100.127.255.255", "carrier" },
	{ "100.128.0.0", "" },
	{ "126.255.255.255", "" },
	{ "127.0.0.1", "loopback" },
	{ "127.255.255.255", "loopback" },
	{ "128.0.0.0", "" },
	{ "169.253.255.255", "" },
	{ "169.254.169.254", "link-local" },
	{ "169.255.0.0", "" },
	{ "172.15.255.255", "" },
	{ "172.16.0.0", "private" },
	{ "172.31.255.255", "private" },
	{ "172.32.0.0", "" },
	{ "191.255.255.255", "" },
	{ "192.0.0.0", "IETF" },
	{ "192.0.0.8", "IETF" },
	{ "192.0.0.9", "" },
	{ "192.0.0.10", "" },
	{ "192.0.0.11", "IETF" },
	{ "192.0.0.170", "IETF" },
	{ "192.0.0.255", "IETF" },
	{ "192.0.1.0", "" },
	{ "192.0.2.1", "documentation" },
	{ "192.0.3.0", "" },
	{ "192.31.196.1", "" },
	{ "192.52.193.1", "" },
	{ "192.88.98.255", "" },
	{ "192.88.99.1", "6to4" },
	{ "192.88.100.0", "" },
	{ "192.167.255.255", "" },
	{ "192.168.0.0", "private" },
	{ "192.168.255.255", "private" },
	{ "192.169.0.0", "" },
	{ "192.175.48.1", "" },
	{ "198.17.255.255", "" },
	{ "198.18.0.0", "benchmarking" },
	{ "198.19.255.255", "benchmarking" },
	{ "198.20.0.0", "" },
	{ "198.51.99.255", "" },
	{ "198.51.100.7", "documentation" },
	{ "198.51.101.0", "" },
	{ "203.0.113.9", "documentation" },
	{ "203.0.114.0", "" },
	{ "223.255.255.255", "" },
	{ "224.0.0.1", "multicast" },
	{ "239.255.255.255", "multicast" },
	{ "240.0.0.0", "reserved" },
	{ "255.255.255.254", "reserved" },
	{ "255.255.255.255", "broadcast" },
	/* IPv6: closed but for what was given out as global unicast. */
	{ "::", "unspecified" },
	{ "::1", "loopback" },
	{ "::2", "not globally" },
	{ "::127.0.0.1", "not globally" },
	{ "::8.8.8.8", "not globally" },
	{ "100::", "discard" },
	{ "100::ffff:ffff:ffff:ffff", "discard" },
	{ "100:0:0:1::", "dummy" },
	{ "100::1:ffff:ffff:ffff:ffff", "dummy" },
	{ "100:0:0:2::", "not globally" },
	{ "1fff:ffff::1", "not globally" },
	{ "2001::1", "Teredo" },
	{ "2001:0:4136:e378:8000:63bf:f7f7:f7f7", "Teredo" },
	{ "2001:1::", "IETF" },
	{ "2001:1::1", "" },
	{ "2001:1::2", "" },
	{ "2001:1::3", "" },
	{ "2001:1::4", "IETF" },
	{ "2001:1:0:1::1", "IETF" },
	{ "2001:2::1", "benchmarking" },
	{ "2001:2:0:ffff:ffff:ffff:ffff:ffff", "benchmarking" },
	{ "2001:2:1::", "IETF" },
	{ "2001:3::1", "" },
	{ "2001:4::1", "IETF" },
	{ "2001:4:112::1", "" },
	{ "2001:4:113::1", "IETF" },
	{ "2001:10::1", "IETF" },
	{ "2001:1f:ffff::1", "IETF" },
	{ "2001:20::1", "" },
	{ "2001:2f:ffff::1", "" },
	{ "2001:30::1", "" },
	{ "2001:3f:ffff::1", "" },
	{ "2001:40::1", "IETF" },
	{ "2001:1ff:ffff::1", "IETF" },
	{ "2001:200::1", "" },
	{ "2001:db7:ffff::1", "" },
	{ "2001:db8::1", "documentation" },
	{ "2001:db9::1", "" },
	{ "2001:4860:4860::8888", "" },
	{ "2600:9::1", "" },
	{ "2620:4f:8000::1", "" },
	{ "3ffe:ffff::1", "" },
	{ "3fff::1", "documentation" },
	{ "3fff:fff:ffff::1", "documentation" },
	{ "3fff:1000::1", "" },
	{ "4000::1", "not globally" },
	{ "5f00::1", "segment routing" },
	{ "fbff::1", "not globally" },
	{ "fc00::1", "private" },
	{ "fdff:ffff::1", "private" },
	{ "fe00::1", "not globally" },
	{ "fe80::1", "link-local" },
	{ "febf::1", "link-local" },
	{ "fec0::1", "not globally" },
	{ "ff02::1", "multicast" },
	{ "ff0e::1", "multicast" },
	/* IPv4 inside of IPv6. */
	{ "::ffff:8.8.8.8", "" },
	{ "::ffff:127.0.0.1", "loopback" },
	{ "::ffff:0.0.0.0", "this network" },
	{ "::ffff:169.254.169.254", "link-local" },
	{ "::ffff:255.255.255.255", "broadcast" },
	{ "::ffff:0:127.0.0.1", "not globally" },
	{ "64:ff9b::8.8.8.8", "" },
	{ "64:ff9b::127.0.0.1", "loopback" },
	{ "64:ff9b::10.1.2.3", "private" },
	{ "64:ff9b::255.255.255.255", "broadcast" },
	{ "64:ff9b:0:0:0:1::", "not globally" },
	{ "64:ff9b:1::8.8.8.8", "NAT64" },
	{ "64:ff9b:1:ffff::127.0.0.1", "NAT64" },
	{ "2002:808:808::1", "" },
	{ "2002:7f00:1::1", "loopback" },
	{ "2002:c0a8:101::8.8.8.8", "private" },
	{ "2002:e000:1::", "multicast" },
	{ "2003:7f00:1::1", "" },
};

TEST(each_address_is_what_the_registries_say)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *what = refused_as(table[i].literal, NULL);
		bool right =
			*table[i].what ? strstr(what, table[i].what) != NULL : *what == '\0';

		if (!right)
			print_error("%s: '%s', not '%s'\n", table[i].literal, what,
			            table[i].what);
		assert_true(right);
	}
}

#define ALLOWED(...) ((const char *const[]){ __VA_ARGS__, NULL })

TEST(an_allowed_block_opens_what_it_holds_and_nothing_else)
{
	const char *const *allowed = ALLOWED("10.1.0.0/16", "192.168.7.9", "fd00:1::/32");

	assert_string_equal(refused_as("10.1.0.0", allowed), "");
	assert_string_equal(refused_as("10.1.255.255", allowed), "");
	assert_string_not_equal(refused_as("10.0.255.255", allowed), "");
	assert_string_not_equal(refused_as("10.2.0.0", allowed), "");
	assert_string_equal(refused_as("192.168.7.9", allowed), "");
	assert_string_not_equal(refused_as("192.168.7.8", allowed), "");
	assert_string_equal(refused_as("fd00:1:ffff::1", allowed), "");
	assert_string_not_equal(refused_as("fd00:2::1", allowed), "");
	assert_string_not_equal(refused_as("127.0.0.1", allowed), "");
	assert_string_equal(refused_as("8.8.8.8", allowed), "");
}

TEST(blocks_need_not_end_at_a_byte_nor_begin_at_their_first_address)
{
	assert_string_equal(refused_as("10.127.255.255", ALLOWED("10.1.2.3/9")), "");
	assert_string_not_equal(refused_as("10.128.0.0", ALLOWED("10.1.2.3/9")), "");
	assert_string_equal(refused_as("127.0.0.1", ALLOWED("0.0.0.0/0")), "");
	assert_string_equal(refused_as("255.255.255.255", ALLOWED("128.0.0.0/1")), "");
	assert_string_equal(refused_as("fe80::1", ALLOWED("fe80::/9")), "");
	assert_string_equal(refused_as("::1", ALLOWED("::1/128")), "");
	assert_string_equal(refused_as("::", ALLOWED("::/128")), "");
}

TEST(one_family_does_not_open_the_other)
{
	assert_string_not_equal(refused_as("127.0.0.1", ALLOWED("::/0")), "");
	assert_string_not_equal(refused_as("::ffff:127.0.0.1", ALLOWED("::/0")), "");
	assert_string_not_equal(refused_as("::1", ALLOWED("0.0.0.0/0")), "");
}

TEST(a_mapped_address_is_the_ipv4_address)
{
	assert_string_equal(refused_as("::ffff:127.0.0.1", ALLOWED("127.0.0.1/32")), "");
	assert_string_equal(refused_as("127.0.0.1", ALLOWED("::ffff:127.0.0.0/104")), "");
	assert_string_not_equal(refused_as("10.0.0.1", ALLOWED("::ffff:127.0.0.0/104")), "");
}

TEST(what_is_wrapped_and_what_wraps_are_both_needed)
{
	/* A wrapping that is open by itself: what it carries decides. */
	assert_string_equal(refused_as("64:ff9b::127.0.0.1", ALLOWED("127.0.0.1/32")), "");
	assert_string_equal(refused_as("2002:7f00:1::1", ALLOWED("127.0.0.1/32")), "");
	assert_string_not_equal(refused_as("64:ff9b::127.0.0.2", ALLOWED("127.0.0.1/32")), "");
	assert_string_not_equal(refused_as("64:ff9b::127.0.0.1", ALLOWED("::/0")), "");
	/* One that is not: both. */
	assert_string_not_equal(refused_as("::127.0.0.1", ALLOWED("127.0.0.1/32")), "");
	assert_string_not_equal(refused_as("::127.0.0.1", ALLOWED("::/96")), "");
	assert_string_equal(refused_as("::127.0.0.1", ALLOWED("::/96", "127.0.0.1/32")), "");
	assert_string_equal(refused_as("64:ff9b:1::8.8.8.8", ALLOWED("64:ff9b:1::/48")), "");
	assert_string_not_equal(refused_as("64:ff9b:1::10.0.0.1", ALLOWED("64:ff9b:1::/48")),
	                        "");
}

TEST(teredo_has_a_server_and_a_client_and_both_are_judged)
{
	const char *const *teredo = ALLOWED("2001::/32");

	/* 65.54.227.120 and 8.8.8.8, the latter upside down */
	assert_string_equal(refused_as("2001:0:4136:e378:8000:63bf:f7f7:f7f7", teredo), "");
	assert_string_not_equal(refused_as("2001:0:7f00:1:8000:63bf:f7f7:f7f7", teredo), "");
	assert_string_not_equal(refused_as("2001:0:4136:e378:8000:63bf:80ff:fffe", teredo), "");
	assert_string_equal(refused_as("2001:0:4136:e378:8000:63bf:80ff:fffe",
	                               ALLOWED("2001::/32", "127.0.0.0/8")),
	                    "");
}

TEST(a_wrong_block_is_one_sentence_with_the_culprit)
{
	static const char *const wrong[] = {
		"",
		"/",
		"/8",
		"1.2.3/8",
		"1.2.3.4/",
		"127.0.0.1/33",
		"::1/129",
		"::1/-1",
		"localhost/8",
		"127.0.0.1/8x",
		"127.0.0.1/ 8",
		" 127.0.0.1/8",
		"[::1]/128",
		"*",
		"0x7f.1/8",
		"fe80::1%lo/64",
		"1.2.3.4/8/8",
		"1111:2222:3333:4444:5555:6666:1111:2222:3333:4444:5555:6666:1111:2222/8",
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct policy policy = { 0 };
		struct err err = { 0 };

		assert_int_equal(policy_allow(&policy, wrong[i], &err), -EINVAL);
		assert_int_equal(policy.allowed_count, 0);
		assert_true(*wrong[i] == '\0' || strchr(err.text, wrong[i][0]));
		assert_non_null(strchr(err.text, '\''));
		assert_null(strchr(err.text, '\n'));
	}
}

TEST(there_is_room_for_so_many_blocks_and_no_more)
{
	struct policy policy = { 0 };

	for (int i = 0; i < POLICY_ALLOWED_MAX; i++)
		assert_int_equal(policy_allow(&policy, "10.0.0.0/8", NULL), 0);
	assert_int_equal(policy_allow(&policy, "10.0.0.0/8", NULL), -EINVAL);
}

TEST(an_address_is_written_in_one_way_only)
{
	struct address mapped = address_of("::ffff:192.0.2.1"), zoned = address_of("2600:9::1");
	struct address expected = address_of("192.0.2.1"), local = address_of("fe80::1%lo");

	mapped.v6.sin6_port = htons(7);
	struct address plain = policy_unwrap(&mapped);

	assert_true(address_same_host(&plain, &expected));
	assert_int_equal(address_port(&plain), 7);
	zoned.v6.sin6_scope_id = 1;
	zoned.v6.sin6_flowinfo = 1;
	plain = policy_unwrap(&zoned);
	assert_int_equal(plain.v6.sin6_scope_id, 0);
	assert_int_equal(plain.v6.sin6_flowinfo, 0);
	plain = policy_unwrap(&local);
	assert_int_equal(plain.v6.sin6_scope_id, local.v6.sin6_scope_id);
}

TEST(something_that_is_no_address_is_refused)
{
	struct policy policy = { 0 };
	struct address nothing = { 0 };

	assert_non_null(policy_refusal(&policy, &nothing));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_is_what_the_registries_say),
		cmocka_unit_test(an_allowed_block_opens_what_it_holds_and_nothing_else),
		cmocka_unit_test(
			blocks_need_not_end_at_a_byte_nor_begin_at_their_first_address),
		cmocka_unit_test(one_family_does_not_open_the_other),
		cmocka_unit_test(a_mapped_address_is_the_ipv4_address),
		cmocka_unit_test(what_is_wrapped_and_what_wraps_are_both_needed),
		cmocka_unit_test(teredo_has_a_server_and_a_client_and_both_are_judged),
		cmocka_unit_test(a_wrong_block_is_one_sentence_with_the_culprit),
		cmocka_unit_test(there_is_room_for_so_many_blocks_and_no_more),
		cmocka_unit_test(an_address_is_written_in_one_way_only),
		cmocka_unit_test(something_that_is_no_address_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
