/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "unit.h"
#include "wire/stamp.h"

enum { PACKET_MAX = 160 };

#define NOW ((struct wall){ INT64_C(1764342000123456789) })

/* RFC 8762 section 4.2.1, with the SSID of RFC 8972 section 3. */
static const uint8_t open_request[STAMP_OPEN_BYTES] = {
	0x01, 0x02, 0x03, 0x04,                         /* Sequence Number */
	0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, /* Timestamp */
	0x81, 0x22,                                     /* Error Estimate */
	0x31, 0x32,                                     /* SSID */
};                                                      /* MBZ, 28 octets */

/* RFC 8762 section 4.3.1, with the SSID of RFC 8972 section 3. */
static const uint8_t open_reply[STAMP_OPEN_BYTES] = {
	0x01, 0x02, 0x03, 0x04,                         /* Sequence Number */
	0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, /* Timestamp */
	0x81, 0x22,                                     /* Error Estimate */
	0x31, 0x32,                                     /* SSID */
	0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, /* Receive Timestamp */
	0x51, 0x52, 0x53, 0x54,                         /* Session-Sender Sequence Number */
	0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, /* Session-Sender Timestamp */
	0x01, 0x72,                                     /* Session-Sender Error Estimate */
	0x00, 0x00,                                     /* MBZ: no SSID here */
	0x81,                                           /* Ses-Sender TTL */
	0x00, 0x00, 0x00,                               /* MBZ */
};

/* RFC 8762 section 4.2.2, RFC 8972 section 3. */
static const uint8_t authenticated_request[STAMP_AUTHENTICATED_BYTES] = {
	0x01, 0x02, 0x03, 0x04,                         /* Sequence Number */
	0,    0,    0,    0,    0,    0,    0,    0,    /* MBZ, */
	0,    0,    0,    0,                            /* 12 octets */
	0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, /* Timestamp */
	0x81, 0x22,                                     /* Error Estimate */
	0x31, 0x32,                                     /* SSID */
};                                                      /* MBZ, 68 octets; HMAC, 16 octets */

/* RFC 8762 section 4.3.2, RFC 8972 section 3. */
static const uint8_t authenticated_reply[STAMP_AUTHENTICATED_BYTES] = {
	0x01, 0x02, 0x03, 0x04,                         /* Sequence Number */
	0,    0,    0,    0,    0,    0,    0,    0,    /* MBZ, */
	0,    0,    0,    0,                            /* 12 octets */
	0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, /* Timestamp */
	0x81, 0x22,                                     /* Error Estimate */
	0x31, 0x32,                                     /* SSID */
	0,    0,    0,    0,                            /* MBZ, 4 octets */
	0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, /* Receive Timestamp */
	0,    0,    0,    0,    0,    0,    0,    0,    /* MBZ, 8 octets */
	0x51, 0x52, 0x53, 0x54,                         /* Session-Sender Sequence Number */
	0,    0,    0,    0,    0,    0,    0,    0,    /* MBZ, */
	0,    0,    0,    0,                            /* 12 octets */
	0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, /* Session-Sender Timestamp */
	0x01, 0x72,                                     /* Session-Sender Error Estimate */
	0,    0,    0,    0,    0,    0,                /* MBZ, 6 octets: no SSID here */
	0x81,                                           /* Ses-Sender TTL */
};                                                      /* MBZ, 15 octets; HMAC, 16 octets */

static const uint8_t *const requests[] = { open_request, authenticated_request };
static const uint8_t *const replies[] = { open_reply, authenticated_reply };

static const struct stamp_request request = {
	.sequence = 0x01020304,
	.time = UINT64_C(0x1112131415161718),
	.error = 0x8122,
	.ssid = 0x3132,
};

static const struct stamp_reply reply = {
	.sequence = 0x01020304,
	.time = UINT64_C(0x1112131415161718),
	.error = 0x8122,
	.ssid = 0x3132,
	.received = UINT64_C(0x4142434445464748),
	.sender_sequence = 0x51525354,
	.sender_time = UINT64_C(0x6162636465666768),
	.sender_error = 0x0172,
	.sender_ttl = 0x81,
};

static void assert_requests_equal(const struct stamp_request *a, const struct stamp_request *b)
{
	assert_int_equal(a->sequence, b->sequence);
	assert_int_equal(a->time, b->time);
	assert_int_equal(a->error, b->error);
	assert_int_equal(a->ssid, b->ssid);
}

static void assert_replies_equal(const struct stamp_reply *a, const struct stamp_reply *b)
{
	assert_int_equal(a->sequence, b->sequence);
	assert_int_equal(a->time, b->time);
	assert_int_equal(a->error, b->error);
	assert_int_equal(a->ssid, b->ssid);
	assert_int_equal(a->received, b->received);
	assert_int_equal(a->sender_sequence, b->sender_sequence);
	assert_int_equal(a->sender_time, b->sender_time);
	assert_int_equal(a->sender_error, b->sender_error);
	assert_int_equal(a->sender_ttl, b->sender_ttl);
}

/* Copies that end where the packet ends, so that an octet too far is seen. */
static int read_request(const uint8_t *packet, size_t length, enum stamp_mode mode,
                        struct stamp_request *out)
{
	uint8_t *copy = malloc(length ? length : 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, packet, length);
	result = stamp_read_request(copy, length, mode, out);
	free(copy);
	return result;
}

static int read_reply(const uint8_t *packet, size_t length, enum stamp_mode mode,
                      struct stamp_reply *out)
{
	uint8_t *copy = malloc(length ? length : 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, packet, length);
	result = stamp_read_reply(copy, length, mode, out);
	free(copy);
	return result;
}

TEST(a_request_has_its_fields_where_the_rfc_has_them)
{
	for (enum stamp_mode mode = STAMP_OPEN; mode <= STAMP_AUTHENTICATED; mode++) {
		uint8_t packet[PACKET_MAX];
		struct stamp_request read;

		memset(packet, 0xee, sizeof(packet));
		stamp_write_request(packet, mode, &request);
		assert_memory_equal(packet, requests[mode], stamp_bytes(mode));
		assert_int_equal(packet[stamp_bytes(mode)], 0xee);
		assert_int_equal(read_request(requests[mode], stamp_bytes(mode), mode, &read),
		                 0);
		assert_requests_equal(&read, &request);
	}
}

TEST(a_reply_has_its_fields_where_the_rfc_has_them)
{
	for (enum stamp_mode mode = STAMP_OPEN; mode <= STAMP_AUTHENTICATED; mode++) {
		uint8_t packet[PACKET_MAX];
		struct stamp_reply read;

		memset(packet, 0xee, sizeof(packet));
		stamp_write_reply(packet, sizeof(packet), mode, &reply);
		assert_memory_equal(packet, replies[mode], stamp_bytes(mode));
		assert_int_equal(packet[stamp_bytes(mode)], 0xee);
		assert_int_equal(read_reply(replies[mode], stamp_bytes(mode), mode, &read), 0);
		assert_replies_equal(&read, &reply);
	}
}

TEST(the_ssid_stands_in_one_place_only)
{
	static const size_t elsewhere[] = { 38, 74 };

	for (enum stamp_mode mode = STAMP_OPEN; mode <= STAMP_AUTHENTICATED; mode++) {
		struct stamp_reply only_ssid = { .ssid = 0xabcd };
		uint8_t packet[STAMP_AUTHENTICATED_BYTES];
		int there = 0;

		stamp_write_reply(packet, sizeof(packet), mode, &only_ssid);
		for (size_t i = 0; i < stamp_bytes(mode); i++)
			there += packet[i] != 0;
		assert_int_equal(there, 2);
		assert_int_equal(packet[elsewhere[mode]], 0);
		assert_int_equal(packet[elsewhere[mode] + 1], 0);
	}
}

TEST(every_field_of_a_request_comes_back)
{
	struct random random;

	random_seed(&random, 1);
	for (int i = 0; i < 20000; i++) {
		enum stamp_mode mode = i % 2 ? STAMP_AUTHENTICATED : STAMP_OPEN;
		struct stamp_request read, written = {
			.sequence = (uint32_t)random_next(&random),
			.time = random_next(&random),
			.error = (uint16_t)random_next(&random),
			.ssid = (uint16_t)random_next(&random),
		};
		uint8_t packet[STAMP_AUTHENTICATED_BYTES];

		stamp_write_request(packet, mode, &written);
		assert_int_equal(read_request(packet, stamp_bytes(mode), mode, &read), 0);
		assert_requests_equal(&read, &written);
	}
}

static struct stamp_reply random_reply(struct random *random)
{
	return (struct stamp_reply){
		.sequence = (uint32_t)random_next(random),
		.time = random_next(random),
		.error = (uint16_t)random_next(random),
		.ssid = (uint16_t)random_next(random),
		.received = random_next(random),
		.sender_sequence = (uint32_t)random_next(random),
		.sender_time = random_next(random),
		.sender_error = (uint16_t)random_next(random),
		.sender_ttl = (uint8_t)random_next(random),
	};
}

TEST(every_field_of_a_reply_comes_back)
{
	struct random random;

	random_seed(&random, 2);
	for (int i = 0; i < 20000; i++) {
		enum stamp_mode mode = i % 2 ? STAMP_AUTHENTICATED : STAMP_OPEN;
		struct stamp_reply read, written = random_reply(&random);
		uint8_t packet[STAMP_AUTHENTICATED_BYTES];

		stamp_write_reply(packet, sizeof(packet), mode, &written);
		assert_int_equal(read_reply(packet, stamp_bytes(mode), mode, &read), 0);
		assert_replies_equal(&read, &written);
	}
}

/* Every octet that the layout leaves zero is set, as TWAMP-Light senders and some others do. */
static void fill_mbz(uint8_t *packet, const uint8_t *layout, enum stamp_mode mode)
{
	for (size_t i = 0; i < stamp_bytes(mode); i++)
		packet[i] = layout[i] ? layout[i] : 0xff;
}

TEST(what_must_be_zero_is_ignored_when_it_is_not)
{
	for (enum stamp_mode mode = STAMP_OPEN; mode <= STAMP_AUTHENTICATED; mode++) {
		uint8_t packet[PACKET_MAX];
		struct stamp_request asked;
		struct stamp_reply answered;

		fill_mbz(packet, requests[mode], mode);
		assert_int_equal(read_request(packet, stamp_bytes(mode), mode, &asked), 0);
		assert_requests_equal(&asked, &request);
		fill_mbz(packet, replies[mode], mode);
		assert_int_equal(read_reply(packet, stamp_bytes(mode), mode, &answered), 0);
		assert_replies_equal(&answered, &reply);
	}
}

TEST(a_reply_written_over_its_request_leaves_nothing_of_it)
{
	for (enum stamp_mode mode = STAMP_OPEN; mode <= STAMP_AUTHENTICATED; mode++) {
		uint8_t packet[PACKET_MAX];

		memset(packet, 0xff, sizeof(packet));
		stamp_write_reply(packet, stamp_bytes(mode), mode, &reply);
		assert_memory_equal(packet, replies[mode], stamp_bytes(mode));
	}
}

TEST(what_is_cut_short_is_refused)
{
	for (enum stamp_mode mode = STAMP_OPEN; mode <= STAMP_AUTHENTICATED; mode++) {
		size_t least = mode == STAMP_OPEN ? 41 : 112;
		struct stamp_request asked = { .sequence = 42 };
		struct stamp_reply answered = { .sequence = 42 };

		for (size_t length = 0; length < least; length++) {
			assert_int_equal(read_request(requests[mode], length, mode, &asked),
			                 -EBADMSG);
			assert_int_equal(read_reply(replies[mode], length, mode, &answered),
			                 -EBADMSG);
		}
		assert_int_equal(asked.sequence, 42);
		assert_int_equal(answered.sequence, 42);
		assert_int_equal(read_request(requests[mode], least, mode, &asked), 0);
		assert_int_equal(read_reply(replies[mode], least, mode, &answered), 0);
	}
}

TEST(a_twamp_light_sender_gets_as_much_as_it_sent)
{
	for (size_t length = STAMP_TWAMP_BYTES; length < STAMP_OPEN_BYTES; length++) {
		uint8_t packet[STAMP_OPEN_BYTES];
		struct stamp_request asked;
		struct stamp_reply answered;

		memset(packet, 0xee, sizeof(packet));
		assert_int_equal(read_request(open_request, length, STAMP_OPEN, &asked), 0);
		assert_requests_equal(&asked, &request);
		stamp_write_reply(packet, length, STAMP_OPEN, &reply);
		assert_memory_equal(packet, open_reply, length);
		for (size_t i = length; i < sizeof(packet); i++)
			assert_int_equal(packet[i], 0xee);
		assert_int_equal(read_reply(packet, length, STAMP_OPEN, &answered), 0);
		assert_replies_equal(&answered, &reply);
	}
}

TEST(sealing_changes_the_time_and_its_error_and_nothing_else)
{
	static const size_t time_at[] = { 4, 16 };
	static const uint8_t sealed[] = {
		0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xb1, 0xb2,
	};

	for (enum stamp_mode mode = STAMP_OPEN; mode <= STAMP_AUTHENTICATED; mode++) {
		uint8_t packet[PACKET_MAX], expected[PACKET_MAX];

		memset(packet, 0xee, sizeof(packet));
		memset(expected, 0xee, sizeof(expected));
		memcpy(expected + time_at[mode], sealed, sizeof(sealed));
		stamp_seal(packet, mode, UINT64_C(0xa1a2a3a4a5a6a7a8), 0xb1b2);
		assert_memory_equal(packet, expected, sizeof(packet));
	}
}

static struct mac *key(void)
{
	struct mac *mac = NULL;

	assert_int_equal(mac_new(&mac, "a shared secret", 15, NULL), 0);
	return mac;
}

TEST(a_signed_packet_is_authentic_until_any_bit_changes)
{
	struct mac *mac = key();
	uint8_t packet[STAMP_AUTHENTICATED_BYTES];

	fill_mbz(packet, authenticated_request, STAMP_AUTHENTICATED);
	assert_int_equal(stamp_sign(packet, mac), 0);
	assert_true(stamp_is_authentic(packet, sizeof(packet), mac));
	for (size_t bit = 0; bit < sizeof(packet) * 8; bit++) {
		packet[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(stamp_is_authentic(packet, sizeof(packet), mac));
		packet[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_true(stamp_is_authentic(packet, sizeof(packet), mac));
	mac_free(mac);
}

TEST(the_hmac_covers_octets_0_to_95_and_stands_behind_them)
{
	struct mac *mac = key();
	uint8_t packet[PACKET_MAX], right[MAC_BYTES];

	memset(packet, 0xee, sizeof(packet));
	memcpy(packet, authenticated_request, STAMP_AUTHENTICATED_BYTES);
	assert_int_equal(mac_sign(mac, packet, 96, right), 0);
	assert_int_equal(stamp_sign(packet, mac), 0);
	assert_memory_equal(packet, authenticated_request, 96);
	assert_memory_equal(packet + 96, right, 16);
	assert_int_equal(packet[112], 0xee);
	/* TLVs behind it are none of its business. */
	packet[112] ^= 1;
	assert_true(stamp_is_authentic(packet, sizeof(packet), mac));
	mac_free(mac);
}

TEST(a_packet_too_short_for_an_hmac_is_not_authentic)
{
	struct mac *mac = key();

	for (size_t length = 0; length < STAMP_AUTHENTICATED_BYTES; length++) {
		uint8_t *packet = calloc(1, length ? length : 1);

		assert_non_null(packet);
		assert_false(stamp_is_authentic(packet, length, mac));
		free(packet);
	}
	mac_free(mac);
}

static bool is_reflected_at(enum stamp_mode mode, const struct stamp_reply *written,
                            struct wall now)
{
	uint8_t packet[STAMP_AUTHENTICATED_BYTES];

	stamp_write_reply(packet, sizeof(packet), mode, written);
	return stamp_is_reflected(packet, stamp_bytes(mode), mode, now);
}

/* Whether either of the two times by itself betrays it: they must agree. */
static bool is_reflected(enum stamp_mode mode, uint64_t time)
{
	const struct stamp_reply received = { .received = time };
	const struct stamp_reply sent = { .sender_time = time };
	bool is = is_reflected_at(mode, &received, NOW);

	assert_int_equal(is_reflected_at(mode, &sent, NOW), is);
	return is;
}

TEST(a_reply_of_the_last_ten_seconds_is_known_for_one)
{
	for (enum stamp_mode mode = STAMP_OPEN; mode <= STAMP_AUTHENTICATED; mode++) {
		for (int f = STAMP_NTP; f <= STAMP_PTP; f++) {
			enum stamp_format format = (enum stamp_format)f;

			for (int64_t off = -11; off <= 11; off++) {
				struct wall wall = { NOW.ns + off * NS_PER_SEC };

				assert_int_equal(
					is_reflected(mode, stamp_time_encode(wall, format)),
					off >= -10 && off <= 10);
			}
		}
	}
}

TEST(a_request_is_not_taken_for_a_reply)
{
	for (enum stamp_mode mode = STAMP_OPEN; mode <= STAMP_AUTHENTICATED; mode++) {
		uint8_t packet[STAMP_AUTHENTICATED_BYTES];
		struct stamp_request now = { .time = stamp_time_encode(NOW, STAMP_NTP) };

		stamp_write_request(packet, mode, &now);
		assert_false(stamp_is_reflected(packet, stamp_bytes(mode), mode, NOW));
		/* TWAMP-Light padding of zeroes, or of anything. */
		assert_false(is_reflected(mode, UINT64_MAX));
		assert_false(is_reflected(mode, UINT64_C(0x0123456789abcdef)));
		assert_false(stamp_is_reflected(packet, 0, mode, NOW));
	}
}

/* Where NTP's first era ends, zeroes are what o'clock it is. */
TEST(nor_is_one_that_comes_at_the_turn_of_the_era)
{
	const struct wall turn = { (INT64_C(4294967296) - 2208988800) * NS_PER_SEC };
	const struct stamp_reply asked = { .time = 1 };

	assert_int_equal(stamp_time_encode(turn, STAMP_NTP), 0);
	assert_false(is_reflected_at(STAMP_OPEN, &asked, turn));
	assert_false(is_reflected_at(STAMP_AUTHENTICATED, &asked, turn));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_its_fields_where_the_rfc_has_them),
		cmocka_unit_test(a_reply_has_its_fields_where_the_rfc_has_them),
		cmocka_unit_test(the_ssid_stands_in_one_place_only),
		cmocka_unit_test(every_field_of_a_request_comes_back),
		cmocka_unit_test(every_field_of_a_reply_comes_back),
		cmocka_unit_test(what_must_be_zero_is_ignored_when_it_is_not),
		cmocka_unit_test(a_reply_written_over_its_request_leaves_nothing_of_it),
		cmocka_unit_test(what_is_cut_short_is_refused),
		cmocka_unit_test(a_twamp_light_sender_gets_as_much_as_it_sent),
		cmocka_unit_test(sealing_changes_the_time_and_its_error_and_nothing_else),
		cmocka_unit_test(a_signed_packet_is_authentic_until_any_bit_changes),
		cmocka_unit_test(the_hmac_covers_octets_0_to_95_and_stands_behind_them),
		cmocka_unit_test(a_packet_too_short_for_an_hmac_is_not_authentic),
		cmocka_unit_test(a_reply_of_the_last_ten_seconds_is_known_for_one),
		cmocka_unit_test(a_request_is_not_taken_for_a_reply),
		cmocka_unit_test(nor_is_one_that_comes_at_the_turn_of_the_era),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
