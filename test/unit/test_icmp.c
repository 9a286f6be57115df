/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "unit.h"
#include "wire/icmp.h"

enum { DATA = 16, REPLY = ICMP_HEADER_BYTES + DATA, PACKET_MAX = 128 };

/* The Internet checksum as RFC 1071 words it, apart from the product's. */
static uint16_t sum_of(const uint8_t *data, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

static void seal(uint8_t *packet, size_t length)
{
	uint16_t sum;

	packet[2] = packet[3] = 0;
	sum = (uint16_t)~sum_of(packet, length);
	packet[2] = (uint8_t)(sum >> 8);
	packet[3] = (uint8_t)sum;
}

static size_t reply_of(uint8_t *packet, enum icmp_version version)
{
	memset(packet, 0xa5, REPLY);
	icmp_write_request(packet, REPLY, version, 0x1234, 0x5678);
	packet[0] = version == ICMP_V4 ? 0 : 129;
	seal(packet, REPLY);
	return REPLY;
}

/* An error of this type and code about a request of ours, as routers send it. */
static size_t error_of(uint8_t *packet, enum icmp_version version, uint8_t type, uint8_t code)
{
	size_t ip = version == ICMP_V4 ? 20 : 40;
	uint8_t *quoted = packet + ICMP_HEADER_BYTES;
	size_t length = ICMP_HEADER_BYTES + ip + ICMP_HEADER_BYTES;

	memset(packet, 0, PACKET_MAX);
	packet[0] = type;
	packet[1] = code;
	quoted[0] = version == ICMP_V4 ? 0x45 : 0x60;
	quoted[version == ICMP_V4 ? 9 : 6] = version == ICMP_V4 ? 1 : 58;
	icmp_write_request(quoted + ip, ICMP_HEADER_BYTES, version, 0x1234, 0x5678);
	seal(packet, length);
	return length;
}

/* Reads a copy that ends where the packet ends, so that a byte too far is seen. */
static int read_exact(const uint8_t *packet, size_t length, enum icmp_version version,
                      bool check, struct icmp_message *out)
{
	uint8_t *copy = malloc(length ? length : 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, packet, length);
	result = icmp_read(copy, length, version, check, out);
	if (result == 0 && out->data)
		out->data = packet + (out->data - copy);
	free(copy);
	return result;
}

TEST(a_request_has_a_right_checksum)
{
	uint8_t packet[PACKET_MAX];
	struct random random;

	random_seed(&random, 1);
	for (size_t length = ICMP_HEADER_BYTES; length < PACKET_MAX; length++) {
		for (size_t i = 0; i < length; i++)
			packet[i] = (uint8_t)random_next(&random);
		icmp_write_request(packet, length, ICMP_V4, (uint16_t)random_next(&random),
		                   (uint16_t)random_next(&random));
		assert_int_equal(sum_of(packet, length), 0xffff);
		assert_int_equal(packet[0], 8);
	}
}

TEST(over_ipv6_the_checksum_is_left_to_the_kernel)
{
	uint8_t packet[ICMP_HEADER_BYTES] = { 0xff, 0xff, 0xff, 0xff };

	icmp_write_request(packet, sizeof(packet), ICMP_V6, 0x1234, 0x5678);
	assert_memory_equal(packet, "\x80\x00\x00\x00\x12\x34\x56\x78", 8);
}

TEST(a_reply_tells_whose_it_is_and_what_it_carries)
{
	for (int v = 0; v < 2; v++) {
		enum icmp_version version = v ? ICMP_V6 : ICMP_V4;
		uint8_t packet[PACKET_MAX];
		struct icmp_message message;
		size_t length = reply_of(packet, version);

		assert_int_equal(read_exact(packet, length, version, true, &message), 0);
		assert_int_equal(message.meaning, ICMP_MEANS_REPLY);
		assert_int_equal(message.identifier, 0x1234);
		assert_int_equal(message.sequence, 0x5678);
		assert_int_equal(message.length, DATA);
		assert_ptr_equal(message.data, packet + ICMP_HEADER_BYTES);
		assert_int_equal(message.error, 0);
	}
}

TEST(a_reply_without_data_is_a_reply)
{
	uint8_t packet[PACKET_MAX];
	struct icmp_message message;

	(void)reply_of(packet, ICMP_V4);
	seal(packet, ICMP_HEADER_BYTES);
	assert_int_equal(read_exact(packet, ICMP_HEADER_BYTES, ICMP_V4, true, &message), 0);
	assert_int_equal(message.length, 0);
}

TEST(one_flipped_bit_breaks_the_checksum)
{
	uint8_t packet[PACKET_MAX];
	struct icmp_message message;

	for (size_t bit = 0; bit < (size_t)REPLY * 8; bit++) {
		size_t length = reply_of(packet, ICMP_V4);

		packet[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(read_exact(packet, length, ICMP_V4, true, &message), -EBADMSG);
	}
}

TEST(an_odd_last_byte_counts_in_the_checksum)
{
	uint8_t packet[PACKET_MAX];
	struct icmp_message message;

	(void)reply_of(packet, ICMP_V4);
	seal(packet, REPLY - 1);
	assert_int_equal(read_exact(packet, REPLY - 1, ICMP_V4, true, &message), 0);
	packet[REPLY - 2] ^= 1;
	assert_int_equal(read_exact(packet, REPLY - 1, ICMP_V4, true, &message), -EBADMSG);
}

TEST(an_error_names_the_request_it_quotes)
{
	static const struct {
		enum icmp_version version;
		uint8_t type, code;
		int error;
	} cases[] = {
		{ ICMP_V4, 3, 0, -ENETUNREACH },   { ICMP_V4, 3, 1, -EHOSTUNREACH },
		{ ICMP_V4, 3, 3, -ECONNREFUSED },  { ICMP_V4, 3, 4, -EMSGSIZE },
		{ ICMP_V4, 3, 13, -EACCES },       { ICMP_V4, 3, 200, -EHOSTUNREACH },
		{ ICMP_V4, 11, 0, -ETIME },        { ICMP_V4, 12, 0, -EPROTO },
		{ ICMP_V6, 1, 0, -ENETUNREACH },   { ICMP_V6, 1, 1, -EACCES },
		{ ICMP_V6, 1, 3, -EHOSTUNREACH },  { ICMP_V6, 1, 4, -ECONNREFUSED },
		{ ICMP_V6, 1, 99, -EHOSTUNREACH }, { ICMP_V6, 2, 0, -EMSGSIZE },
		{ ICMP_V6, 3, 0, -ETIME },         { ICMP_V6, 4, 1, -EPROTO },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t packet[PACKET_MAX];
		struct icmp_message message;
		size_t length =
			error_of(packet, cases[i].version, cases[i].type, cases[i].code);

		assert_int_equal(read_exact(packet, length, cases[i].version, true, &message),
		                 0);
		assert_int_equal(message.meaning, ICMP_MEANS_REFUSAL);
		assert_int_equal(message.error, cases[i].error);
		assert_int_equal(message.identifier, 0x1234);
		assert_int_equal(message.sequence, 0x5678);
	}
}

TEST(every_unreachable_is_some_error_and_nothing_else_is)
{
	for (unsigned type = 0; type < 256; type++) {
		bool v4 = type == 3 || type == 11 || type == 12;
		bool v6 = type >= 1 && type <= 4;

		for (unsigned code = 0; code < 256; code++) {
			int a = icmp_error_of(ICMP_V4, (uint8_t)type, (uint8_t)code);
			int b = icmp_error_of(ICMP_V6, (uint8_t)type, (uint8_t)code);

			assert_true(v4 ? a < 0 : a == 0);
			assert_true(v6 ? b < 0 : b == 0);
		}
	}
}

TEST(what_is_cut_short_at_any_length_is_refused)
{
	for (int v = 0; v < 2; v++) {
		enum icmp_version version = v ? ICMP_V6 : ICMP_V4;
		uint8_t packet[PACKET_MAX];
		struct icmp_message message = { .error = 42 };
		size_t whole = error_of(packet, version, 3, 0);

		for (size_t length = 0; length < whole; length++)
			assert_int_equal(read_exact(packet, length, version, false, &message),
			                 -EBADMSG);
		(void)reply_of(packet, version);
		for (size_t length = 0; length < ICMP_HEADER_BYTES; length++)
			assert_int_equal(read_exact(packet, length, version, false, &message),
			                 -EBADMSG);
		assert_int_equal(message.error, 42);
	}
}

TEST(ip_options_in_a_quotation_are_skipped)
{
	uint8_t packet[PACKET_MAX];
	struct icmp_message message;
	uint8_t *quoted = packet + ICMP_HEADER_BYTES;

	(void)error_of(packet, ICMP_V4, 3, 1);
	memmove(quoted + 60, quoted + 20, ICMP_HEADER_BYTES);
	quoted[0] = 0x4f;
	assert_int_equal(read_exact(packet, ICMP_HEADER_BYTES + 60 + ICMP_HEADER_BYTES, ICMP_V4,
	                            false, &message),
	                 0);
	assert_int_equal(message.sequence, 0x5678);
	assert_int_equal(read_exact(packet, ICMP_HEADER_BYTES + 60, ICMP_V4, false, &message),
	                 -EBADMSG);
}

/* One byte of a good error is changed, and with it the error is about nothing of ours. */
static void assert_not_ours(enum icmp_version version, size_t at, uint8_t value)
{
	uint8_t packet[PACKET_MAX];
	struct icmp_message message;
	size_t length = error_of(packet, version, 3, 0);

	packet[at] = value;
	assert_int_equal(read_exact(packet, length, version, false, &message), -EBADMSG);
}

TEST(an_error_about_anything_but_an_echo_request_is_not_ours)
{
	assert_not_ours(ICMP_V4, 8, 0x65);     /* quotes another version of IP */
	assert_not_ours(ICMP_V4, 8, 0x44);     /* a header too short to be one */
	assert_not_ours(ICMP_V4, 8 + 9, 17);   /* UDP */
	assert_not_ours(ICMP_V4, 8 + 20, 0);   /* a reply of somebody's */
	assert_not_ours(ICMP_V6, 8, 0x40);     /* another version of IP */
	assert_not_ours(ICMP_V6, 8 + 6, 17);   /* UDP */
	assert_not_ours(ICMP_V6, 8 + 40, 129); /* a reply */
	assert_not_ours(ICMP_V4, 0, 8);        /* a request: of the loopback to itself */
	assert_not_ours(ICMP_V4, 0, 5);        /* a redirect */
	assert_not_ours(ICMP_V6, 0, 135);      /* a neighbour's solicitation */
}

TEST(the_ip_header_in_front_is_skipped_whole_or_refused)
{
	uint8_t packet[60] = { 0x45 };
	uint8_t ttl = 0, tos = 0;

	packet[1] = 0xb8;
	packet[8] = 57;
	assert_int_equal(icmp_skip_ip(packet, 20, &ttl, &tos), 20);
	assert_int_equal(ttl, 57);
	assert_int_equal(tos, 0xb8);
	assert_int_equal(icmp_skip_ip(packet, 19, &ttl, &tos), -EBADMSG);
	assert_int_equal(icmp_skip_ip(packet, 0, &ttl, &tos), -EBADMSG);
	packet[0] = 0x4f;
	assert_int_equal(icmp_skip_ip(packet, 60, &ttl, &tos), 60);
	assert_int_equal(icmp_skip_ip(packet, 59, &ttl, &tos), -EBADMSG);
	packet[0] = 0x44;
	assert_int_equal(icmp_skip_ip(packet, 60, &ttl, &tos), -EBADMSG);
	packet[0] = 0x65;
	assert_int_equal(icmp_skip_ip(packet, 60, &ttl, &tos), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_a_right_checksum),
		cmocka_unit_test(over_ipv6_the_checksum_is_left_to_the_kernel),
		cmocka_unit_test(a_reply_tells_whose_it_is_and_what_it_carries),
		cmocka_unit_test(a_reply_without_data_is_a_reply),
		cmocka_unit_test(one_flipped_bit_breaks_the_checksum),
		cmocka_unit_test(an_odd_last_byte_counts_in_the_checksum),
		cmocka_unit_test(an_error_names_the_request_it_quotes),
		cmocka_unit_test(every_unreachable_is_some_error_and_nothing_else_is),
		cmocka_unit_test(what_is_cut_short_at_any_length_is_refused),
		cmocka_unit_test(ip_options_in_a_quotation_are_skipped),
		cmocka_unit_test(an_error_about_anything_but_an_echo_request_is_not_ours),
		cmocka_unit_test(the_ip_header_in_front_is_skipped_whole_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
