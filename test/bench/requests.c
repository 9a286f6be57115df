// SPDX-License-Identifier: MIT
#include "requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "wire/mac.h"
#include "wire/stamp.h"
#include "wire/tlv.h"

enum { SSID = 7 };

static enum stamp_mode mode_of(const struct requests *requests)
{
	return requests->sealed ? STAMP_AUTHENTICATED : STAMP_OPEN;
}

static int request_make(const struct requests *requests, size_t place, struct mac *mac)
{
	enum stamp_mode mode = mode_of(requests);
	size_t base = stamp_bytes(mode);
	uint8_t *octets = requests->octets + place * requests->size;
	struct tlv_area area = { octets + base, requests->size - base, 0 };
	struct stamp_error error = { .error = NS_PER_MS };
	struct stamp_request request = {
		.sequence = (uint32_t)place,
		.time = stamp_time_encode(clock_wall(), STAMP_NTP),
		.error = stamp_error_encode(&error),
		.ssid = SSID,
	};

	stamp_write_request(octets, mode, &request);
	if (area.room >= TLV_HEADER_BYTES)
		(void)tlv_add(&area, TLV_EXTRA_PADDING,
		              (uint16_t)(area.room - TLV_HEADER_BYTES));
	return mac ? stamp_sign(octets, mac) : 0;
}

int requests_make(struct requests *requests, size_t count, size_t size, bool sealed)
{
	struct mac *mac = NULL;

	*requests = (struct requests){ NULL, size, count, sealed };
	if (size < stamp_bytes(mode_of(requests)))
		return -EINVAL;
	requests->octets = calloc(count, size);
	int result = requests->octets ? 0 : -ENOMEM;
	if (result == 0 && sealed)
		result = mac_new(&mac, REQUESTS_KEY, strlen(REQUESTS_KEY), NULL);
	for (size_t i = 0; i < count && result == 0; i++)
		result = request_make(requests, i, mac);
	mac_free(mac);
	return result;
}

void requests_free(struct requests *requests)
{
	free(requests->octets);
	*requests = (struct requests){ 0 };
}

const uint8_t *requests_at(const struct requests *requests, size_t place)
{
	return requests->octets + place * requests->size;
}

size_t requests_find(const struct requests *requests, const uint8_t *octets, size_t length)
{
	enum stamp_mode mode = mode_of(requests);
	struct stamp_reply reply;
	struct stamp_request request;

	if (length != requests->size || stamp_read_reply(octets, length, mode, &reply) < 0 ||
	    reply.sender_sequence >= requests->count)
		return requests->count;
	const uint8_t *asked = requests_at(requests, reply.sender_sequence);

	if (stamp_read_request(asked, length, mode, &request) < 0 ||
	    request.time != reply.sender_time || reply.ssid != SSID)
		return requests->count;
	return reply.sender_sequence;
}
