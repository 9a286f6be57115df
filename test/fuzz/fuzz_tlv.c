/* SPDX-License-Identifier: MIT */
/* The extensions of STAMP: an area is answered by a reflector, and read by a sender.
 *
 * The first byte says how the reflector is set up, the second with which TOS the area came. */
#include <errno.h>

#include "fuzz/fuzz.h"
#include "wire/tlv_answer.h"
#include "wire/tlv_reply.h"

enum {
	HAS_KEY = 1,
	IS_SEALED = 2, /* the HMAC TLV, if there is one, is made right */
	IS_REQUIRED = 4,
	IS_V6 = 8,
	IS_HIDDEN = 16,
	IS_POOR = 32, /* few facts */
};

enum { REQUEST_SEQUENCE = 7, REPLY_SEQUENCE = 5, SETUP = 2 };

/* Where the first HMAC TLV stands that has its length; `length` when there is none.  A step for every
 * four octets at most. */
static size_t hmac_of(const uint8_t *area, size_t length)
{
	struct tlv_walk walk = { .area = area, .length = length };
	size_t steps = 0;
	struct tlv tlv;

	while (tlv_next(&walk, &tlv) == TLV_STEP_FOUND) {
		must(++steps <= length / TLV_HEADER_BYTES && walk.at <= length);
		must(tlv.value == area + tlv.at + TLV_HEADER_BYTES);
		must(tlv.value + tlv.length == area + walk.at);
		if (tlv.type == TLV_HMAC && tlv.length == MAC_BYTES)
			return tlv.at;
	}
	return length;
}

/* What differs between a request's area and its reply's: never a TLV's place, type or length. */
static void check_shape(const uint8_t *before, const uint8_t *after, size_t length)
{
	struct tlv_walk a = { .area = before, .length = length };
	struct tlv_walk b = { .area = after, .length = length };
	enum tlv_step step = TLV_STEP_FOUND;
	struct tlv asked, answered;

	while (step == TLV_STEP_FOUND) {
		step = tlv_next(&a, &asked);
		must(tlv_next(&b, &answered) == step && a.at == b.at);
		must(step == TLV_STEP_END ||
		     (asked.type == answered.type && asked.length == answered.length));
	}
	must(memcmp(before + a.at, after + a.at, length - a.at) == 0 ||
	     step == TLV_STEP_BROKEN);
}

/* Where nothing was believed, only flags changed. */
static void check_distrust(uint8_t *before, const uint8_t *after, size_t length)
{
	struct tlv_walk walk = { .area = after, .length = length };
	enum tlv_step step = TLV_STEP_FOUND;
	struct tlv tlv;

	while (step == TLV_STEP_FOUND) {
		step = tlv_next(&walk, &tlv);
		if (step == TLV_STEP_END)
			break;
		must(tlv.flags & TLV_INTEGRITY && !(tlv.flags & ~TLV_VERDICTS));
		before[tlv.at] = tlv.flags;
	}
	must(memcmp(before, after, length) == 0);
}

static void check_reading(const uint8_t *area, size_t length, const struct tlv_answer *answer,
                          struct mac *mac, bool required)
{
	struct tlv_protection protection = { mac, REPLY_SEQUENCE, required };
	struct tlv_reply reply = tlv_read_reply(area, length, &protection);

	must(answer->outcome != TLV_ENDED_UNTRUSTED || reply.trust == TLV_READ_NOTHING);
	must(answer->outcome != TLV_ENDED_MALFORMED || reply.trust != TLV_READ_ALL);
	must(reply.trust != TLV_READ_NOTHING || reply.told == 0);
	if (answer->outcome != TLV_ANSWERED && answer->outcome != TLV_NO_TLVS)
		return;
	must(reply.trust == TLV_READ_ALL);
	must(reply.told == answer->answered);
	must(reply.genuine == answer->has_hmac);
}

static struct tlv_facts facts_of(const uint8_t *setup, struct mac *mac)
{
	static const uint8_t source[16] = { 1, 2, 3, 4, 5 }, destination[16] = { 6, 7, 8, 9 };
	uint8_t bytes = setup[0] & IS_V6 ? 16 : 4;

	return (struct tlv_facts){
		.understood = setup[0] & IS_POOR ? 2 : UINT32_MAX,
		.protection = { mac, REQUEST_SEQUENCE, setup[0] & IS_REQUIRED },
		.source = { source, bytes, 1234 },
		.destination = { destination, setup[0] & IS_POOR ? 0 : bytes, 862 },
		.hides_location = setup[0] & IS_HIDDEN,
		.timestamps = { 1, 2, 1, 2 },
		.tos = setup[1],
		.dscp_allowed = UINT64_C(0x00ff00ff00ff00ff),
		.received = 1,
		.sent = 2,
		.follow_up = { 3, 4, TLV_METHOD_SOFTWARE },
	};
}

/* The same octets as a reply that some reflector made. */
static void check_stranger(const uint8_t *area, size_t length, struct mac *mac, bool required)
{
	struct tlv_protection protection = { mac, REQUEST_SEQUENCE, required };
	struct tlv_reply reply = tlv_read_reply(area, length, &protection);

	must(reply.trust != TLV_READ_NOTHING || (reply.told | reply.unrecognised) == 0);
	must(!required || mac || reply.told == 0 || reply.told == TLV_BIT(TLV_EXTRA_PADDING));
	must(reply.location.source_bytes <= TLV_IP_ADDRESS_BYTES);
	must(reply.location.destination_bytes <= TLV_IP_ADDRESS_BYTES);
	must(reply.location.source_mac_bytes <= TLV_MAC_ADDRESS_BYTES);
	must(reply.told & TLV_BIT(TLV_LOCATION) || reply.location.source_port == 0);
}

static void check_answer(const uint8_t *setup, const uint8_t *asked, size_t length,
                         struct mac *mac)
{
	struct tlv_facts facts = facts_of(setup, mac);
	uint8_t *before = copy_of(asked, length);
	size_t hmac_at = hmac_of(before, length);

	if (mac && setup[0] & IS_SEALED && hmac_at < length)
		must(tlv_seal(before, hmac_at, REQUEST_SEQUENCE, mac) == 0);
	check_stranger(before, length, mac, setup[0] & IS_REQUIRED);
	uint8_t *area = copy_of(before, length);
	struct tlv_answer answer = tlv_answer(area, length, &facts);

	must(answer.tos >= -1 && answer.tos <= 255);
	must(!answer.has_hmac || answer.sealed_at == hmac_at);
	check_shape(before, area, length);
	if (answer.outcome == TLV_NO_TLVS)
		must(length == 0 || memcmp(before, area, length) == 0);
	if (answer.outcome == TLV_ENDED_UNTRUSTED)
		check_distrust(before, area, length);
	if (answer.has_hmac)
		must(tlv_seal(area, answer.sealed_at, REPLY_SEQUENCE, mac) == 0);
	check_reading(area, length, &answer, mac, setup[0] & IS_REQUIRED);
	free(area);
	free(before);
}

/* What a sender builds out of the same octets can be walked, and holds no more than has room. */
static void check_building(const uint8_t *data, size_t length)
{
	uint8_t *octets = copy_of(data, length);
	struct tlv_area area = { octets, length, 0 };
	struct tlv_walk walk = { .area = octets };
	size_t added = 0, found = 0;
	struct tlv tlv;

	for (size_t i = 0; i + 1 < length; i += 2)
		if (data[i] % 8 == TLV_LOCATION)
			added += tlv_add_location(&area, data[i + 1]);
		else
			added += tlv_add(&area, (uint8_t)(data[i] | 1), data[i + 1]) != NULL;
	must(area.length <= length);
	walk.length = area.length;
	for (; tlv_next(&walk, &tlv) == TLV_STEP_FOUND; found++)
		must(tlv.flags == TLV_UNRECOGNISED);
	must(found == added && walk.at == area.length);
	free(octets);
}

/* A value that was read and written is the same, but for what is reserved. */
static void check_values(const uint8_t *data, size_t length)
{
	uint8_t value[TLV_FOLLOW_UP_BYTES];

	if (length < sizeof(value))
		return;
	tlv_write_timestamps(value, &(struct tlv_timestamps[]){ tlv_read_timestamps(data) }[0]);
	must(memcmp(value, data, TLV_TIMESTAMPS_BYTES) == 0);
	tlv_write_service(value, &(struct tlv_service[]){ tlv_read_service(data) }[0]);
	must(memcmp(value, data, 2) == 0);
	tlv_write_counters(value, &(struct tlv_counters[]){ tlv_read_counters(data) }[0]);
	must(memcmp(value, data, TLV_COUNTERS_BYTES) == 0);
	tlv_write_access(value, &(struct tlv_access_report[]){ tlv_read_access(data) }[0]);
	must(value[0] == (data[0] & 0xf0) && value[1] == data[1]);
	tlv_write_follow_up(value, &(struct tlv_follow_up[]){ tlv_read_follow_up(data) }[0]);
	must(memcmp(value, data, 13) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mac *mac = NULL;

	if (size < SETUP)
		return 0;
	if (data[0] & HAS_KEY)
		must(mac_new(&mac, "key", 3, NULL) == 0);
	check_answer(data, data + SETUP, size - SETUP, mac);
	check_building(data + SETUP, size - SETUP);
	check_values(data + SETUP, size - SETUP);
	mac_free(mac);
	return 0;
}
