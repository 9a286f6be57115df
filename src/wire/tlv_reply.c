/* SPDX-License-Identifier: MIT */
#include "wire/tlv_reply.h"

#include "wire/octets.h"

static void read_address(uint8_t *to, uint8_t *to_bytes, const uint8_t *value, uint8_t bytes)
{
	memcpy(to, value, bytes);
	*to_bytes = bytes;
}

static bool is_zero_mac(const uint8_t *value)
{
	return get64(value) == 0;
}

static void read_sub(const struct tlv *sub, struct tlv_location *location)
{
	uint16_t right =
		sub->type <= TLV_SOURCE_EUI64 ? TLV_MAC_ADDRESS_BYTES : TLV_IP_ADDRESS_BYTES;

	/* I says nothing in a sub-TLV. */
	if (sub->flags & (TLV_UNRECOGNISED | TLV_MALFORMED) || sub->length != right)
		return;
	switch (sub->type) {
	case TLV_SOURCE_EUI48:
	case TLV_SOURCE_EUI64:
		if (!is_zero_mac(sub->value))
			read_address(location->source_mac, &location->source_mac_bytes,
			             sub->value, sub->type == TLV_SOURCE_EUI48 ? 6 : 8);
		break;
	case TLV_DESTINATION_IPV4:
	case TLV_DESTINATION_IPV6:
		read_address(location->destination, &location->destination_bytes, sub->value,
		             sub->type == TLV_DESTINATION_IPV4 ? 4 : TLV_IP_ADDRESS_BYTES);
		break;
	case TLV_SOURCE_IPV4:
	case TLV_SOURCE_IPV6:
		read_address(location->source, &location->source_bytes, sub->value,
		             sub->type == TLV_SOURCE_IPV4 ? 4 : TLV_IP_ADDRESS_BYTES);
		break;
	default:
		break;
	}
}

static struct tlv_location read_location(const struct tlv *tlv)
{
	struct tlv_location location = {
		.destination_port = get16(tlv->value),
		.source_port = get16(tlv->value + 2),
	};
	struct tlv_walk walk = {
		.area = tlv->value + TLV_LOCATION_PORTS_BYTES,
		.length = (size_t)tlv->length - TLV_LOCATION_PORTS_BYTES,
	};
	struct tlv sub;

	while (tlv_next(&walk, &sub) == TLV_STEP_FOUND && !(sub.flags & TLV_MALFORMED))
		read_sub(&sub, &location);
	return location;
}

static void read_value(const struct tlv *tlv, struct tlv_reply *reply)
{
	switch (tlv->type) {
	case TLV_LOCATION:
		reply->location = read_location(tlv);
		break;
	case TLV_TIMESTAMP_INFORMATION:
		reply->timestamps = tlv_read_timestamps(tlv->value);
		break;
	case TLV_CLASS_OF_SERVICE:
		reply->service = tlv_read_service(tlv->value);
		break;
	case TLV_DIRECT_MEASUREMENT:
		reply->counters = tlv_read_counters(tlv->value);
		break;
	case TLV_ACCESS_REPORT:
		reply->access = tlv_read_access(tlv->value);
		break;
	case TLV_FOLLOW_UP:
		reply->follow_up = tlv_read_follow_up(tlv->value);
		break;
	default:
		break;
	}
}

/* False: nothing from here on is believed. */
static bool read_one(const struct tlv *tlv, struct tlv_reply *reply)
{
	uint32_t bit = tlv->type < 32 ? TLV_BIT(tlv->type) : 0;

	if (tlv->flags & TLV_MALFORMED || !tlv_fits(tlv->type, tlv->length))
		return false;
	if (tlv->flags & TLV_UNRECOGNISED) {
		reply->unrecognised |= bit;
		return true;
	}
	if (!(reply->told & bit))
		read_value(tlv, reply);
	reply->told |= bit;
	return true;
}

static bool has_integrity_flag(const uint8_t *area, size_t length)
{
	struct tlv_walk walk = { .area = area, .length = length };
	enum tlv_step step = TLV_STEP_FOUND;
	struct tlv tlv;

	while (step == TLV_STEP_FOUND) {
		step = tlv_next(&walk, &tlv);
		if (step != TLV_STEP_END && tlv.flags & TLV_INTEGRITY)
			return true;
	}
	return false;
}

struct tlv_reply tlv_read_reply(const uint8_t *area, size_t length,
                                const struct tlv_protection *protection)
{
	struct tlv_walk walk = { .area = area, .length = length };
	struct tlv_reply reply = { .trust = TLV_READ_NOTHING };
	enum tlv_integrity integrity = TLV_TAMPERED;
	size_t hmac_at;
	struct tlv tlv;

	if (!has_integrity_flag(area, length))
		integrity = tlv_check(area, length, protection, &hmac_at);
	if (integrity == TLV_TAMPERED)
		return reply;
	reply.genuine = integrity == TLV_GENUINE;
	for (;;) {
		enum tlv_step step = tlv_next(&walk, &tlv);

		reply.trust = step == TLV_STEP_END ? TLV_READ_ALL : TLV_READ_TO_MALFORMED;
		if (step != TLV_STEP_FOUND || !read_one(&tlv, &reply))
			return reply;
	}
}
