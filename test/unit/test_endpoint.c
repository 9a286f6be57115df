/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/endpoint.h"
#include "unit.h"

static const char *const kinds[] = { "icmp", "tcp", "tcp-echo", "udp-echo", "pong", NULL };

static void assert_endpoint(const char *text, const char *kind, const char *host, int port)
{
	struct endpoint endpoint;

	assert_int_equal(endpoint_parse(text, kinds, &endpoint, NULL), 0);
	assert_string_equal(endpoint.kind, kind);
	assert_string_equal(endpoint.host, host);
	assert_int_equal(endpoint.port, port);
}

TEST(kind_host_and_port_are_taken_apart)
{
	assert_endpoint("tcp-echo://127.0.0.1:8888", "tcp-echo", "127.0.0.1", 8888);
	assert_endpoint("udp-echo://example.com", "udp-echo", "example.com", -1);
	assert_endpoint("tcp://example.com:0", "tcp", "example.com", 0);
	assert_endpoint("tcp://under_score.example:65535", "tcp", "under_score.example", 65535);
	assert_endpoint("pong://*:42422", "pong", "*", 42422);
	assert_endpoint("tcp://host:00080", "tcp", "host", 80);
}

TEST(a_kind_may_be_written_in_capitals)
{
	assert_endpoint("TCP-Echo://Example.COM:7", "tcp-echo", "Example.COM", 7);
	assert_endpoint("HTTPS://example.com", "tcp", "example.com", 443);
	assert_endpoint("PONG", "pong", "", -1);
}

TEST(ipv6_stands_in_brackets_zones_and_all)
{
	assert_endpoint("tcp-echo://[::1]:8888", "tcp-echo", "::1", 8888);
	assert_endpoint("udp-echo://[fe80::1%lo]", "udp-echo", "fe80::1%lo", -1);
	assert_endpoint("[::1]", "", "::1", -1);
}

TEST(a_plain_word_is_a_host_or_a_kind)
{
	assert_endpoint("example.com", "", "example.com", -1);
	assert_endpoint("127.0.0.1", "", "127.0.0.1", -1);
	assert_endpoint("::1", "", "::1", -1);
	assert_endpoint("fe80::1%lo", "", "fe80::1%lo", -1);
	assert_endpoint("pong", "pong", "", -1);
	assert_endpoint("tcp-echo", "tcp-echo", "", -1);
	assert_endpoint("*", "", "*", -1);
	assert_endpoint("tcp.example", "", "tcp.example", -1);
}

TEST(path_query_and_fragment_mean_nothing)
{
	assert_endpoint("tcp://host:80/path?query", "tcp", "host", 80);
	assert_endpoint("tcp://host?a@b", "tcp", "host", -1);
	assert_endpoint("tcp://[::1]:80#top", "tcp", "::1", 80);
	assert_endpoint("tcp://host/a://b", "tcp", "host", -1);
}

TEST(a_url_is_asked_by_the_handshake_of_its_port)
{
	struct endpoint endpoint;

	assert_endpoint("https://example.com/", "tcp", "example.com", 443);
	assert_endpoint("http://example.com", "tcp", "example.com", 80);
	assert_endpoint("http://[::1]:8080/index.html", "tcp", "::1", 8080);
	assert_int_equal(endpoint_parse("https://example.com/", kinds, &endpoint, NULL), 0);
	assert_true(endpoint.url);
	assert_int_equal(endpoint_parse("tcp://example.com/", kinds, &endpoint, NULL), 0);
	assert_false(endpoint.url);
}

/* Each with a word of the sentence that must say why. */
static const struct {
	const char *text, *why;
} wrong[] = {
	{ "", "empty" },
	{ "://", "names no kind" },
	{ "://host", "names no kind" },
	{ "tcp://", "no host" },
	{ "tcp:///path", "no host" },
	{ "tcp://:80", "no host" },
	{ "tcp://?query", "no host" },
	{ "ftp://host", "unknown kind 'ftp'" },
	{ "tpc://host", "did you mean 'tcp'" },
	{ "udp-ehco://host", "did you mean 'udp-echo'" },
	{ "tcp ://host", "unknown kind" },
	{ "tcp-echo://[::1", "']' is missing" },
	{ "tcp-echo://[]", "not an IPv6 address" },
	{ "tcp-echo://[127.0.0.1]", "not an IPv6 address" },
	{ "tcp-echo://[example.com]:80", "not an IPv6 address" },
	{ "tcp-echo://[::1]x", "only a port may follow" },
	{ "tcp-echo://[::1]80", "only a port may follow" },
	{ "tcp-echo://[::1]:", "a port is" },
	{ "tcp-echo://[::1]]:80", "only a port may follow" },
	{ "tcp-echo://[fe80::1%nosuch0]", "names no interface" },
	{ "tcp-echo://::1", "needs brackets" },
	{ "tcp-echo://::1:80", "needs brackets" },
	{ "tcp-echo://2001:db8::1", "needs brackets" },
	{ "udp-echo://host:99999", "a port is" },
	{ "udp-echo://host:65536", "a port is" },
	{ "udp-echo://host:", "a port is" },
	{ "udp-echo://host:-1", "a port is" },
	{ "udp-echo://host:-0", "a port is" },
	{ "udp-echo://host:+80", "a port is" },
	{ "udp-echo://host:http", "a port is" },
	{ "udp-echo://host:80x", "a port is" },
	{ "udp-echo://host: 80", "a port is" },
	{ "udp-echo://host:99999999999999999999", "a port is" },
	{ "udp-echo://host:0x50", "a port is" },
	{ "tcp://user@host", "user name" },
	{ "tcp://user:secret@host:80", "user name" },
	{ "user@host", "user name" },
	{ "tcp://ho st", "not a host name" },
	{ "tcp://-host", "not a host name" },
	{ "tcp://.host", "not a host name" },
	{ "tcp://ho\nst", "not a host name" },
	{ "tcp://h\xc3\xb6st", "not a host name" },
	{ "tcp://\xff", "not a host name" },
	{ "tcp://**", "not a host name" },
	{ "tcp://host%lo", "not a host name" },
	{ "tcp://127.0.0.1%lo", "not a host name" },
	{ "tcp:\\\\host", "lacks the" },
	{ "host:443", "did you mean 'tcp://host:443'" },
	{ "127.0.0.1:80", "did you mean 'tcp://127.0.0.1:80'" },
	{ "[::1]:80", "did you mean 'tcp://[::1]:80'" },
	{ "[::1", "']' is missing" },
	{ "[host]", "not an IPv6 address" },
	{ ":80", "not a host name" },
	{ "host/path", "not a host name" },
	{ "a b", "not a host name" },
	{ "-n", "not a host name" },
	{ "\x1b[2J", "not a host name" },
};

TEST(every_wrong_endpoint_gets_one_sentence_that_says_why)
{
	assert_true(COUNT(wrong) >= 40);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct endpoint endpoint = { .port = 42 };
		struct err err = { 0 };

		if (endpoint_parse(wrong[i].text, kinds, &endpoint, &err) != -EINVAL)
			fail_msg("'%s' was taken for an endpoint", wrong[i].text);
		if (!strstr(err.text, wrong[i].why))
			fail_msg("'%s' does not say '%s'", err.text, wrong[i].why);
		assert_null(strchr(err.text, '\n'));
		assert_int_equal(endpoint.port, 42);
	}
}

TEST(a_host_has_at_most_253_characters)
{
	char text[400];
	struct endpoint endpoint;

	for (size_t length = 250; length < 260; length++) {
		(void)snprintf(text, sizeof(text), "tcp://");
		memset(text + 6, 'h', length);
		(void)snprintf(text + 6 + length, sizeof(text) - 6 - length, ":80");
		int result = endpoint_parse(text, kinds, &endpoint, NULL);

		assert_int_equal(result, length <= HOST_MAX ? 0 : -EINVAL);
		assert_true(result < 0 || strlen(endpoint.host) == length);
		assert_int_equal(endpoint_parse(text + 6, kinds, &endpoint, NULL), -EINVAL);
	}
}

TEST(four_kilobytes_of_anything_are_refused_in_one_sentence)
{
	static const char *const starts[] = {
		"",  "tcp://", "tcp://[",    "tcp://[fe80::1%", "tcp://host:",
		"[", "::",     "tcp://user@"
	};
	char text[4200];

	for (size_t i = 0; i < COUNT(starts); i++) {
		struct endpoint endpoint;
		struct err err = { 0 };
		size_t length = strlen(starts[i]);

		memcpy(text, starts[i], length);
		memset(text + length, 'a', sizeof(text) - length - 1);
		text[sizeof(text) - 1] = '\0';
		assert_int_equal(endpoint_parse(text, kinds, &endpoint, &err), -EINVAL);
		assert_true(strlen(err.text) > 0 && strlen(err.text) < 400);
	}
}

TEST(what_was_read_is_written_the_same_way)
{
	static const char *const texts[] = {
		"tcp-echo://127.0.0.1:8888", "udp-echo://[::1]:8888", "pong://*:42422",
		"tcp://[fe80::1%lo]:1",      "icmp://example.com",    "tcp://host:0",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct endpoint endpoint;

		assert_int_equal(endpoint_parse(texts[i], kinds, &endpoint, NULL), 0);
		assert_string_equal(
			endpoint_text(endpoint.kind, endpoint.host, endpoint.port).text,
			texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kind_host_and_port_are_taken_apart),
		cmocka_unit_test(a_kind_may_be_written_in_capitals),
		cmocka_unit_test(ipv6_stands_in_brackets_zones_and_all),
		cmocka_unit_test(a_plain_word_is_a_host_or_a_kind),
		cmocka_unit_test(path_query_and_fragment_mean_nothing),
		cmocka_unit_test(a_url_is_asked_by_the_handshake_of_its_port),
		cmocka_unit_test(every_wrong_endpoint_gets_one_sentence_that_says_why),
		cmocka_unit_test(a_host_has_at_most_253_characters),
		cmocka_unit_test(four_kilobytes_of_anything_are_refused_in_one_sentence),
		cmocka_unit_test(what_was_read_is_written_the_same_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
