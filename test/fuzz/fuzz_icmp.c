/* SPDX-License-Identifier: MIT */
/* ICMP messages: the first byte says how to look at the others. */
#include <errno.h>

#include "fuzz/fuzz.h"
#include "wire/icmp.h"

enum { LOOK_V6 = 1, LOOK_CHECK = 2, LOOK_BEHIND_IP = 4 };

static void check_message(const struct icmp_message *message, const uint8_t *packet,
                          size_t length)
{
	if (message->meaning == ICMP_MEANS_REFUSAL) {
		must(message->error < 0);
		return;
	}
	must(message->meaning == ICMP_MEANS_REPLY);
	must(message->error == 0);
	must(message->data == packet + ICMP_HEADER_BYTES);
	must(message->length == length - ICMP_HEADER_BYTES);
}

static void check_reading(const uint8_t *packet, size_t length, enum icmp_version version,
                          bool check)
{
	struct icmp_message message = { .error = 42 };
	int result = icmp_read(packet, length, version, check, &message);

	must(result == 0 || (result == -EBADMSG && message.error == 42));
	if (result == 0)
		check_message(&message, packet, length);
	/* What stands with its checksum stands without it, too. */
	if (result == 0 && check)
		must(icmp_read(packet, length, version, false, &message) == 0);
}

/* A request of ours, turned into its reply, is a right one. */
static void check_writing(const uint8_t *data, size_t length, enum icmp_version version)
{
	uint8_t *packet = copy_of(data, length);
	uint16_t identifier = (uint16_t)(data[0] << 8 | data[1]);
	uint16_t sequence = (uint16_t)(data[2] << 8 | data[3]);
	struct icmp_message message;

	icmp_write_request(packet, length, version, identifier, sequence);
	must(icmp_read(packet, length, version, true, &message) == -EBADMSG);
	packet[0] = version == ICMP_V4 ? 0 : 129;
	must(icmp_read(packet, length, version, false, &message) == 0);
	must(message.identifier == identifier && message.sequence == sequence);
	must(memcmp(message.data, data + ICMP_HEADER_BYTES, message.length) == 0);
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	enum icmp_version version = data[0] & LOOK_V6 ? ICMP_V6 : ICMP_V4;
	uint8_t *packet = copy_of(data + 1, size - 1), ttl = 0, tos = 0;
	size_t length = size - 1;
	int skip = data[0] & LOOK_BEHIND_IP ? icmp_skip_ip(packet, length, &ttl, &tos) : 0;

	must(skip == -EBADMSG || (skip >= 0 && (size_t)skip <= length));
	if (skip >= 0)
		check_reading(packet + skip, length - (size_t)skip, version,
		              data[0] & LOOK_CHECK);
	if (length >= ICMP_HEADER_BYTES)
		check_writing(packet, length, version);
	free(packet);
	return 0;
}
