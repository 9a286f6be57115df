/* SPDX-License-Identifier: MIT */
#include "wire/tlv_answer.h"

#include "wire/octets.h"

enum {
	ECN_MASK = 3,
	ECN_CONGESTION = 3,
	DSCP_SHIFT = 2,
	FOLLOWED_BYTES = 12, /* of a Follow-Up: its Sequence Number and its Timestamp */
};

/* The flags of a TLV that goes back are ours alone: those that we do not know are reserved, and zero. */
static void mark(uint8_t *header, uint8_t verdict)
{
	header[0] = verdict;
}

/* U, of a type that there are no facts for. */
static uint8_t verdict_on(uint8_t type, uint32_t understood)
{
	return type < 32 && understood & TLV_BIT(type) ? 0 : TLV_UNRECOGNISED;
}

/* --- Location --- */

/* A socket does not tell it, and "unknown" is an EUI-64 of zeroes. */
static bool answer_mac(uint8_t *header, uint16_t length)
{
	if (length != TLV_MAC_ADDRESS_BYTES)
		return false;
	mark(header, 0);
	header[1] = TLV_SOURCE_EUI64;
	memset(header + TLV_HEADER_BYTES, 0, length);
	return true;
}

/* v4: the type of an IPv4 address; that of an IPv6 address is the next. */
static bool answer_address(uint8_t *header, uint16_t length, const struct tlv_end *end,
                           bool hidden, enum tlv_location_type v4)
{
	bool known = end->address_bytes == 4 || end->address_bytes == TLV_IP_ADDRESS_BYTES;

	if (length != TLV_IP_ADDRESS_BYTES)
		return false;
	mark(header, known ? 0 : TLV_UNRECOGNISED);
	if (!known)
		return true;
	header[1] = (uint8_t)(end->address_bytes == 4 ? v4 : v4 + 1);
	memset(header + TLV_HEADER_BYTES, 0, length);
	if (!hidden)
		memcpy(header + TLV_HEADER_BYTES, end->address, end->address_bytes);
	return true;
}

/* False when the sub-TLV cannot have its length. */
static bool answer_sub(uint8_t *header, uint16_t length, const struct tlv_facts *facts)
{
	switch (header[1]) {
	case TLV_ASK_SOURCE_MAC:
		return answer_mac(header, length);
	case TLV_ASK_DESTINATION:
		return answer_address(header, length, &facts->destination,
		                      facts->hides_location, TLV_DESTINATION_IPV4);
	case TLV_ASK_SOURCE:
		return answer_address(header, length, &facts->source, facts->hides_location,
		                      TLV_SOURCE_IPV4);
	default:
		mark(header, TLV_UNRECOGNISED);
		return true;
	}
}

static bool answer_subs(uint8_t *area, size_t length, const struct tlv_facts *facts)
{
	struct tlv_walk walk = { .area = area, .length = length };
	struct tlv sub;

	for (;;) {
		enum tlv_step step = tlv_next(&walk, &sub);

		if (step == TLV_STEP_END)
			return true;
		if (step == TLV_STEP_BROKEN || !answer_sub(area + sub.at, sub.length, facts)) {
			mark(area + sub.at, TLV_MALFORMED);
			return false;
		}
	}
}

static bool answer_location(uint8_t *value, size_t length, const struct tlv_facts *facts)
{
	put16(value, facts->hides_location ? 0 : facts->destination.port);
	put16(value + 2, facts->hides_location ? 0 : facts->source.port);
	return answer_subs(value + TLV_LOCATION_PORTS_BYTES, length - TLV_LOCATION_PORTS_BYTES,
	                   facts);
}

/* --- the others --- */

/* The first who asks decides about the reply. */
static void answer_service(uint8_t *value, const struct tlv_facts *facts, int *tos)
{
	struct tlv_service service = tlv_read_service(value);
	bool allowed = facts->dscp_allowed >> service.dscp1 & 1;

	service.dscp2 = facts->tos >> DSCP_SHIFT;
	service.ecn = facts->tos & ECN_MASK;
	service.refused = !allowed;
	tlv_write_service(value, &service);
	if (*tos >= 0)
		return;
	/* A reply is as able to be marked as its request was; congestion seen on the way here is not
	 * carried back as if it were of the way there. */
	*tos = (allowed ? service.dscp1 : service.dscp2) << DSCP_SHIFT |
	       (service.ecn == ECN_CONGESTION ? 0 : service.ecn);
}

static void answer_counters(uint8_t *value, const struct tlv_facts *facts)
{
	struct tlv_counters counters = tlv_read_counters(value);

	counters.reflector_received = facts->received;
	counters.reflector_sent = facts->sent;
	tlv_write_counters(value, &counters);
}

/* To come back is its receipt; one of no access that there is gets none, and stays as it came. */
static uint8_t answer_access(uint8_t *value)
{
	struct tlv_access_report report = tlv_read_access(value);

	if (report.access != TLV_ACCESS_3GPP && report.access != TLV_ACCESS_NON_3GPP)
		return TLV_UNRECOGNISED;
	tlv_write_access(value, &report); /* what is reserved is zeroed */
	return 0;
}

/* Fills in the value of a TLV of a type that is understood.  Returns its flags: U where the value is not,
 * M where it is malformed inside. */
static uint8_t answer_value(uint8_t *header, uint16_t length, const struct tlv_facts *facts,
                            int *tos)
{
	uint8_t *value = header + TLV_HEADER_BYTES;

	switch (header[1]) {
	case TLV_LOCATION:
		return answer_location(value, length, facts) ? 0 : TLV_MALFORMED;
	case TLV_TIMESTAMP_INFORMATION:
		tlv_write_timestamps(value, &facts->timestamps);
		return 0;
	case TLV_CLASS_OF_SERVICE:
		answer_service(value, facts, tos);
		return 0;
	case TLV_DIRECT_MEASUREMENT:
		answer_counters(value, facts);
		return 0;
	case TLV_ACCESS_REPORT:
		return answer_access(value);
	case TLV_FOLLOW_UP:
		tlv_write_follow_up(value, &facts->follow_up);
		return 0;
	default: /* Extra Padding: to come back is its answer */
		return 0;
	}
}

/* Of a length that its type cannot have.  Number and time of a Follow-Up are zeroed all the same, so far
 * as they are there; of others all octets stay as they came. */
static uint8_t answer_misfit(uint8_t *header, const struct tlv *tlv)
{
	if (tlv->type == TLV_FOLLOW_UP)
		memset(header + TLV_HEADER_BYTES, 0, size_min(tlv->length, FOLLOWED_BYTES));
	return TLV_MALFORMED;
}

/* False: malformed, and the end of it. */
static bool answer_one(uint8_t *header, const struct tlv *tlv, const struct tlv_facts *facts,
                       uint32_t understood, struct tlv_answer *answer)
{
	uint8_t verdict = verdict_on(tlv->type, understood);

	if (!tlv_fits(tlv->type, tlv->length))
		verdict = answer_misfit(header, tlv);
	else if (verdict == 0)
		verdict = answer_value(header, tlv->length, facts, &answer->tos);
	mark(header, verdict);
	if (verdict == 0) {
		answer->answered |= TLV_BIT(tlv->type);
		answer->has_hmac |= tlv->type == TLV_HMAC;
	}
	return verdict != TLV_MALFORMED;
}

static enum tlv_outcome answer_all(uint8_t *area, size_t length, const struct tlv_facts *facts,
                                   uint32_t understood, struct tlv_answer *answer)
{
	struct tlv_walk walk = { .area = area, .length = length };
	enum tlv_outcome outcome = TLV_NO_TLVS;
	struct tlv tlv;

	for (;;) {
		switch (tlv_next(&walk, &tlv)) {
		case TLV_STEP_END:
			return outcome;
		case TLV_STEP_BROKEN:
			/* U says how a reader may skip it, and nobody may. */
			mark(area + tlv.at, TLV_MALFORMED);
			return TLV_ENDED_MALFORMED;
		case TLV_STEP_FOUND:
			if (!answer_one(area + tlv.at, &tlv, facts, understood, answer))
				return TLV_ENDED_MALFORMED;
			outcome = TLV_ANSWERED;
			break;
		}
	}
}

/* The I flag of every TLV; all that stands behind its flags stays as it came. */
static void distrust(uint8_t *area, size_t length, uint32_t understood)
{
	struct tlv_walk walk = { .area = area, .length = length };
	enum tlv_step step = TLV_STEP_FOUND;
	struct tlv tlv;

	while (step == TLV_STEP_FOUND) {
		step = tlv_next(&walk, &tlv);
		if (step == TLV_STEP_FOUND)
			mark(area + tlv.at, TLV_INTEGRITY | verdict_on(tlv.type, understood));
		else if (step == TLV_STEP_BROKEN)
			mark(area + tlv.at, TLV_INTEGRITY | TLV_MALFORMED);
	}
}

struct tlv_answer tlv_answer(uint8_t *area, size_t length, const struct tlv_facts *facts)
{
	struct tlv_answer answer = { .tos = -1 };
	uint32_t understood = facts->understood & ~TLV_BIT(TLV_HMAC);

	if (facts->protection.mac)
		understood |= TLV_BIT(TLV_HMAC);
	if (tlv_check(area, length, &facts->protection, &answer.sealed_at) == TLV_TAMPERED) {
		distrust(area, length, understood);
		answer.outcome = TLV_ENDED_UNTRUSTED;
		return answer;
	}
	answer.outcome = answer_all(area, length, facts, understood, &answer);
	return answer;
}
