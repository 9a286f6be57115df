/* SPDX-License-Identifier: MIT */
#include "wire/tlv.h"

#include "wire/octets.h"

/* --- walking --- */

static bool is_zero(const uint8_t *at, size_t length)
{
	uint8_t any = 0;

	for (size_t i = 0; i < length; i++)
		any |= at[i];
	return any == 0;
}

enum tlv_step tlv_next(struct tlv_walk *walk, struct tlv *out)
{
	const uint8_t *header = walk->area + walk->at;
	size_t left = walk->length - walk->at;

	if (left < TLV_HEADER_BYTES ? is_zero(header, left) : header[1] == TLV_RESERVED)
		return TLV_STEP_END;
	*out = (struct tlv){
		.at = walk->at,
		.flags = header[0],
		.type = left > 1 ? header[1] : (uint8_t)TLV_RESERVED,
	};
	if (left < TLV_HEADER_BYTES)
		return TLV_STEP_BROKEN;
	out->length = get16(header + 2);
	out->value = header + TLV_HEADER_BYTES;
	if (out->length > left - TLV_HEADER_BYTES)
		return TLV_STEP_BROKEN;
	walk->at += TLV_HEADER_BYTES + (size_t)out->length;
	return TLV_STEP_FOUND;
}

bool tlv_fits(uint8_t type, uint16_t length)
{
	static const uint8_t lengths[] = {
		[TLV_CLASS_OF_SERVICE] = TLV_SERVICE_BYTES,
		[TLV_DIRECT_MEASUREMENT] = TLV_COUNTERS_BYTES,
		[TLV_ACCESS_REPORT] = TLV_ACCESS_BYTES,
		[TLV_FOLLOW_UP] = TLV_FOLLOW_UP_BYTES,
		[TLV_HMAC] = MAC_BYTES,
	};

	/* Behind these there may be sub-TLVs. */
	if (type == TLV_LOCATION)
		return length >= TLV_LOCATION_PORTS_BYTES;
	if (type == TLV_TIMESTAMP_INFORMATION)
		return length >= TLV_TIMESTAMPS_BYTES;
	return type >= COUNT(lengths) || lengths[type] == 0 || lengths[type] == length;
}

/* --- values --- */

void tlv_write_timestamps(uint8_t *value, const struct tlv_timestamps *timestamps)
{
	value[0] = timestamps->source_in;
	value[1] = timestamps->method_in;
	value[2] = timestamps->source_out;
	value[3] = timestamps->method_out;
}

struct tlv_timestamps tlv_read_timestamps(const uint8_t *value)
{
	return (struct tlv_timestamps){
		.source_in = value[0],
		.method_in = value[1],
		.source_out = value[2],
		.method_out = value[3],
	};
}

/* | DSCP1, 6 bits | DSCP2, 6 bits | ECN, 2 bits | RP, 2 bits | reserved, 16 bits | */
void tlv_write_service(uint8_t *value, const struct tlv_service *service)
{
	put32(value, (uint32_t)(service->dscp1 & 0x3f) << 26 |
	                     (uint32_t)(service->dscp2 & 0x3f) << 20 |
	                     (uint32_t)(service->ecn & 3) << 18 |
	                     (uint32_t)(service->refused & 3) << 16);
}

struct tlv_service tlv_read_service(const uint8_t *value)
{
	uint32_t bits = get32(value);

	return (struct tlv_service){
		.dscp1 = (uint8_t)(bits >> 26 & 0x3f),
		.dscp2 = (uint8_t)(bits >> 20 & 0x3f),
		.ecn = (uint8_t)(bits >> 18 & 3),
		.refused = (uint8_t)(bits >> 16 & 3),
	};
}

void tlv_write_counters(uint8_t *value, const struct tlv_counters *counters)
{
	put32(value, counters->sender_sent);
	put32(value + 4, counters->reflector_received);
	put32(value + 8, counters->reflector_sent);
}

struct tlv_counters tlv_read_counters(const uint8_t *value)
{
	return (struct tlv_counters){
		.sender_sent = get32(value),
		.reflector_received = get32(value + 4),
		.reflector_sent = get32(value + 8),
	};
}

/* | ID, 4 bits | reserved, 4 bits | return code, 8 bits | reserved, 16 bits | */
void tlv_write_access(uint8_t *value, const struct tlv_access_report *report)
{
	put32(value, (uint32_t)(report->access & 0x0f) << 28 | (uint32_t)report->code << 16);
}

struct tlv_access_report tlv_read_access(const uint8_t *value)
{
	return (struct tlv_access_report){ .access = value[0] >> 4, .code = value[1] };
}

void tlv_write_follow_up(uint8_t *value, const struct tlv_follow_up *follow_up)
{
	put32(value, follow_up->sequence);
	put64(value + 4, follow_up->time);
	put32(value + 12, (uint32_t)follow_up->method << 24);
}

struct tlv_follow_up tlv_read_follow_up(const uint8_t *value)
{
	return (struct tlv_follow_up){
		.sequence = get32(value),
		.time = get64(value + 4),
		.method = value[12],
	};
}

/* --- building --- */

uint8_t *tlv_add(struct tlv_area *area, uint8_t type, uint16_t length)
{
	uint8_t *header = area->octets + area->length;
	size_t whole = TLV_HEADER_BYTES + (size_t)length;

	if (whole > area->room - area->length)
		return NULL;
	header[0] = TLV_UNRECOGNISED;
	header[1] = type;
	put16(header + 2, length);
	memset(header + TLV_HEADER_BYTES, 0, length);
	area->length += whole;
	return header + TLV_HEADER_BYTES;
}

bool tlv_add_location(struct tlv_area *area, uint32_t asked)
{
	static const struct {
		uint8_t type, length;
	} questions[] = {
		{ TLV_ASK_SOURCE_MAC, TLV_MAC_ADDRESS_BYTES },
		{ TLV_ASK_DESTINATION, TLV_IP_ADDRESS_BYTES },
		{ TLV_ASK_SOURCE, TLV_IP_ADDRESS_BYTES },
	};
	uint16_t length = TLV_LOCATION_PORTS_BYTES;

	for (size_t i = 0; i < COUNT(questions); i++)
		if (asked & TLV_BIT(questions[i].type))
			length = (uint16_t)(length + TLV_HEADER_BYTES + questions[i].length);
	uint8_t *value = tlv_add(area, TLV_LOCATION, length);

	if (!value)
		return false;
	struct tlv_area inside = { value + TLV_LOCATION_PORTS_BYTES,
		                   length - TLV_LOCATION_PORTS_BYTES, 0 };

	for (size_t i = 0; i < COUNT(questions); i++)
		if (asked & TLV_BIT(questions[i].type))
			(void)tlv_add(&inside, questions[i].type, questions[i].length);
	return true;
}

/* --- integrity --- */

/* What one walk over an area finds. */
struct survey {
	size_t count;  /* of TLVs, a broken one included */
	size_t others; /* of them those that are no Extra Padding */
	bool has_hmac;
	bool is_last;  /* nothing but Extra Padding stands behind it */
	bool is_whole; /* it ends within the area */
	struct tlv hmac;
};

static void survey_add(struct survey *survey, const struct tlv *tlv, bool whole)
{
	survey->count++;
	if (tlv->type == TLV_EXTRA_PADDING)
		return;
	survey->others++;
	survey->is_last = tlv->type == TLV_HMAC && !survey->has_hmac;
	if (!survey->is_last)
		return;
	survey->has_hmac = true;
	survey->is_whole = whole;
	survey->hmac = *tlv;
}

static struct survey survey_of(const uint8_t *area, size_t length)
{
	struct tlv_walk walk = { .area = area, .length = length };
	struct survey survey = { 0 };
	enum tlv_step step = TLV_STEP_FOUND;
	struct tlv tlv;

	while (step == TLV_STEP_FOUND) {
		step = tlv_next(&walk, &tlv);
		if (step != TLV_STEP_END)
			survey_add(&survey, &tlv, step == TLV_STEP_FOUND);
	}
	return survey;
}

/* The text of the HMAC TLV at hmac_at: the sequence number, then all TLVs before it. */
struct text {
	uint8_t sequence[sizeof(uint32_t)];
	struct mac_part parts[2];
};

static void text_init(struct text *text, const uint8_t *area, size_t hmac_at, uint32_t sequence)
{
	put32(text->sequence, sequence);
	text->parts[0] = (struct mac_part){ text->sequence, sizeof(text->sequence) };
	text->parts[1] = (struct mac_part){ area, hmac_at };
}

enum tlv_integrity tlv_check(const uint8_t *area, size_t length,
                             const struct tlv_protection *protection, size_t *hmac_at)
{
	struct survey survey = survey_of(area, length);
	bool required = protection->required && (survey.others > 0 || survey.count > 1);
	struct text text;

	if (!survey.has_hmac)
		return required ? TLV_TAMPERED : TLV_UNPROTECTED;
	/* Nothing may be used before it was verified, and without a key nobody can. */
	if (!protection->mac || !survey.is_last || !survey.is_whole ||
	    survey.hmac.length != MAC_BYTES)
		return TLV_TAMPERED;
	text_init(&text, area, survey.hmac.at, protection->sequence);
	if (!mac_matches_parts(protection->mac, text.parts, COUNT(text.parts),
	                       survey.hmac.value))
		return TLV_TAMPERED;
	*hmac_at = survey.hmac.at;
	return TLV_GENUINE;
}

int tlv_seal(uint8_t *area, size_t hmac_at, uint32_t sequence, struct mac *mac)
{
	struct text text;

	text_init(&text, area, hmac_at, sequence);
	return mac_sign_parts(mac, text.parts, COUNT(text.parts),
	                      area + hmac_at + TLV_HEADER_BYTES);
}
