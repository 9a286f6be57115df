/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "octets.h"
#include "unit.h"
#include "wire/tlv_answer.h"
#include "wire/tlv_reply.h"

enum { REQUEST_SEQUENCE = 7, REPLY_SEQUENCE = 5 };

#define SIXTEEN "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"

static struct tlv_reply reply_of(const char *text)
{
	struct tlv_protection none = { 0 };
	size_t length;
	uint8_t *area = octets_of(text, &length);
	struct tlv_reply reply = tlv_read_reply(area, length, &none);

	free(area);
	return reply;
}

TEST(each_value_is_told)
{
	struct tlv_reply reply =
		reply_of("00 01 00 02  aa bb"
	                 "00 03 00 04  01 02 04 01"
	                 "00 04 00 04  b8 a5 00 00"
	                 "00 05 00 0c  01 02 03 04  11 12 13 14  21 22 23 24"
	                 "00 06 00 04  20 01 00 00"
	                 "00 07 00 10  31 32 33 34  41 42 43 44 45 46 47 48  02 00 00 00");

	assert_int_equal(reply.trust, TLV_READ_ALL);
	assert_int_equal(reply.told, 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7);
	assert_int_equal(reply.unrecognised, 0);
	assert_false(reply.genuine);
	assert_int_equal(reply.timestamps.source_out, TLV_SOURCE_SATELLITE);
	assert_int_equal(reply.timestamps.method_out, TLV_METHOD_HARDWARE);
	assert_int_equal(reply.service.dscp2, 10);
	assert_int_equal(reply.service.refused, 1);
	assert_int_equal(reply.counters.sender_sent, 0x01020304);
	assert_int_equal(reply.counters.reflector_received, 0x11121314);
	assert_int_equal(reply.counters.reflector_sent, 0x21222324);
	assert_int_equal(reply.access.access, TLV_ACCESS_NON_3GPP);
	assert_int_equal(reply.access.code, TLV_AVAILABLE);
	assert_int_equal(reply.follow_up.sequence, 0x31323334);
	assert_int_equal(reply.follow_up.time, UINT64_C(0x4142434445464748));
	assert_int_equal(reply.follow_up.method, TLV_METHOD_SOFTWARE);
}

TEST(a_location_tells_ports_addresses_and_hardware)
{
	struct tlv_reply reply =
		reply_of("00 02 00 38  03 5e 12 34"
	                 "00 02 00 08  0a 0b 0c 0d 0e 0f 00 00"
	                 "00 05 00 10  c6 33 64 02 00 00 00 00 00 00 00 00 00 00 00 00"
	                 "00 08 00 10  c0 00 02 01 00 00 00 00 00 00 00 00 00 00 00 00");

	assert_int_equal(reply.location.destination_port, 862);
	assert_int_equal(reply.location.source_port, 0x1234);
	assert_int_equal(reply.location.source_mac_bytes, 6);
	assert_memory_equal(reply.location.source_mac, "\x0a\x0b\x0c\x0d\x0e\x0f", 6);
	assert_int_equal(reply.location.destination_bytes, 4);
	assert_memory_equal(reply.location.destination, "\xc6\x33\x64\x02", 4);
	assert_int_equal(reply.location.source_bytes, 4);
	assert_memory_equal(reply.location.source, "\xc0\x00\x02\x01", 4);

	reply = reply_of("00 02 00 38  03 5e 12 34"
	                 "00 03 00 08  00 00 00 00 00 00 00 00"
	                 "00 09 00 10  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"
	                 "00 06 00 10  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02");
	assert_int_equal(reply.location.source_mac_bytes, 0); /* zeroes: not known */
	assert_int_equal(reply.location.destination_bytes, 16);
	assert_int_equal(reply.location.destination[15], 2);
	assert_int_equal(reply.location.source_bytes, 16);
	assert_int_equal(reply.location.source[15], 1);
}

TEST(what_a_location_left_unanswered_is_not_told)
{
	struct tlv_reply reply =
		reply_of("00 02 00 40  03 5e 12 34"
	                 "80 05 00 10" SIXTEEN "00 04 00 10" SIXTEEN "40 08 00 10" SIXTEEN);

	assert_int_equal(reply.told, TLV_BIT(TLV_LOCATION));
	assert_int_equal(reply.location.destination_bytes, 0);
	assert_int_equal(reply.location.source_bytes, 0);
	/* Of a length that cannot be, or broken. */
	reply = reply_of("00 02 00 0c  03 5e 12 34  00 05 00 04  01 02 03 04");
	assert_int_equal(reply.location.destination_bytes, 0);
	reply = reply_of("00 02 00 08  03 5e 12 34  00 05 00 10");
	assert_int_equal(reply.location.destination_bytes, 0);
	assert_int_equal(reply.location.destination_port, 862);
}

TEST(i_in_a_sub_tlv_says_nothing)
{
	struct tlv_reply reply =
		reply_of("00 02 00 18  03 5e 12 34  "
	                 "20 05 00 10  c6 33 64 02 00 00 00 00 00 00 00 00 00 00 00 00");

	assert_int_equal(reply.trust, TLV_READ_ALL);
	assert_int_equal(reply.location.destination_bytes, 4);
	assert_memory_equal(reply.location.destination, "\xc6\x33\x64\x02", 4);
}

TEST(u_skips_one_tlv)
{
	struct tlv_reply reply = reply_of("80 04 00 04  b8 00 00 00  80 fa 00 00"
	                                  "00 03 00 04  01 02 01 02");

	assert_int_equal(reply.trust, TLV_READ_ALL);
	assert_int_equal(reply.told, TLV_BIT(TLV_TIMESTAMP_INFORMATION));
	assert_int_equal(reply.unrecognised, TLV_BIT(TLV_CLASS_OF_SERVICE));
	assert_int_equal(reply.service.dscp1, 0);
}

TEST(m_stops_the_reading)
{
	struct tlv_reply reply = reply_of("00 03 00 04  01 02 01 02  40 04 00 04  b8 00 00 00"
	                                  "00 06 00 04  20 01 00 00");

	assert_int_equal(reply.trust, TLV_READ_TO_MALFORMED);
	assert_int_equal(reply.told, TLV_BIT(TLV_TIMESTAMP_INFORMATION));
	/* U beside it is no reason to go on. */
	reply = reply_of("c0 04 00 04  b8 00 00 00  00 06 00 04  20 01 00 00");
	assert_int_equal(reply.trust, TLV_READ_TO_MALFORMED);
	assert_int_equal(reply.told, 0);
}

TEST(so_does_a_length_that_cannot_be)
{
	assert_int_equal(reply_of("00 06 00 02  20 01").trust, TLV_READ_TO_MALFORMED);
	assert_int_equal(reply_of("00 06 00 04  20 01").trust, TLV_READ_TO_MALFORMED);
	assert_int_equal(reply_of("00 03 00 04  01 02 01 02  00").trust, TLV_READ_ALL);
	assert_int_equal(reply_of("00 03 00 04  01 02 01 02  01").trust, TLV_READ_TO_MALFORMED);
}

TEST(i_anywhere_discards_everything)
{
	struct tlv_reply reply = reply_of("00 03 00 04  01 02 01 02  20 01 00 02  aa bb");

	assert_int_equal(reply.trust, TLV_READ_NOTHING);
	assert_int_equal(reply.told, 0);
	assert_int_equal(reply.timestamps.source_in, 0);
}

TEST(an_hmac_tlv_that_nobody_asked_for_cannot_be_verified)
{
	struct tlv_reply reply = reply_of("00 03 00 04  01 02 01 02  00 08 00 10" SIXTEEN);

	assert_int_equal(reply.trust, TLV_READ_NOTHING);
	assert_int_equal(reply.told, 0);
}

TEST(no_tlvs_are_nothing_to_distrust)
{
	assert_int_equal(reply_of("").trust, TLV_READ_ALL);
	assert_int_equal(reply_of("00 00 00 00 00 00").trust, TLV_READ_ALL);
	assert_int_equal(reply_of("00 00 00 00 00 00").told, 0);
}

TEST(of_two_of_a_type_the_first_counts)
{
	assert_int_equal(
		reply_of("00 06 00 04  10 01 00 00  00 06 00 04  20 02 00 00").access.code,
		TLV_AVAILABLE);
}

/* --- a whole exchange --- */

struct exchange {
	uint8_t octets[256];
	struct tlv_area area;
	struct mac *mac;
};

static void exchange_init(struct exchange *exchange)
{
	*exchange = (struct exchange){ .area = { exchange->octets, 256, 0 } };
	assert_int_equal(mac_new(&exchange->mac, "a shared secret", 15, NULL), 0);
}

/* Asks for a class of service, ports and telemetry, protected by an HMAC TLV. */
static void exchange_ask(struct exchange *exchange)
{
	struct tlv_area *area = &exchange->area;
	uint8_t *service = tlv_add(area, TLV_CLASS_OF_SERVICE, TLV_SERVICE_BYTES);

	assert_non_null(service);
	tlv_write_service(service, &(struct tlv_service){ .dscp1 = 46 });
	assert_true(tlv_add_location(area, TLV_BIT(TLV_ASK_SOURCE)));
	assert_non_null(tlv_add(area, TLV_FOLLOW_UP, TLV_FOLLOW_UP_BYTES));
	size_t hmac_at = area->length;

	assert_non_null(tlv_add(area, TLV_HMAC, MAC_BYTES));
	assert_non_null(tlv_add(area, TLV_EXTRA_PADDING, 5));
	assert_int_equal(tlv_seal(area->octets, hmac_at, REQUEST_SEQUENCE, exchange->mac), 0);
}

static struct tlv_answer exchange_answer(struct exchange *exchange, struct mac *mac)
{
	static const uint8_t source[] = { 192, 0, 2, 1 };
	struct tlv_facts facts = {
		.understood = TLV_BIT(8) - TLV_BIT(1),
		.protection = { mac, REQUEST_SEQUENCE, mac != NULL },
		.source = { source, 4, 4242 },
		.destination = { source, 4, 862 },
		.tos = 46 << 2,
		.dscp_allowed = UINT64_MAX,
		.follow_up = { 4, 99, TLV_METHOD_SOFTWARE },
	};

	return tlv_answer(exchange->octets, exchange->area.length, &facts);
}

static struct tlv_reply exchange_read(struct exchange *exchange)
{
	struct tlv_protection protection = { exchange->mac, REPLY_SEQUENCE, true };

	return tlv_read_reply(exchange->octets, exchange->area.length, &protection);
}

TEST(a_protected_exchange_tells_the_sender_what_it_asked)
{
	struct exchange exchange;

	exchange_init(&exchange);
	exchange_ask(&exchange);
	size_t length = exchange.area.length;
	struct tlv_answer answer = exchange_answer(&exchange, exchange.mac);

	assert_true(answer.has_hmac);
	assert_int_equal(
		tlv_seal(exchange.octets, answer.sealed_at, REPLY_SEQUENCE, exchange.mac), 0);
	struct tlv_reply reply = exchange_read(&exchange);

	assert_int_equal(reply.trust, TLV_READ_ALL);
	assert_true(reply.genuine);
	assert_int_equal(exchange.area.length, length);
	assert_int_equal(reply.service.dscp2, 46);
	assert_int_equal(reply.service.refused, 0);
	assert_int_equal(reply.location.source_port, 4242);
	assert_int_equal(reply.location.source_bytes, 4);
	assert_int_equal(reply.follow_up.sequence, 4);
	assert_int_equal(reply.follow_up.time, 99);
	mac_free(exchange.mac);
}

TEST(a_reply_that_was_changed_on_its_way_tells_nothing)
{
	struct exchange exchange;

	exchange_init(&exchange);
	exchange_ask(&exchange);
	struct tlv_answer answer = exchange_answer(&exchange, exchange.mac);

	assert_int_equal(
		tlv_seal(exchange.octets, answer.sealed_at, REPLY_SEQUENCE, exchange.mac), 0);
	exchange.octets[5] ^= 4;
	assert_int_equal(exchange_read(&exchange).trust, TLV_READ_NOTHING);
	assert_int_equal(exchange_read(&exchange).told, 0);
	mac_free(exchange.mac);
}

TEST(a_reflector_with_another_key_is_seen_by_its_i)
{
	struct exchange exchange;
	struct mac *other = NULL;

	exchange_init(&exchange);
	exchange_ask(&exchange);
	assert_int_equal(mac_new(&other, "another secret", 14, NULL), 0);
	assert_int_equal(exchange_answer(&exchange, other).outcome, TLV_ENDED_UNTRUSTED);
	assert_int_equal(exchange_read(&exchange).trust, TLV_READ_NOTHING);
	mac_free(other);
	mac_free(exchange.mac);
}

TEST(a_reflector_without_a_key_is_not_believed_where_one_was_asked_for)
{
	struct exchange exchange;

	exchange_init(&exchange);
	exchange_ask(&exchange);
	assert_int_equal(exchange_answer(&exchange, NULL).outcome, TLV_ENDED_UNTRUSTED);
	assert_int_equal(exchange_read(&exchange).trust, TLV_READ_NOTHING);
	mac_free(exchange.mac);
}

TEST(a_reflector_of_before_rfc_8972_is_seen_by_its_u)
{
	struct exchange exchange;
	struct tlv_protection protection;

	exchange_init(&exchange);
	exchange_ask(&exchange);
	/* It copied everything, and the sequence number too. */
	protection = (struct tlv_protection){ exchange.mac, REQUEST_SEQUENCE, true };
	struct tlv_reply reply =
		tlv_read_reply(exchange.octets, exchange.area.length, &protection);

	assert_int_equal(reply.trust, TLV_READ_ALL);
	assert_int_equal(reply.told, 0);
	assert_int_equal(reply.unrecognised,
	                 TLV_BIT(TLV_CLASS_OF_SERVICE) | TLV_BIT(TLV_LOCATION) |
	                         TLV_BIT(TLV_FOLLOW_UP) | TLV_BIT(TLV_HMAC) |
	                         TLV_BIT(TLV_EXTRA_PADDING));
	mac_free(exchange.mac);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_value_is_told),
		cmocka_unit_test(a_location_tells_ports_addresses_and_hardware),
		cmocka_unit_test(what_a_location_left_unanswered_is_not_told),
		cmocka_unit_test(i_in_a_sub_tlv_says_nothing),
		cmocka_unit_test(u_skips_one_tlv),
		cmocka_unit_test(m_stops_the_reading),
		cmocka_unit_test(so_does_a_length_that_cannot_be),
		cmocka_unit_test(i_anywhere_discards_everything),
		cmocka_unit_test(an_hmac_tlv_that_nobody_asked_for_cannot_be_verified),
		cmocka_unit_test(no_tlvs_are_nothing_to_distrust),
		cmocka_unit_test(of_two_of_a_type_the_first_counts),
		cmocka_unit_test(a_protected_exchange_tells_the_sender_what_it_asked),
		cmocka_unit_test(a_reply_that_was_changed_on_its_way_tells_nothing),
		cmocka_unit_test(a_reflector_with_another_key_is_seen_by_its_i),
		cmocka_unit_test(
			a_reflector_without_a_key_is_not_believed_where_one_was_asked_for),
		cmocka_unit_test(a_reflector_of_before_rfc_8972_is_seen_by_its_u),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
