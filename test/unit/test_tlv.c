/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/random.h"
#include "octets.h"
#include "unit.h"
#include "wire/tlv.h"

/* --- walking --- */

static enum tlv_step first_of(const char *text, struct tlv *tlv)
{
	struct tlv_walk walk = { 0 };
	uint8_t *area = octets_of(text, &walk.length);
	enum tlv_step step;

	walk.area = area;
	step = tlv_next(&walk, tlv);
	free(area);
	return step;
}

TEST(a_header_is_flags_type_and_length)
{
	struct tlv_walk walk = { 0 };
	uint8_t *area = octets_of("80 04 00 04  01 02 03 04    40 fe 00 01  05", &walk.length);
	struct tlv tlv;

	walk.area = area;
	assert_int_equal(tlv_next(&walk, &tlv), TLV_STEP_FOUND);
	assert_int_equal(tlv.at, 0);
	assert_int_equal(tlv.flags, TLV_UNRECOGNISED);
	assert_int_equal(tlv.type, TLV_CLASS_OF_SERVICE);
	assert_int_equal(tlv.length, 4);
	assert_memory_equal(tlv.value, "\1\2\3\4", 4);
	assert_int_equal(tlv_next(&walk, &tlv), TLV_STEP_FOUND);
	assert_int_equal(tlv.at, 8);
	assert_int_equal(tlv.flags, TLV_MALFORMED);
	assert_int_equal(tlv.type, 254);
	assert_int_equal(tlv.length, 1);
	assert_int_equal(tlv.value[0], 5);
	assert_int_equal(tlv_next(&walk, &tlv), TLV_STEP_END);
	assert_int_equal(tlv_next(&walk, &tlv), TLV_STEP_END);
	free(area);
}

TEST(a_value_may_be_empty)
{
	struct tlv tlv;

	assert_int_equal(first_of("80 01 00 00", &tlv), TLV_STEP_FOUND);
	assert_int_equal(tlv.length, 0);
}

TEST(what_overruns_the_area_is_broken)
{
	struct tlv tlv;

	assert_int_equal(first_of("80 01 00 01", &tlv), TLV_STEP_BROKEN);
	assert_int_equal(first_of("80 01 ff ff 00 00 00 00", &tlv), TLV_STEP_BROKEN);
	assert_int_equal(first_of("80 04 00 04 01 02 03", &tlv), TLV_STEP_BROKEN);
	assert_int_equal(tlv.at, 0);
	assert_int_equal(tlv.flags, 0x80);
	assert_int_equal(tlv.type, 4);
	assert_int_equal(first_of("80", &tlv), TLV_STEP_BROKEN);
	assert_int_equal(first_of("80 04", &tlv), TLV_STEP_BROKEN);
	assert_int_equal(first_of("80 04 00", &tlv), TLV_STEP_BROKEN);
}

TEST(zeroes_and_the_reserved_type_are_padding)
{
	struct tlv tlv;

	assert_int_equal(first_of("", &tlv), TLV_STEP_END);
	assert_int_equal(first_of("00", &tlv), TLV_STEP_END);
	assert_int_equal(first_of("00 00", &tlv), TLV_STEP_END);
	assert_int_equal(first_of("00 00 00", &tlv), TLV_STEP_END);
	assert_int_equal(first_of("00 00 00 00", &tlv), TLV_STEP_END);
	assert_int_equal(first_of("80 00 00 04  01 02 03 04", &tlv), TLV_STEP_END);
	assert_int_equal(first_of("00 00 ff ff  80 04 00 04", &tlv), TLV_STEP_END);
}

/* As many steps as there are TLVs, however long the area is: each makes at least four octets of way. */
TEST(the_longest_area_takes_a_step_for_each_header)
{
	enum { LENGTH = 65535 - 44 };

	uint8_t *area = calloc(1, LENGTH);
	struct tlv_walk walk = { .area = area, .length = LENGTH };
	size_t steps = 0, before = 0;
	struct tlv tlv;

	assert_non_null(area);
	assert_int_equal(tlv_next(&walk, &tlv), TLV_STEP_END);
	assert_int_equal(walk.at, 0);
	for (size_t i = 1; i < LENGTH; i += TLV_HEADER_BYTES)
		area[i] = TLV_EXTRA_PADDING;
	for (; tlv_next(&walk, &tlv) == TLV_STEP_FOUND; steps++) {
		assert_int_equal(walk.at, before + TLV_HEADER_BYTES);
		before = walk.at;
	}
	assert_int_equal(steps, LENGTH / TLV_HEADER_BYTES);
	free(area);
}

TEST(each_type_has_the_length_of_the_rfc)
{
	static const struct {
		uint8_t type;
		uint16_t length;
	} fixed[] = { { 4, 4 }, { 5, 12 }, { 6, 4 }, { 7, 16 }, { 8, 16 } };

	for (size_t i = 0; i < COUNT(fixed); i++)
		for (uint16_t length = 0; length < 100; length++)
			assert_int_equal(tlv_fits(fixed[i].type, length),
			                 length == fixed[i].length);
	for (uint16_t length = 0; length < 100; length++) {
		assert_true(tlv_fits(TLV_EXTRA_PADDING, length));
		assert_int_equal(tlv_fits(TLV_LOCATION, length), length >= 4);
		assert_int_equal(tlv_fits(TLV_TIMESTAMP_INFORMATION, length), length >= 4);
		assert_true(tlv_fits(TLV_RETURN_PATH, length));
		assert_true(tlv_fits(255, length));
	}
}

/* --- values --- */

TEST(class_of_service_has_its_bits_in_the_order_of_the_rfc)
{
	/* DSCP1 101110, DSCP2 001010, ECN 01, RP 01. */
	struct tlv_service service = { .dscp1 = 46, .dscp2 = 10, .ecn = 1, .refused = 1 };
	uint8_t value[TLV_SERVICE_BYTES];

	memset(value, 0xff, sizeof(value));
	tlv_write_service(value, &service);
	assert_octets(value, sizeof(value), "b8 a5 00 00");
	service = tlv_read_service(value);
	assert_int_equal(service.dscp1, 46);
	assert_int_equal(service.dscp2, 10);
	assert_int_equal(service.ecn, 1);
	assert_int_equal(service.refused, 1);
}

TEST(every_class_of_service_comes_back)
{
	for (unsigned all = 0; all < 1U << 16; all++) {
		uint8_t value[] = { (uint8_t)(all >> 8), (uint8_t)all, 0, 0 };
		uint8_t again[TLV_SERVICE_BYTES];
		struct tlv_service service = tlv_read_service(value);

		tlv_write_service(again, &service);
		assert_memory_equal(again, value, sizeof(value));
	}
}

TEST(timestamp_information_is_ingress_then_egress_source_then_method)
{
	struct tlv_timestamps timestamps = { TLV_SOURCE_NTP, TLV_METHOD_SOFTWARE,
		                             TLV_SOURCE_PTP, TLV_METHOD_HARDWARE };
	uint8_t value[TLV_TIMESTAMPS_BYTES];

	tlv_write_timestamps(value, &timestamps);
	assert_octets(value, sizeof(value), "01 02 02 01");
	timestamps = tlv_read_timestamps(value);
	assert_int_equal(timestamps.source_in, TLV_SOURCE_NTP);
	assert_int_equal(timestamps.method_in, TLV_METHOD_SOFTWARE);
	assert_int_equal(timestamps.source_out, TLV_SOURCE_PTP);
	assert_int_equal(timestamps.method_out, TLV_METHOD_HARDWARE);
}

TEST(the_sources_of_synchronisation_are_one_to_five)
{
	assert_int_equal(TLV_SOURCE_NTP, 1);
	assert_int_equal(TLV_SOURCE_PTP, 2);
	assert_int_equal(TLV_SOURCE_SSU_BITS, 3);
	assert_int_equal(TLV_SOURCE_SATELLITE, 4);
	assert_int_equal(TLV_SOURCE_FREE_RUNNING, 5);
	assert_int_equal(TLV_METHOD_HARDWARE, 1);
	assert_int_equal(TLV_METHOD_SOFTWARE, 2);
	assert_int_equal(TLV_METHOD_CONTROL, 3);
}

TEST(direct_measurement_is_sent_received_and_sent_back)
{
	struct tlv_counters counters = { 0x01020304, 0x11121314, 0x21222324 };
	uint8_t value[TLV_COUNTERS_BYTES];

	tlv_write_counters(value, &counters);
	assert_octets(value, sizeof(value), "01 02 03 04  11 12 13 14  21 22 23 24");
	counters = tlv_read_counters(value);
	assert_int_equal(counters.sender_sent, 0x01020304);
	assert_int_equal(counters.reflector_received, 0x11121314);
	assert_int_equal(counters.reflector_sent, 0x21222324);
}

TEST(an_access_report_has_four_octets)
{
	struct tlv_access_report report = { TLV_ACCESS_NON_3GPP, TLV_UNAVAILABLE };
	uint8_t value[TLV_ACCESS_BYTES];

	memset(value, 0xff, sizeof(value));
	tlv_write_access(value, &report);
	assert_octets(value, sizeof(value), "20 02 00 00");
	report = tlv_read_access((const uint8_t *)"\x2f\x02\xff\xff"); /* reserved: ignored */
	assert_int_equal(report.access, TLV_ACCESS_NON_3GPP);
	assert_int_equal(report.code, TLV_UNAVAILABLE);
}

TEST(follow_up_telemetry_is_sequence_time_and_method)
{
	struct tlv_follow_up follow_up = { 0x01020304, UINT64_C(0x1112131415161718),
		                           TLV_METHOD_SOFTWARE };
	uint8_t value[TLV_FOLLOW_UP_BYTES];

	memset(value, 0xff, sizeof(value));
	tlv_write_follow_up(value, &follow_up);
	assert_octets(value, sizeof(value),
	              "01 02 03 04  11 12 13 14 15 16 17 18  02 00 00 00");
	value[13] = value[14] = value[15] = 0xff; /* reserved: ignored */
	follow_up = tlv_read_follow_up(value);
	assert_int_equal(follow_up.sequence, 0x01020304);
	assert_int_equal(follow_up.time, UINT64_C(0x1112131415161718));
	assert_int_equal(follow_up.method, TLV_METHOD_SOFTWARE);
}

TEST(random_values_come_back)
{
	struct random random;

	random_seed(&random, 1);
	for (int i = 0; i < 20000; i++) {
		uint8_t value[TLV_FOLLOW_UP_BYTES];
		struct tlv_follow_up telemetry = { (uint32_t)random_next(&random),
			                           random_next(&random),
			                           (uint8_t)random_next(&random) };
		struct tlv_counters counters = { (uint32_t)random_next(&random),
			                         (uint32_t)random_next(&random),
			                         (uint32_t)random_next(&random) };

		tlv_write_follow_up(value, &telemetry);
		struct tlv_follow_up telemetry_again = tlv_read_follow_up(value);

		assert_int_equal(telemetry_again.sequence, telemetry.sequence);
		assert_int_equal(telemetry_again.time, telemetry.time);
		assert_int_equal(telemetry_again.method, telemetry.method);
		tlv_write_counters(value, &counters);
		struct tlv_counters counters_again = tlv_read_counters(value);

		assert_memory_equal(&counters_again, &counters, sizeof(counters));
	}
}

/* --- building --- */

TEST(a_sender_sets_u_and_leaves_the_value_zero)
{
	uint8_t octets[64];
	struct tlv_area area = { octets, sizeof(octets), 0 };

	memset(octets, 0xff, sizeof(octets));
	assert_ptr_equal(tlv_add(&area, TLV_CLASS_OF_SERVICE, TLV_SERVICE_BYTES), octets + 4);
	assert_ptr_equal(tlv_add(&area, TLV_EXTRA_PADDING, 3), octets + 12);
	assert_octets(octets, area.length, "80 04 00 04  00 00 00 00  80 01 00 03  00 00 00");
	assert_int_equal(octets[area.length], 0xff);
}

TEST(a_location_asks_by_the_numbers_of_the_rfc)
{
	uint8_t octets[128];
	struct tlv_area area = { octets, sizeof(octets), 0 };

	assert_true(tlv_add_location(&area, 0));
	assert_octets(octets, area.length, "80 02 00 04  00 00 00 00");
	area.length = 0;
	assert_true(tlv_add_location(&area, TLV_BIT(TLV_ASK_SOURCE_MAC) |
	                                            TLV_BIT(TLV_ASK_DESTINATION) |
	                                            TLV_BIT(TLV_ASK_SOURCE)));
	assert_octets(octets, area.length,
	              "80 02 00 38  00 00 00 00"
	              "80 01 00 08  00 00 00 00 00 00 00 00"
	              "80 04 00 10  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
	              "80 07 00 10  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
}

TEST(what_has_no_room_is_not_added)
{
	uint8_t octets[12] = { 0 };
	struct tlv_area area = { octets, 11, 0 };

	assert_null(tlv_add(&area, TLV_EXTRA_PADDING, 8));
	assert_false(tlv_add_location(&area, TLV_BIT(TLV_ASK_SOURCE)));
	assert_int_equal(area.length, 0);
	assert_octets(octets, sizeof(octets), "00 00 00 00 00 00 00 00 00 00 00 00");
	assert_non_null(tlv_add(&area, TLV_EXTRA_PADDING, 7));
	assert_int_equal(area.length, 11);
	assert_null(tlv_add(&area, TLV_EXTRA_PADDING, 0));
}

/* --- integrity --- */

static struct mac *key(void)
{
	struct mac *mac = NULL;

	assert_int_equal(mac_new(&mac, "a shared secret", 15, NULL), 0);
	return mac;
}

enum { SEQUENCE = 0x0a0b0c0d };

static enum tlv_integrity check(const uint8_t *area, size_t length, struct mac *mac,
                                bool required)
{
	struct tlv_protection protection = { mac, SEQUENCE, required };
	size_t hmac_at = 4242;
	enum tlv_integrity integrity = tlv_check(area, length, &protection, &hmac_at);

	assert_true(integrity == TLV_GENUINE ? hmac_at < length : hmac_at == 4242);
	return integrity;
}

/* What a flipped bit in this octet of the area below makes of it. */
static enum tlv_integrity after_flip_of(const uint8_t *area, size_t octet)
{
	if (octet == 8) /* flags of the HMAC TLV itself, which it does not cover */
		return TLV_GENUINE;
	/* Type 4 has become type 0: all that stands there is padding, and believed by nobody. */
	return area[1] == TLV_RESERVED ? TLV_UNPROTECTED : TLV_TAMPERED;
}

TEST(the_hmac_covers_the_sequence_number_and_the_tlvs_before_it)
{
	struct mac *mac = key();
	size_t length, text_length;
	uint8_t *area = octets_of("80 04 00 04  b8 00 00 00"
	                          "80 08 00 10  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
	                          "80 01 00 02  00 00",
	                          &length);
	uint8_t *text = octets_of("0a 0b 0c 0d  80 04 00 04 b8 00 00 00", &text_length);
	uint8_t right[MAC_BYTES];

	assert_int_equal(mac_sign(mac, text, text_length, right), 0);
	assert_int_equal(tlv_seal(area, 8, SEQUENCE, mac), 0);
	assert_memory_equal(area + 12, right, MAC_BYTES);
	assert_octets(area, 12, "80 04 00 04  b8 00 00 00  80 08 00 10");
	assert_octets(area + 28, 6, "80 01 00 02  00 00");
	assert_int_equal(check(area, length, mac, true), TLV_GENUINE);
	assert_int_equal(check(area, length, mac, false), TLV_GENUINE);
	/* Extra Padding behind it may change, what stands before may not, nor the sequence. */
	area[length - 1] ^= 1;
	assert_int_equal(check(area, length, mac, true), TLV_GENUINE);
	for (size_t bit = 0; bit < size_min(length, 28) * 8; bit++) {
		area[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(check(area, length, mac, true), after_flip_of(area, bit / 8));
		area[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	struct tlv_protection other = { mac, SEQUENCE + 1, true };
	size_t hmac_at;

	assert_int_equal(tlv_check(area, length, &other, &hmac_at), TLV_TAMPERED);
	free(area);
	free(text);
	mac_free(mac);
}

/* Seals the HMAC TLV at hmac_at, wherever that is, and says what becomes of it. */
static enum tlv_integrity sealed(const char *octets, size_t hmac_at, bool required)
{
	struct mac *mac = key();
	size_t length;
	uint8_t *area = octets_of(octets, &length);
	enum tlv_integrity integrity;

	assert_int_equal(tlv_seal(area, hmac_at, SEQUENCE, mac), 0);
	integrity = check(area, length, mac, required);
	free(area);
	mac_free(mac);
	return integrity;
}

#define HMAC_TLV "80 08 00 10  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
#define COS_TLV "80 04 00 04  b8 00 00 00"
#define PADDING_TLV "80 01 00 02  00 00"

TEST(behind_the_hmac_only_extra_padding_may_stand)
{
	assert_int_equal(sealed(HMAC_TLV, 0, true), TLV_GENUINE);
	assert_int_equal(sealed(HMAC_TLV PADDING_TLV PADDING_TLV, 0, true), TLV_GENUINE);
	assert_int_equal(sealed(PADDING_TLV HMAC_TLV PADDING_TLV, 6, true), TLV_GENUINE);
	assert_int_equal(sealed(HMAC_TLV "00 00 00 00 00", 0, true), TLV_GENUINE);
	assert_int_equal(sealed(HMAC_TLV COS_TLV, 0, true), TLV_TAMPERED);
	assert_int_equal(sealed(HMAC_TLV PADDING_TLV COS_TLV, 0, true), TLV_TAMPERED);
	assert_int_equal(sealed(HMAC_TLV HMAC_TLV, 0, true), TLV_TAMPERED);
	assert_int_equal(sealed(HMAC_TLV HMAC_TLV, 20, true), TLV_TAMPERED);
	assert_int_equal(sealed(HMAC_TLV "80 fa 00 00", 0, true), TLV_TAMPERED);
	assert_int_equal(sealed(HMAC_TLV "80 04 00 04", 0, true), TLV_TAMPERED);
	assert_int_equal(sealed(HMAC_TLV "80 01 00 04", 0, true), TLV_GENUINE); /* M, not I */
}

TEST(an_hmac_tlv_of_another_length_does_not_hold)
{
	assert_int_equal(
		sealed("80 08 00 11  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", 0,
	               false),
		TLV_TAMPERED);
	assert_int_equal(sealed("80 08 00 10  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
	                        0, false),
	                 TLV_GENUINE);
}

static enum tlv_integrity bare(const char *octets, bool has_key, bool required)
{
	struct mac *mac = has_key ? key() : NULL;
	size_t length;
	uint8_t *area = octets_of(octets, &length);
	enum tlv_integrity integrity = check(area, length, mac, required);

	free(area);
	mac_free(mac);
	return integrity;
}

TEST(authenticated_mode_needs_it_but_for_one_extra_padding)
{
	assert_int_equal(bare("", true, true), TLV_UNPROTECTED);
	assert_int_equal(bare("00 00 00 00 00 00", true, true), TLV_UNPROTECTED);
	assert_int_equal(bare(PADDING_TLV, true, true), TLV_UNPROTECTED);
	assert_int_equal(bare(PADDING_TLV PADDING_TLV, true, true), TLV_TAMPERED);
	assert_int_equal(bare(COS_TLV, true, true), TLV_TAMPERED);
	assert_int_equal(bare(PADDING_TLV COS_TLV, true, true), TLV_TAMPERED);
	assert_int_equal(bare("80 fa 00 00", true, true), TLV_TAMPERED);
	assert_int_equal(bare("80 04 00 04", true, true), TLV_TAMPERED); /* overruns */
}

TEST(in_open_mode_it_is_a_choice)
{
	assert_int_equal(bare(COS_TLV, true, false), TLV_UNPROTECTED);
	assert_int_equal(bare(COS_TLV, false, false), TLV_UNPROTECTED);
	assert_int_equal(bare(COS_TLV HMAC_TLV, true, false), TLV_TAMPERED);
	/* Where it is, it must be verified (RFC 8972 section 4.8); nobody can without a key. */
	assert_int_equal(bare(COS_TLV HMAC_TLV, false, false), TLV_TAMPERED);
	assert_int_equal(bare(HMAC_TLV, false, false), TLV_TAMPERED);
	assert_int_equal(bare(HMAC_TLV COS_TLV, false, false), TLV_TAMPERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_flags_type_and_length),
		cmocka_unit_test(a_value_may_be_empty),
		cmocka_unit_test(what_overruns_the_area_is_broken),
		cmocka_unit_test(zeroes_and_the_reserved_type_are_padding),
		cmocka_unit_test(the_longest_area_takes_a_step_for_each_header),
		cmocka_unit_test(each_type_has_the_length_of_the_rfc),
		cmocka_unit_test(class_of_service_has_its_bits_in_the_order_of_the_rfc),
		cmocka_unit_test(every_class_of_service_comes_back),
		cmocka_unit_test(
			timestamp_information_is_ingress_then_egress_source_then_method),
		cmocka_unit_test(the_sources_of_synchronisation_are_one_to_five),
		cmocka_unit_test(direct_measurement_is_sent_received_and_sent_back),
		cmocka_unit_test(an_access_report_has_four_octets),
		cmocka_unit_test(follow_up_telemetry_is_sequence_time_and_method),
		cmocka_unit_test(random_values_come_back),
		cmocka_unit_test(a_sender_sets_u_and_leaves_the_value_zero),
		cmocka_unit_test(a_location_asks_by_the_numbers_of_the_rfc),
		cmocka_unit_test(what_has_no_room_is_not_added),
		cmocka_unit_test(the_hmac_covers_the_sequence_number_and_the_tlvs_before_it),
		cmocka_unit_test(behind_the_hmac_only_extra_padding_may_stand),
		cmocka_unit_test(an_hmac_tlv_of_another_length_does_not_hold),
		cmocka_unit_test(authenticated_mode_needs_it_but_for_one_extra_padding),
		cmocka_unit_test(in_open_mode_it_is_a_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
