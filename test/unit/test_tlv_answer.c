/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/random.h"
#include "octets.h"
#include "unit.h"
#include "wire/tlv_answer.h"

enum { REQUEST_SEQUENCE = 7, REPLY_SEQUENCE = 5 };

static const uint8_t v4_source[] = { 192, 0, 2, 1 }, v4_destination[] = { 198, 51, 100, 2 };
static const uint8_t v6_source[] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
static const uint8_t v6_destination[] = {
	0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
};

enum { ALL_TYPES = TLV_BIT(8) - TLV_BIT(1) };

static struct tlv_facts facts(void)
{
	return (struct tlv_facts){
		.understood = ALL_TYPES,
		.protection = { .sequence = REQUEST_SEQUENCE },
		.source = { v4_source, 4, 0x1234 },
		.destination = { v4_destination, 4, 862 },
		.timestamps = { TLV_SOURCE_NTP, TLV_METHOD_SOFTWARE, TLV_SOURCE_NTP,
		                TLV_METHOD_SOFTWARE },
		.tos = 10 << 2 | 1,
		.dscp_allowed = UINT64_C(1) << 46,
		.received = 0x11121314,
		.sent = 0x21222324,
		.follow_up = { 0x31323334, UINT64_C(0x4142434445464748), TLV_METHOD_SOFTWARE },
	};
}

/* The area after it was answered, in memory of its very length. */
static struct tlv_answer assert_answer_by(const struct tlv_facts *facts, const char *asked,
                                          const char *answered)
{
	size_t length;
	uint8_t *area = octets_of(asked, &length);
	struct tlv_answer answer = tlv_answer(area, length, facts);

	assert_octets(area, length, answered);
	free(area);
	return answer;
}

static struct tlv_answer assert_answer(const char *asked, const char *answered)
{
	struct tlv_facts usual = facts();

	return assert_answer_by(&usual, asked, answered);
}

TEST(an_area_without_tlvs_is_not_touched)
{
	static const char *const paddings[] = {
		"",
		"00",
		"00 00 00",
		"00 00 00 00",
		"00 00 00 04 80 04 00 04 00 00 00 00",
		"ff 00 ff ff ff",
	};

	for (size_t i = 0; i < COUNT(paddings); i++) {
		struct tlv_answer answer = assert_answer(paddings[i], paddings[i]);

		assert_int_equal(answer.outcome, TLV_NO_TLVS);
		assert_int_equal(answer.tos, -1);
		assert_int_equal(answer.answered, 0);
		assert_false(answer.has_hmac);
	}
}

TEST(long_zero_padding_comes_back_whole)
{
	enum { LENGTH = 65507 - 44 };

	struct tlv_facts usual = facts();
	uint8_t *area = calloc(2, LENGTH);

	assert_non_null(area);
	assert_int_equal(tlv_answer(area, LENGTH, &usual).outcome, TLV_NO_TLVS);
	assert_memory_equal(area, area + LENGTH, LENGTH);
	free(area);
}

TEST(extra_padding_keeps_its_octets_and_loses_u)
{
	struct tlv_answer answer = assert_answer("80 01 00 03 aa bb cc  80 01 00 00",
	                                         "00 01 00 03 aa bb cc  00 01 00 00");

	assert_int_equal(answer.outcome, TLV_ANSWERED);
	assert_int_equal(answer.answered, TLV_BIT(TLV_EXTRA_PADDING));
}

TEST(timestamp_information_is_filled_in)
{
	(void)assert_answer("80 03 00 04  00 00 00 00", "00 03 00 04  01 02 01 02");
	(void)assert_answer("80 03 00 04  ff ff ff ff", "00 03 00 04  01 02 01 02");
	/* What stands behind is sub-TLVs, of which there are none that we know. */
	(void)assert_answer("80 03 00 0a  00 00 00 00  80 01 00 02 aa bb",
	                    "00 03 00 0a  01 02 01 02  80 01 00 02 aa bb");
}

TEST(class_of_service_says_what_arrived_and_grants_what_policy_allows)
{
	/* Asks for 46; 10 with ECT(1) arrived. */
	struct tlv_answer answer =
		assert_answer("80 04 00 04  b8 00 00 00", "00 04 00 04  b8 a4 00 00");

	assert_int_equal(answer.tos, 46 << 2 | 1);
	assert_int_equal(answer.answered, TLV_BIT(TLV_CLASS_OF_SERVICE));
}

TEST(class_of_service_refuses_by_rp_and_replies_as_it_was_asked)
{
	/* Asks for 8, which is not allowed. */
	struct tlv_answer answer =
		assert_answer("80 04 00 04  20 00 00 00", "00 04 00 04  20 a5 00 00");

	assert_int_equal(answer.tos, 10 << 2 | 1);
}

TEST(of_two_wishes_for_a_class_the_first_decides)
{
	struct tlv_answer answer =
		assert_answer("80 04 00 04  b8 00 00 00  80 04 00 04  20 00 00 00",
	                      "00 04 00 04  b8 a4 00 00  00 04 00 04  20 a5 00 00");

	assert_int_equal(answer.tos, 46 << 2 | 1);
}

TEST(congestion_on_the_way_here_is_told_but_not_carried_back)
{
	struct tlv_facts congested = facts();
	struct tlv_answer answer;

	congested.tos = 10 << 2 | 3;
	answer = assert_answer_by(&congested, "80 04 00 04  b8 00 00 00",
	                          "00 04 00 04  b8 ac 00 00");
	assert_int_equal(answer.tos, 46 << 2);
}

TEST(direct_measurement_keeps_the_sender_s_count)
{
	(void)assert_answer("80 05 00 0c  01 02 03 04  00 00 00 00  00 00 00 00",
	                    "00 05 00 0c  01 02 03 04  11 12 13 14  21 22 23 24");
}

TEST(an_access_report_comes_back_as_its_own_receipt)
{
	(void)assert_answer("80 06 00 04  10 01 00 00", "00 06 00 04  10 01 00 00");
	(void)assert_answer("80 06 00 04  20 02 00 00", "00 06 00 04  20 02 00 00");
	/* What is reserved in it is not sent. */
	(void)assert_answer("80 06 00 04  1f 01 aa bb", "00 06 00 04  10 01 00 00");
}

TEST(an_access_report_of_no_access_there_is_stays_as_it_came)
{
	struct tlv_answer answer;

	(void)assert_answer("80 06 00 04  00 01 00 00", "80 06 00 04  00 01 00 00");
	(void)assert_answer("00 06 00 04  ff 01 aa bb", "80 06 00 04  ff 01 aa bb");
	answer = assert_answer("80 06 00 04  3f 01 aa bb  80 03 00 04  00 00 00 00",
	                       "80 06 00 04  3f 01 aa bb  00 03 00 04  01 02 01 02");
	assert_int_equal(answer.outcome, TLV_ANSWERED);
	assert_int_equal(answer.answered, TLV_BIT(TLV_TIMESTAMP_INFORMATION));
}

TEST(follow_up_telemetry_tells_of_the_reply_before)
{
	struct tlv_facts stateless = facts();

	(void)assert_answer("80 07 00 10  00 00 00 00  00 00 00 00 00 00 00 00  00 00 00 00",
	                    "00 07 00 10  31 32 33 34  41 42 43 44 45 46 47 48  02 00 00 00");
	stateless.follow_up = (struct tlv_follow_up){ 0 };
	(void)assert_answer_by(
		&stateless, "80 07 00 10  ff ff ff ff  ff ff ff ff ff ff ff ff  ff ff ff ff",
		"00 07 00 10  00 00 00 00  00 00 00 00 00 00 00 00  00 00 00 00");
}

#define SIXTEEN "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"

TEST(location_answers_each_question_by_its_number)
{
	(void)assert_answer("80 02 00 38  00 00 00 00"
	                    "80 01 00 08  ff ff ff ff ff ff ff ff"
	                    "80 04 00 10" SIXTEEN "80 07 00 10" SIXTEEN,
	                    "00 02 00 38  03 5e 12 34"
	                    "00 03 00 08  00 00 00 00 00 00 00 00"
	                    "00 05 00 10  c6 33 64 02 00 00 00 00 00 00 00 00 00 00 00 00"
	                    "00 08 00 10  c0 00 02 01 00 00 00 00 00 00 00 00 00 00 00 00");
}

TEST(location_over_ipv6_has_numbers_of_its_own)
{
	struct tlv_facts v6 = facts();

	v6.source = (struct tlv_end){ v6_source, 16, 0x1234 };
	v6.destination = (struct tlv_end){ v6_destination, 16, 862 };
	(void)assert_answer_by(
		&v6, "80 02 00 2c  00 00 00 00  80 07 00 10" SIXTEEN "80 04 00 10" SIXTEEN,
		"00 02 00 2c  03 5e 12 34"
		"00 09 00 10  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"
		"00 06 00 10  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02");
}

TEST(location_without_questions_tells_the_ports)
{
	(void)assert_answer("80 02 00 04  00 00 00 00", "00 02 00 04  03 5e 12 34");
	/* Zeroes behind them are padding of its own. */
	(void)assert_answer("80 02 00 06  00 00 00 00 00 00", "00 02 00 06  03 5e 12 34 00 00");
}

TEST(a_hidden_location_is_told_as_zeroes)
{
	struct tlv_facts hidden = facts();

	hidden.hides_location = true;
	(void)assert_answer_by(&hidden, "80 02 00 18  00 00 00 00  80 07 00 10" SIXTEEN,
	                       "00 02 00 18  00 00 00 00  00 08 00 10" SIXTEEN);
}

TEST(a_question_for_an_address_nobody_knows_stays_unrecognised)
{
	struct tlv_facts unknown = facts();

	unknown.destination = (struct tlv_end){ 0 };
	(void)assert_answer_by(&unknown, "80 02 00 18  00 00 00 00  80 04 00 10" SIXTEEN,
	                       "00 02 00 18  00 00 12 34  80 04 00 10" SIXTEEN);
}

TEST(a_sub_tlv_that_is_no_question_is_unrecognised)
{
	(void)assert_answer("80 02 00 10  00 00 00 00  00 02 00 08  01 02 03 04 05 06 07 08",
	                    "00 02 00 10  03 5e 12 34  80 02 00 08  01 02 03 04 05 06 07 08");
	(void)assert_answer("80 02 00 08  00 00 00 00  00 fa 00 00",
	                    "00 02 00 08  03 5e 12 34  80 fa 00 00");
}

TEST(a_malformed_sub_tlv_ends_everything)
{
	struct tlv_answer answer;

	/* Overruns its Location, though not the area. */
	answer = assert_answer(
		"80 02 00 08  00 00 00 00  80 04 00 10" SIXTEEN "80 04 00 04  b8 00 00 00",
		"40 02 00 08  03 5e 12 34  40 04 00 10" SIXTEEN "80 04 00 04  b8 00 00 00");
	assert_int_equal(answer.outcome, TLV_ENDED_MALFORMED);
	assert_int_equal(answer.answered, 0);
	assert_int_equal(answer.tos, -1);
	/* Of a length that cannot be. */
	(void)assert_answer("80 02 00 0c  00 00 00 00  80 01 00 04  00 00 00 00",
	                    "40 02 00 0c  03 5e 12 34  40 01 00 04  00 00 00 00");
	(void)assert_answer("80 02 00 0c  00 00 00 00  80 04 00 04  00 00 00 00",
	                    "40 02 00 0c  03 5e 12 34  40 04 00 04  00 00 00 00");
}

TEST(what_is_not_understood_is_copied_with_u)
{
	struct tlv_answer answer = assert_answer(
		"80 09 00 02 aa bb  00 0a 00 01 cc  80 fa 00 00  80 03 00 04 00 00 00 00",
		"80 09 00 02 aa bb  80 0a 00 01 cc  80 fa 00 00  00 03 00 04 01 02 01 02");

	assert_int_equal(answer.outcome, TLV_ANSWERED);
	assert_int_equal(answer.answered, TLV_BIT(TLV_TIMESTAMP_INFORMATION));
}

TEST(what_the_reflector_has_no_facts_for_is_not_understood)
{
	struct tlv_facts poor = facts();

	poor.understood = TLV_BIT(TLV_CLASS_OF_SERVICE);
	(void)assert_answer_by(
		&poor,
		"80 05 00 0c  01 02 03 04 00 00 00 00 00 00 00 00  80 04 00 04  b8 00 00 00",
		"80 05 00 0c  01 02 03 04 00 00 00 00 00 00 00 00  00 04 00 04  b8 a4 00 00");
}

TEST(verdicts_that_a_sender_had_no_right_to_are_taken_away)
{
	(void)assert_answer("7f 03 00 04 00 00 00 00  60 fa 00 00",
	                    "00 03 00 04 01 02 01 02  80 fa 00 00");
	/* So is a flag of an extension that we do not know: it is reserved, and would be our word. */
	(void)assert_answer("90 0c 00 00", "80 0c 00 00");
	(void)assert_answer("9f 05 00 02 00 00", "40 05 00 02 00 00");
	(void)assert_answer("9f 04 00 04 b8", "40 04 00 04 b8");
	(void)assert_answer("80 02 00 08  00 00 00 00  3f fa 00 00",
	                    "00 02 00 08  03 5e 12 34  80 fa 00 00");
}

TEST(a_length_that_cannot_be_gets_m_and_ends_it)
{
	struct tlv_answer answer;

	answer = assert_answer(
		"80 03 00 04 00 00 00 00  80 04 00 06 b8 00 00 00 00 00  80 fa 00 00"
		"00 03 00 04 00 00 00 00",
		"00 03 00 04 01 02 01 02  40 04 00 06 b8 00 00 00 00 00  80 fa 00 00"
		"00 03 00 04 00 00 00 00");
	assert_int_equal(answer.outcome, TLV_ENDED_MALFORMED);
	assert_int_equal(answer.answered, TLV_BIT(TLV_TIMESTAMP_INFORMATION));
	assert_int_equal(answer.tos, -1);
	(void)assert_answer("80 06 00 02  10 01", "40 06 00 02  10 01");
	(void)assert_answer("80 02 00 03  00 00 00", "40 02 00 03  00 00 00");
	(void)assert_answer("80 03 00 03  00 00 00", "40 03 00 03  00 00 00");
	(void)assert_answer("80 05 00 08  00 00 00 00 00 00 00 00",
	                    "40 05 00 08  00 00 00 00 00 00 00 00");
}

TEST(a_follow_up_of_a_wrong_length_has_its_number_and_time_zeroed)
{
	(void)assert_answer("80 07 00 05  01 02 03 04 05  80 fa 00 00",
	                    "40 07 00 05  00 00 00 00 00  80 fa 00 00");
	(void)assert_answer("80 07 00 0d  01 02 03 04  05 06 07 08 09 0a 0b 0c  0d",
	                    "40 07 00 0d  00 00 00 00  00 00 00 00 00 00 00 00  0d");
	(void)assert_answer(
		"80 07 00 11  01 02 03 04  05 06 07 08 09 0a 0b 0c  0d 0e 0f 10  11",
		"40 07 00 11  00 00 00 00  00 00 00 00 00 00 00 00  0d 0e 0f 10  11");
	(void)assert_answer("80 07 00 00", "40 07 00 00");
	/* One that overruns the datagram is copied as far as it is there. */
	(void)assert_answer("80 07 00 10  01 02 03 04", "40 07 00 10  01 02 03 04");
}

TEST(what_overruns_the_datagram_gets_m)
{
	(void)assert_answer("80 04 00 04  b8 00 00", "40 04 00 04  b8 00 00");
	(void)assert_answer("80 01 ff ff", "40 01 ff ff");
	(void)assert_answer("80 fa 00 01", "40 fa 00 01");
	(void)assert_answer("80 03 00 04 00 00 00 00  80 04", "00 03 00 04 01 02 01 02  40 04");
	(void)assert_answer("80", "40");
}

/* --- integrity --- */

#define HMAC_TLV "80 08 00 10" SIXTEEN

static struct mac *key(void)
{
	struct mac *mac = NULL;

	assert_int_equal(mac_new(&mac, "a shared secret", 15, NULL), 0);
	return mac;
}

struct protected
{
	struct mac *mac;
	struct tlv_facts facts;
	uint8_t *area;
	size_t length;
};

/* A request whose HMAC TLV at hmac_at is right, to a reflector in authenticated mode. */
static struct protected protected_request(const char *asked, size_t hmac_at)
{
	struct protected it = { .mac = key(), .facts = facts() };

	it.area = octets_of(asked, &it.length);
	it.facts.protection.mac = it.mac;
	it.facts.protection.required = true;
	assert_int_equal(tlv_seal(it.area, hmac_at, REQUEST_SEQUENCE, it.mac), 0);
	return it;
}

static void protected_done(struct protected *it)
{
	free(it->area);
	mac_free(it->mac);
}

TEST(a_genuine_request_is_answered_and_the_reply_is_sealed_anew)
{
	struct protected it =
		protected_request("80 04 00 04  b8 00 00 00" HMAC_TLV "80 01 00 02 aa bb", 8);
	struct tlv_answer answer = tlv_answer(it.area, it.length, &it.facts);
	struct tlv_protection at_the_sender = { it.mac, REPLY_SEQUENCE, true };
	size_t hmac_at;

	assert_int_equal(answer.outcome, TLV_ANSWERED);
	assert_true(answer.has_hmac);
	assert_int_equal(answer.sealed_at, 8);
	assert_int_equal(answer.tos, 46 << 2 | 1);
	assert_octets(it.area, 12, "00 04 00 04  b8 a4 00 00  00 08 00 10");
	assert_octets(it.area + 28, it.length - 28, "00 01 00 02 aa bb");
	assert_int_equal(tlv_check(it.area, it.length, &at_the_sender, &hmac_at), TLV_TAMPERED);
	assert_int_equal(tlv_seal(it.area, answer.sealed_at, REPLY_SEQUENCE, it.mac), 0);
	assert_int_equal(tlv_check(it.area, it.length, &at_the_sender, &hmac_at), TLV_GENUINE);
	protected_done(&it);
}

/* Every TLV gets I, whatever else it had, and nothing else changes. */
static void assert_distrusted(struct protected *it, const char *flags)
{
	uint8_t *before = malloc(it->length ? it->length : 1);
	size_t count, i = 0;
	uint8_t *expected = octets_of(flags, &count);
	struct tlv_walk walk = { .area = it->area, .length = it->length };
	struct tlv tlv;

	assert_non_null(before);
	memcpy(before, it->area, it->length);
	struct tlv_answer answer = tlv_answer(it->area, it->length, &it->facts);

	assert_int_equal(answer.outcome, TLV_ENDED_UNTRUSTED);
	assert_int_equal(answer.tos, -1);
	assert_int_equal(answer.answered, 0);
	assert_false(answer.has_hmac);
	for (enum tlv_step step = TLV_STEP_FOUND; step == TLV_STEP_FOUND; i++) {
		step = tlv_next(&walk, &tlv);
		if (step == TLV_STEP_END)
			break;
		assert_true(i < count);
		assert_int_equal(tlv.flags, expected[i]);
		before[tlv.at] = expected[i];
	}
	assert_int_equal(i, count);
	assert_memory_equal(it->area, before, it->length);
	free(expected);
	free(before);
}

TEST(a_wrong_hmac_puts_i_on_every_tlv_and_changes_nothing_else)
{
	struct protected it = protected_request(
		"80 04 00 04  b8 00 00 00  80 fa 00 01 aa" HMAC_TLV "80 01 00 02 aa bb", 13);

	it.area[4] ^= 1;
	assert_distrusted(&it, "20 a0 20 20");
	protected_done(&it);
}

TEST(an_hmac_tlv_that_is_not_the_last_is_a_failure_of_integrity_not_of_form)
{
	struct protected it = protected_request(HMAC_TLV "80 04 00 04  b8 00 00 00", 0);

	assert_distrusted(&it, "20 20");
	it.facts.protection.mac = NULL;
	it.facts.protection.required = false;
	assert_distrusted(&it, "a0 20");
	protected_done(&it);
}

TEST(authenticated_tlvs_without_an_hmac_tlv_are_not_believed)
{
	struct protected it = protected_request(HMAC_TLV, 0);

	free(it.area);
	it.area = octets_of("80 04 00 04  b8 00 00 00", &it.length);
	assert_distrusted(&it, "20");
	free(it.area);
	it.area = octets_of("80 04 00 04  b8 00 00 00  80 01 00 02 00", &it.length);
	assert_distrusted(&it, "20 60");
	/* Whatever flags they came with. */
	free(it.area);
	it.area =
		octets_of("5f 04 00 04  b8 00 00 00  5f fa 00 00  9f 01 00 02 00", &it.length);
	assert_distrusted(&it, "20 a0 60");
	protected_done(&it);
}

TEST(one_extra_padding_needs_none)
{
	struct tlv_facts authenticated = facts();

	authenticated.protection.mac = key();
	authenticated.protection.required = true;
	(void)assert_answer_by(&authenticated, "80 01 00 02 aa bb", "00 01 00 02 aa bb");
	mac_free(authenticated.protection.mac);
}

TEST(without_a_key_nothing_is_used_that_an_hmac_tlv_protects)
{
	struct tlv_facts knows_too_much = facts();
	struct tlv_answer answer;

	/* The HMAC TLV itself is not understood either. */
	knows_too_much.understood = UINT32_MAX;
	answer = assert_answer_by(&knows_too_much, "80 04 00 04  b8 00 00 00" HMAC_TLV,
	                          "20 04 00 04  b8 00 00 00"
	                          "a0 08 00 10" SIXTEEN);
	assert_int_equal(answer.outcome, TLV_ENDED_UNTRUSTED);
	assert_int_equal(answer.tos, -1);
	assert_false(answer.has_hmac);
}

TEST(behind_a_malformed_tlv_the_hmac_tlv_is_copied)
{
	struct protected it = protected_request("80 04 00 05  b8 00 00 00 00" HMAC_TLV, 9);
	uint8_t hmac[MAC_BYTES];

	memcpy(hmac, it.area + 13, MAC_BYTES);
	struct tlv_answer answer = tlv_answer(it.area, it.length, &it.facts);

	assert_int_equal(answer.outcome, TLV_ENDED_MALFORMED);
	assert_false(answer.has_hmac);
	assert_octets(it.area, 13, "40 04 00 05  b8 00 00 00 00  80 08 00 10");
	assert_memory_equal(it.area + 13, hmac, MAC_BYTES);
	protected_done(&it);
}

/* --- any area at all --- */

/* Octets that are often TLVs, and often not quite. */
static size_t random_area(struct random *random, uint8_t *area, size_t room)
{
	size_t length = 0;

	while (length + TLV_HEADER_BYTES < room && random_next(random) % 8 != 0) {
		uint8_t type = (uint8_t)(random_next(random) % 10);
		static const uint8_t usual[] = { 5, 6, 28, 4, 4, 12, 4, 16, 16, 8 };
		uint8_t value =
			random_next(random) % 8 ? usual[type] : (uint8_t)random_next(random);

		area[length++] = (uint8_t)random_next(random) & 0xe0;
		area[length++] = type;
		area[length++] = 0;
		area[length++] = value;
		for (; value > 0 && length < room; value--)
			area[length++] = (uint8_t)(random_next(random) % 9);
	}
	return length;
}

TEST(no_area_makes_the_answer_write_outside_it_or_touch_a_length)
{
	struct random random;

	random_seed(&random, 1);
	for (int i = 0; i < 50000; i++) {
		uint8_t bytes[200];
		size_t length = random_area(&random, bytes, sizeof(bytes));
		uint8_t *area = malloc(length ? length : 1);
		struct tlv_facts usual = facts();

		assert_non_null(area);
		memcpy(area, bytes, length);
		struct tlv_answer answer = tlv_answer(area, length, &usual);
		struct tlv_walk before = { .area = bytes, .length = length };
		struct tlv_walk after = { .area = area, .length = length };
		struct tlv a, b;

		for (enum tlv_step step = TLV_STEP_FOUND; step == TLV_STEP_FOUND;) {
			step = tlv_next(&before, &a);
			assert_int_equal(tlv_next(&after, &b), step);
			assert_true(step == TLV_STEP_END ||
			            (a.type == b.type && a.length == b.length));
			assert_int_equal(before.at, after.at);
		}
		assert_true(answer.tos >= -1 && answer.tos <= 255);
		free(area);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_area_without_tlvs_is_not_touched),
		cmocka_unit_test(long_zero_padding_comes_back_whole),
		cmocka_unit_test(extra_padding_keeps_its_octets_and_loses_u),
		cmocka_unit_test(timestamp_information_is_filled_in),
		cmocka_unit_test(
			class_of_service_says_what_arrived_and_grants_what_policy_allows),
		cmocka_unit_test(class_of_service_refuses_by_rp_and_replies_as_it_was_asked),
		cmocka_unit_test(of_two_wishes_for_a_class_the_first_decides),
		cmocka_unit_test(congestion_on_the_way_here_is_told_but_not_carried_back),
		cmocka_unit_test(direct_measurement_keeps_the_sender_s_count),
		cmocka_unit_test(an_access_report_comes_back_as_its_own_receipt),
		cmocka_unit_test(an_access_report_of_no_access_there_is_stays_as_it_came),
		cmocka_unit_test(follow_up_telemetry_tells_of_the_reply_before),
		cmocka_unit_test(location_answers_each_question_by_its_number),
		cmocka_unit_test(location_over_ipv6_has_numbers_of_its_own),
		cmocka_unit_test(location_without_questions_tells_the_ports),
		cmocka_unit_test(a_hidden_location_is_told_as_zeroes),
		cmocka_unit_test(a_question_for_an_address_nobody_knows_stays_unrecognised),
		cmocka_unit_test(a_sub_tlv_that_is_no_question_is_unrecognised),
		cmocka_unit_test(a_malformed_sub_tlv_ends_everything),
		cmocka_unit_test(what_is_not_understood_is_copied_with_u),
		cmocka_unit_test(what_the_reflector_has_no_facts_for_is_not_understood),
		cmocka_unit_test(verdicts_that_a_sender_had_no_right_to_are_taken_away),
		cmocka_unit_test(a_length_that_cannot_be_gets_m_and_ends_it),
		cmocka_unit_test(a_follow_up_of_a_wrong_length_has_its_number_and_time_zeroed),
		cmocka_unit_test(what_overruns_the_datagram_gets_m),
		cmocka_unit_test(a_genuine_request_is_answered_and_the_reply_is_sealed_anew),
		cmocka_unit_test(a_wrong_hmac_puts_i_on_every_tlv_and_changes_nothing_else),
		cmocka_unit_test(
			an_hmac_tlv_that_is_not_the_last_is_a_failure_of_integrity_not_of_form),
		cmocka_unit_test(authenticated_tlvs_without_an_hmac_tlv_are_not_believed),
		cmocka_unit_test(one_extra_padding_needs_none),
		cmocka_unit_test(without_a_key_nothing_is_used_that_an_hmac_tlv_protects),
		cmocka_unit_test(behind_a_malformed_tlv_the_hmac_tlv_is_copied),
		cmocka_unit_test(no_area_makes_the_answer_write_outside_it_or_touch_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
